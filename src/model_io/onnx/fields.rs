//! How many fields a file has, counted before any of them is given memory.
//!
//! An empty message takes two bytes of a file and a hundred times that in memory, so that counting comes first.

/// What a message of a plain network holds: the tags of its fields that are messages or strings, and which.
struct Shape(&'static [(u32, Option<&'static Shape>)]);

const LEAF: Shape = Shape(&[]);
const TENSOR: Shape = Shape(&[(8, None), (13, Some(&LEAF))]);
const ATTRIBUTE: Shape = Shape(&[(1, None), (5, Some(&TENSOR))]);
const NODE: Shape = Shape(&[(1, None), (2, None), (3, None), (4, None), (5, Some(&ATTRIBUTE)), (7, None)]);
const GRAPH: Shape = Shape(&[(1, Some(&NODE)), (5, Some(&TENSOR)), (11, Some(&LEAF)), (12, Some(&LEAF))]);
const MODEL: Shape = Shape(&[(7, Some(&GRAPH))]);

/// The number of messages and strings that decoding `model` makes, or where it is no message.
pub(super) fn count(model: &[u8]) -> Result<usize, usize> {
    count_in(model, 0, &MODEL)
}

fn count_in(message: &[u8], start: usize, shape: &Shape) -> Result<usize, usize> {
    let (mut at, mut total) = (0, 0);
    while at < message.len() {
        let here = start + at;
        let key = varint(message, &mut at).ok_or(here)?;
        let (tag, kind) = (u32::try_from(key >> 3).map_err(|_| here)?, key & 7);
        let length = match kind {
            0 => varint(message, &mut at).map(|_| 0),
            1 => Some(8),
            2 => varint(message, &mut at).and_then(|length| usize::try_from(length).ok()),
            5 => Some(4),
            _ => None,
        };
        let length = length.filter(|&length| length <= message.len() - at).ok_or(here)?;
        if kind == 2
            && let Some((_, inner)) = shape.0.iter().find(|(known, _)| *known == tag)
        {
            total += 1;
            if let Some(inner) = inner {
                total += count_in(&message[at..at + length], start + at, inner)?;
            }
        }
        at += length;
    }
    Ok(total)
}

/// A number in groups of seven bits, lowest first.
fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0;
    for group in 0..10 {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << (7 * group);
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::messages::{Graph, Model, Node, Value};
    use super::*;
    use prost::Message;

    #[test]
    fn messages_and_strings_are_counted() {
        let value = |name: &str| Value { name: name.to_string() };
        let node = Node { op_type: "Relu".into(), input: vec!["x".into()], ..Node::default() };
        let graph = Graph { node: vec![node; 3], input: vec![value("x")], ..Graph::default() };
        let model = Model { graph: Some(graph) }.encode_to_vec();
        // The graph, three nodes of two strings, the input.
        assert_eq!(count(&model), Ok(1 + 9 + 1));
        assert_eq!(count(&[]), Ok(0));
        for length in 1..model.len() {
            assert!(count(&model[..length]).is_err(), "{length}");
        }
        assert_eq!(count(&[0x3a, 2, 0x0a, 5]), Err(2), "five bytes promised, none there");
        assert_eq!(count(&[0xff; 11]), Err(0));
    }
}
