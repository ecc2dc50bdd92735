//! Protocol buffers as trees, so that damage can reach what stands within lengths that still fit.

/// A field with its tag.
#[derive(Debug, Clone)]
pub enum Field {
    Number(u64, u64),
    /// Four or eight bytes.
    Fixed(u64, Vec<u8>),
    Bytes(u64, Vec<u8>),
    Message(u64, Vec<Field>),
}

/// The messages of ONNX that are taken apart.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    Leaf,
}

impl Kind {
    fn inner(self, tag: u64) -> Option<Kind> {
        match (self, tag) {
            (Kind::Model, 7) => Some(Kind::Graph),
            (Kind::Graph, 1) => Some(Kind::Node),
            (Kind::Graph, 5) | (Kind::Attribute, 5) => Some(Kind::Tensor),
            (Kind::Node, 5) => Some(Kind::Attribute),
            (Kind::Graph, 11 | 12) | (Kind::Tensor, 13) => Some(Kind::Leaf),
            _ => None,
        }
    }
}

fn varint(bytes: &[u8], at: &mut usize) -> u64 {
    let mut value = 0;
    for group in 0.. {
        let byte = bytes[*at];
        *at += 1;
        value |= u64::from(byte & 0x7f) << (7 * group);
        if byte < 0x80 {
            break;
        }
    }
    value
}

/// A valid message as a tree.
pub fn parse(bytes: &[u8], kind: Kind) -> Vec<Field> {
    let (mut at, mut fields) = (0, Vec::new());
    while at < bytes.len() {
        let key = varint(bytes, &mut at);
        let tag = key >> 3;
        let mut take = |length: usize| {
            at += length;
            bytes[at - length..at].to_vec()
        };
        fields.push(match key & 7 {
            0 => Field::Number(tag, varint(bytes, &mut at)),
            1 => Field::Fixed(tag, take(8)),
            5 => Field::Fixed(tag, take(4)),
            _ => {
                let length = varint(bytes, &mut at) as usize;
                let content = bytes[at..at + length].to_vec();
                at += length;
                match kind.inner(tag) {
                    Some(inner) => Field::Message(tag, parse(&content, inner)),
                    None => Field::Bytes(tag, content),
                }
            }
        });
    }
    fields
}

fn push_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

pub fn encode(fields: &[Field]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in fields {
        let (tag, kind) = match field {
            Field::Number(tag, _) => (tag, 0),
            Field::Fixed(tag, content) if content.len() == 8 => (tag, 1),
            Field::Fixed(tag, _) => (tag, 5),
            Field::Bytes(tag, _) | Field::Message(tag, _) => (tag, 2),
        };
        push_varint(&mut bytes, tag << 3 | kind);
        match field {
            Field::Number(_, value) => push_varint(&mut bytes, *value),
            Field::Fixed(_, content) => bytes.extend(content),
            Field::Bytes(_, content) => {
                push_varint(&mut bytes, content.len() as u64);
                bytes.extend(content);
            }
            Field::Message(_, inner) => {
                let content = encode(inner);
                push_varint(&mut bytes, content.len() as u64);
                bytes.extend(content);
            }
        }
    }
    bytes
}

/// How many fields a tree has.
pub fn count(fields: &[Field]) -> usize {
    fields.iter().map(|field| 1 + if let Field::Message(_, inner) = field { count(inner) } else { 0 }).sum()
}

/// Calls `change` with the list that holds the field of this number, and with its place there.
pub fn at(fields: &mut Vec<Field>, mut number: usize, change: &mut impl FnMut(&mut Vec<Field>, usize)) {
    for place in 0..fields.len() {
        if number == 0 {
            return change(fields, place);
        }
        number -= 1;
        if let Field::Message(_, inner) = &mut fields[place] {
            let within = count(inner);
            if number < within {
                return at(inner, number, change);
            }
            number -= within;
        }
    }
}
