//! Networks that nobody meant: safetensors and ONNX files with damage in their bytes, in their headers and in their
//! graphs. No reader panics, and none takes more memory than the file could hold.
//!
//! A thousand cases of each kind; `make fuzz` runs a million.

mod hostile;
#[path = "hostile/wire.rs"]
mod wire;

use std::fs;
use std::path::{Path, PathBuf};

use hessia::{Activation, LoadOptions, Network, WeightLayout};
use hostile::{OVERHEAD, apply, check, damage, folder, most_held, runner};
use proptest::collection::vec;
use proptest::prelude::*;
use wire::{Field, Kind};

/// Every way of reading a network. Results do not matter here; that they come does.
fn read(path: &Path) {
    let _ = Network::load(path, Activation::Relu);
    let _ = Network::load(path, None);
    for layout in WeightLayout::ALL {
        let _ = Network::load(path, LoadOptions { activation: Some(Activation::Tanh), layout: Some(layout) });
    }
}

/// Files of the references with this extension, those that are refused among them.
fn references(extension: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/networks");
    let mut paths: Vec<PathBuf> = [folder.clone(), folder.join("refused")]
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()))
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .collect();
    paths.sort();
    assert!(paths.len() > 10, "{} files", paths.len());
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Bytes and valid files with damage anywhere.
fn bytes_with_damage(extension: &str, starts: &[&[u8]]) {
    let folder = folder();
    let path = folder.path().join("file").with_extension(extension);
    let files = references(extension);
    let starts: Vec<Vec<u8>> = starts.iter().map(|start| start.to_vec()).collect();
    let random =
        (proptest::sample::select(starts), vec(any::<u8>(), 0..300)).prop_map(|(a, b)| [a, b].concat());
    let damaged = (proptest::sample::select(files), vec(damage(), 1..4)).prop_map(|(mut bytes, damages)| {
        damages.iter().for_each(|damage| apply(&mut bytes, damage));
        bytes
    });
    let strategy = prop_oneof![1 => random, 4 => damaged];
    runner().run(&strategy, |bytes| check(&path, &bytes, 1, read)).unwrap();
}

#[test]
fn safetensors_with_damage() {
    let header = br#"{"0.weight":{"dtype":"F32","shape":["#;
    bytes_with_damage(
        "safetensors",
        &[b"", b"\x40\0\0\0\0\0\0\0{", &[&b"\x60\0\0\0\0\0\0\0"[..], header].concat()],
    );
}

#[test]
fn onnx_with_damage() {
    bytes_with_damage(
        "onnx",
        &[b"", b"\x08\x07", b"\x08\x07\x3a\x20\x0a", b"\x3a\x40\x2a\x3e\x08\x04\x08\x03"],
    );
}

/// Parts of a header in place of others; the length before the header follows.
#[derive(Debug, Clone)]
struct Header {
    /// Place of a token and what takes it.
    tokens: Vec<(usize, String)>,
    /// Bytes cut from the end, or added.
    tail: i32,
}

fn headers() -> impl Strategy<Value = Header> {
    let numbers = [0, 1, 2, 3, 4, 5, 12, 48, 1 << 20, 1 << 40, u64::MAX].map(|n: u64| n.to_string());
    let words =
        ["F64", "F32", "F16", "BF16", "I8", "F8_E4M3", "F4", "BOOL", "0", "2", "weight", "bias", "producer"]
            .map(String::from);
    let signs =
        ["[", "]", "{", "}", ",", ":", "\"", "-", "[[[[[[[[", "1e400", "null", "\\u0000"].map(String::from);
    let token = proptest::sample::select([&numbers[..], &words, &signs].concat());
    (vec((0..1000_usize, token), 0..4), -16..16_i32).prop_map(|(tokens, tail)| Header { tokens, tail })
}

fn rewritten(file: &[u8], change: &Header) -> Vec<u8> {
    let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let text = String::from_utf8(file[8..8 + length].to_vec()).unwrap();
    let mut parts: Vec<String> = Vec::new();
    // Words and numbers are tokens, every sign is one of its own.
    for c in text.chars() {
        match parts.last_mut() {
            Some(last) if c.is_alphanumeric() && last.ends_with(char::is_alphanumeric) => last.push(c),
            _ => parts.push(c.to_string()),
        }
    }
    for (place, token) in &change.tokens {
        let place = place % parts.len();
        parts[place].clone_from(token);
    }
    let text = parts.concat();
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes.extend(&file[8 + length..]);
    let size = (bytes.len() as i64 + i64::from(change.tail)).max(0) as usize;
    bytes.resize(size, 0x3f);
    bytes
}

#[test]
fn safetensors_with_other_headers() {
    let folder = folder();
    let path = folder.path().join("file.safetensors");
    let files = references("safetensors");
    let strategy = (proptest::sample::select(files), headers(), prop::bool::ANY);
    let outcome = runner().run(&strategy, |(file, mut header, keep)| {
        // Half of them end where they should.
        header.tail = if keep { 0 } else { header.tail };
        check(&path, &rewritten(&file, &header), 1, read)
    });
    outcome.unwrap();
}

#[derive(Debug, Clone)]
enum Change {
    Remove(usize),
    Repeat(usize),
    /// The field of one place at another.
    Move(usize, usize),
    Number(usize, u64),
    Text(usize, &'static str),
    Fixed(usize, u32),
}

fn changes() -> impl Strategy<Value = Change> {
    let place = 0..10_000_usize;
    let numbers =
        [0, 1, 2, 3, 4, 7, 10, 11, 16, 1 << 20, 1 << 40, 1 << 62, u64::MAX, u64::MAX - 1, i32::MAX as u64];
    let texts = [
        "",
        "x",
        "z",
        "a",
        "c",
        "w1",
        "w2",
        "b1",
        "Gemm",
        "MatMul",
        "Add",
        "Relu",
        "Tanh",
        "Identity",
        "Flatten",
        "Reshape",
        "Transpose",
        "Constant",
        "Sigmoid",
        "Mul",
        "Div",
        "Erf",
        "Softplus",
        "Greater",
        "Where",
        "Gelu",
        "Elu",
        "LeakyRelu",
        "Swish",
        "Conv",
        "alpha",
        "beta",
        "transA",
        "transB",
        "axis",
        "perm",
        "value",
        "shape",
    ];
    let floats = [0.0, 1.0, 0.01, -1.0, 1e30, f32::NAN, f32::INFINITY, f32::MIN_POSITIVE].map(f32::to_bits);
    prop_oneof![
        place.clone().prop_map(Change::Remove),
        place.clone().prop_map(Change::Repeat),
        (place.clone(), place.clone()).prop_map(|(from, to)| Change::Move(from, to)),
        (place.clone(), proptest::sample::select(numbers.to_vec())).prop_map(|(at, n)| Change::Number(at, n)),
        (place.clone(), proptest::sample::select(texts.to_vec()))
            .prop_map(|(at, text)| Change::Text(at, text)),
        (place, proptest::sample::select(floats.to_vec())).prop_map(|(at, bits)| Change::Fixed(at, bits)),
    ]
}

fn change(fields: &mut Vec<Field>, change: &Change) {
    let total = wire::count(fields);
    if total == 0 {
        return;
    }
    let mut taken = None;
    if let Change::Move(from, _) = change {
        wire::at(fields, from % total, &mut |list, place| taken = Some(list[place].clone()));
    }
    let (Change::Remove(place)
    | Change::Repeat(place)
    | Change::Move(_, place)
    | Change::Number(place, _)
    | Change::Text(place, _)
    | Change::Fixed(place, _)) = change;
    wire::at(fields, place % total, &mut |list, place| match (change, &mut list[place]) {
        (Change::Remove(_), _) => drop(list.remove(place)),
        (Change::Repeat(_), field) => {
            let copy = field.clone();
            list.insert(place, copy);
        }
        (Change::Number(_, number), Field::Number(_, value)) => *value = *number,
        (Change::Text(_, text), Field::Bytes(_, bytes)) => *bytes = text.as_bytes().to_vec(),
        (Change::Fixed(_, bits), Field::Fixed(_, bytes)) => *bytes = bits.to_le_bytes().to_vec(),
        _ => {
            if let Some(field) = taken.take() {
                list.insert(place, field);
            }
        }
    });
}

#[test]
fn onnx_with_other_graphs() {
    let folder = folder();
    let path = folder.path().join("file.onnx");
    let files = references("onnx");
    let trees: Vec<Vec<Field>> = files.iter().map(|file| wire::parse(file, Kind::Model)).collect();
    assert!(trees.iter().zip(&files).all(|(tree, file)| wire::encode(tree) == *file), "trees hold all");
    let strategy = (0..trees.len(), vec(changes(), 1..5));
    let outcome = runner().run(&strategy, |(which, changes)| {
        let mut tree = trees[which].clone();
        changes.iter().for_each(|one| change(&mut tree, one));
        check(&path, &wire::encode(&tree), 1, read)
    });
    outcome.unwrap();
}

#[test]
fn claims_beyond_the_file_are_refused_before_memory_is_taken() {
    let folder = folder();
    let refuses = |name: &str, bytes: &[u8], words: &str| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let held = most_held(|| {
            let message = Network::load(&path, Activation::Relu).unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        });
        assert!(held <= OVERHEAD + 4 * bytes.len(), "{name}: {held} bytes held for {}", bytes.len());
    };
    let safetensors =
        |header: &str| [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[0; 8]].concat();
    let end = 8_u64 << 40;
    let huge =
        format!(r#"{{"0.weight":{{"dtype":"F64","shape":[1048576,1048576],"data_offsets":[0,{end}]}}}}"#);
    refuses("a.safetensors", &safetensors(&huge), "bytes of entries after the header, found 8 bytes");
    refuses("b.safetensors", &[0xff; 64], "a header of at most 56 bytes");
    refuses("c.safetensors", &safetensors(&"[".repeat(1 << 16)), "a .safetensors header");
    refuses("d.safetensors", &safetensors(&" ".repeat(3 << 20)), "a header of at most 1048576 bytes");
    // A graph of a million empty nodes, three of a million empty strings, and lengths that go on forever.
    let graph = |content: Vec<u8>| wire::encode(&[Field::Bytes(7, content)]);
    refuses("a.onnx", &graph(b"\x0a\0".repeat(1 << 20)), "at most 100000 fields");
    let node = wire::encode(&[Field::Bytes(1, b"\x0a\0".repeat(1 << 20))]);
    refuses("b.onnx", &graph(node.repeat(3)), "at most 100000 fields");
    refuses("c.onnx", &[0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], "a whole ONNX model");
    refuses("d.onnx", &b"\x0b".repeat(1 << 16), "a whole ONNX model");
}
