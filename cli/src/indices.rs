//! A range of indices as written on the command line.

use std::ops::Range;
use std::str::FromStr;

use hessia::{Error, Result};

/// `A..B` with either end left out at will; negative ends count from the end of what they index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Indices {
    start: Option<i64>,
    end: Option<i64>,
}

impl FromStr for Indices {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let wrong = || format!("expected A..B with whole numbers, found {text:?}");
        let (start, end) = text.split_once("..").ok_or_else(wrong)?;
        let bound = |text: &str| match text.trim() {
            "" => Ok(None),
            number => number.parse().map(Some).map_err(|_| wrong()),
        };
        Ok(Indices { start: bound(start)?, end: bound(end)? })
    }
}

impl Indices {
    /// The same range in a sequence of length `count`.
    pub fn within(self, count: usize) -> Result<Range<usize>> {
        let length = count as i64;
        let place = |bound: i64| if bound < 0 { bound.saturating_add(length) } else { bound };
        let (start, end) = (place(self.start.unwrap_or(0)), place(self.end.unwrap_or(length)));
        if 0 <= start && start < end && end <= length {
            return Ok(start as usize..end as usize);
        }
        let expected = format!("at least one index within 0..{count}, those of the parameters");
        Err(Error::argument("--range", expected, format!("{start}..{end}")))
    }
}

#[cfg(test)]
mod tests {
    use super::Indices;

    #[test]
    fn ends_count_from_either_side() {
        let within = |text: &str, count| text.parse::<Indices>().unwrap().within(count).ok();
        assert_eq!(within("2..5", 10), Some(2..5));
        assert_eq!(within("-3..", 10), Some(7..10));
        assert_eq!(within("..", 10), Some(0..10));
        assert_eq!(within("..-8", 10), Some(0..2));
        for wrong in ["5..5", "7..3", "3..11", "-11..", "-9223372036854775808..", "..9223372036854775807"] {
            assert_eq!(within(wrong, 10), None, "{wrong}");
        }
        for wrong in ["", "3", "a..b", "1.5..2", "1...3", "1..=3"] {
            assert!(wrong.parse::<Indices>().is_err(), "{wrong}");
        }
    }
}
