//! A server of one file on this machine, which misbehaves as it is told.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What to do with one request; the last of a script is repeated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Act {
    /// The bytes asked for.
    Serve,
    /// All bytes whatever was asked for.
    IgnoreRange,
    /// So many of the bytes asked for, then the connection is closed.
    CutAfter(usize),
    /// As `CutAfter`, of all bytes whatever was asked for.
    CutIgnoringRange(usize),
    /// Half of the bytes asked for, then nothing for this long.
    Stall(Duration),
    /// Other bytes of the same number.
    Wrong,
    /// So many bytes, as if that were all.
    Short(usize),
    /// The same without saying how many.
    ShortUnannounced(usize),
    /// More bytes than there are, without saying how many.
    LongUnannounced,
    /// This status and nothing else.
    Status(u16),
}

/// Its address, and the requests it got: path, and first byte asked for.
pub struct Server {
    pub address: String,
    pub requests: Arc<Mutex<Vec<(String, usize)>>>,
}

/// Serves `bytes` under every path that ends with `name`, 404 elsewhere.
pub fn serve(name: &str, bytes: Vec<u8>, script: &[Act]) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let (log, name, script) = (Arc::clone(&requests), name.to_string(), script.to_vec());
    std::thread::spawn(move || {
        let mut served = 0;
        // Bounded: no test asks for more.
        for stream in listener.incoming().take(100) {
            let Ok(stream) = stream else { continue };
            let Some((path, start)) = read_request(&stream) else { continue };
            log.lock().unwrap().push((path.clone(), start));
            let act =
                if path.ends_with(&name) { script[served.min(script.len() - 1)] } else { Act::Status(404) };
            served += usize::from(path.ends_with(&name));
            let bytes = bytes.clone();
            // The client may have gone.
            std::thread::spawn(move || answer(stream, &bytes, start, act).ok());
        }
    });
    Server { address, requests }
}

fn read_request(stream: &TcpStream) -> Option<(String, usize)> {
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let mut lines = BufReader::new(stream).lines();
    let path = lines.next()?.ok()?.split(' ').nth(1)?.to_string();
    let mut start = 0;
    for line in lines {
        let line = line.ok()?.to_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(range) = line.strip_prefix("range: bytes=") {
            start = range.trim_end_matches('-').parse().ok()?;
        }
    }
    Some((path, start))
}

fn answer(mut stream: TcpStream, bytes: &[u8], start: usize, act: Act) -> std::io::Result<()> {
    let whole = bytes.len();
    let wrong: Vec<u8> = bytes.iter().map(|byte| byte ^ 1).collect();
    let (content, start) = match act {
        Act::IgnoreRange | Act::CutIgnoringRange(_) => (bytes, 0),
        Act::Short(count) => (&bytes[..count], start),
        Act::Wrong => (wrong.as_slice(), start),
        _ => (bytes, start),
    };
    let unannounced = |content: &[u8]| -> std::io::Result<()> {
        let mut stream = &stream;
        stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
        stream.write_all(content)
    };
    match act {
        Act::Status(status) => {
            return write!(stream, "HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
        Act::ShortUnannounced(count) => return unannounced(&bytes[..count]),
        Act::LongUnannounced => return unannounced(&[bytes, bytes].concat()),
        _ => {}
    }
    if start >= content.len() {
        return write!(
            stream,
            "HTTP/1.1 416 No\r\nContent-Range: bytes */{}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            content.len()
        );
    }
    let rest = &content[start..];
    match start {
        0 => write!(stream, "HTTP/1.1 200 OK\r\n")?,
        _ => write!(
            stream,
            "HTTP/1.1 206 Partial\r\nContent-Range: bytes {start}-{}/{}\r\n",
            content.len() - 1,
            content.len()
        )?,
    }
    write!(stream, "Content-Length: {}\r\nConnection: close\r\n\r\n", rest.len())?;
    match act {
        Act::CutAfter(count) | Act::CutIgnoringRange(count) => {
            stream.write_all(&rest[..count.min(rest.len())])
        }
        Act::Stall(time) => {
            stream.write_all(&rest[..whole.div_ceil(2).min(rest.len())])?;
            std::thread::sleep(time);
            Ok(())
        }
        _ => stream.write_all(rest),
    }
}
