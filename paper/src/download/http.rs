//! One request for a file, or for the rest of it.

use ureq::Agent;
use ureq::http::HeaderMap;

use super::FetchSettings;
use super::part::{Failed, Part};

/// With the patience of the settings for every step, and without a limit on the whole.
pub fn agent(settings: &FetchSettings) -> Agent {
    let patience = Some(settings.patience);
    Agent::config_builder()
        .timeout_connect(patience)
        .timeout_recv_response(patience)
        .timeout_per_read(patience)
        .http_status_as_error(false)
        .user_agent(concat!("hessia/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent()
}

/// Asks once and writes what comes behind what is there.
pub fn attempt(agent: &Agent, address: &str, part: &mut Part<'_>) -> Result<(), Failed> {
    let size = part.file.size;
    // The bytes of the file, not of a compressed form of it.
    let mut request = agent.get(address).header("Accept-Encoding", "identity");
    if part.length > 0 {
        request = request.header("Range", format!("bytes={}-", part.length));
    }
    let mut response = request.call().map_err(refused)?;
    let status = response.status().as_u16();
    match status {
        200 => {
            part.restart()?;
            announced(number(response.headers(), "content-length"), size)?;
        }
        206 => match content_range(response.headers()) {
            (Some(start), total) if start == part.length => announced(total, size)?,
            _ => {
                part.restart()?;
                return Err(Failed::Cut("another part of the file than the one asked for".to_string()));
            }
        },
        // The file there ends where ours does, or before.
        416 => {
            part.restart()?;
            announced(content_range(response.headers()).1, size)?;
            return Err(Failed::Cut("answer 416 to a request for the rest".to_string()));
        }
        408 | 429 | 500..=599 => return Err(Failed::Cut(format!("answer {status}"))),
        _ => return Err(Failed::Here(format!("answer {status}"))),
    }
    part.copy(&mut response.body_mut().as_reader())
}

/// Refuses another size before any byte is taken.
fn announced(found: Option<u64>, expected: u64) -> Result<(), Failed> {
    match found {
        Some(found) if found != expected => {
            Err(Failed::Here(format!("expected {expected} bytes, but the answer announces {found}")))
        }
        _ => Ok(()),
    }
}

/// An address that is none stays one; everything else may pass.
fn refused(error: ureq::Error) -> Failed {
    match error {
        ureq::Error::BadUri(_) | ureq::Error::Http(_) | ureq::Error::TooManyRedirects => {
            Failed::Here(error.to_string())
        }
        _ => Failed::Cut(error.to_string()),
    }
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// Start and size of the whole of `bytes 10-99/100` or `bytes */100`.
fn content_range(headers: &HeaderMap) -> (Option<u64>, Option<u64>) {
    let text = headers.get("content-range").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (range, total) = text.trim().trim_start_matches("bytes").split_once('/').unwrap_or_default();
    let start = range.split_once('-').map(|(start, _)| start).unwrap_or_default();
    (start.trim().parse().ok(), total.trim().parse().ok())
}
