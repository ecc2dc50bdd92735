//! Numbers as readers see them: in displays, figures, reports and messages.

/// A number with four significant digits: `0.25`, `12`, `-3.1e-7`.
///
/// ```
/// let shown = [0.25, 12.0, -3.1e-7, 123456.7, 1e6, f64::NAN].map(hessia::format::short);
/// assert_eq!(shown, ["0.25", "12", "-3.1e-7", "123457", "1e6", "NaN"]);
/// ```
pub fn short(value: f64) -> String {
    significant(value, 4)
}

/// A number with so many significant digits, without zeros at its end; digits before the point are never cut.
///
/// Below 1e-3 and from 1e6 (or `10^digits`, where that is more) on with an exponent.
///
/// ```
/// use hessia::format::significant;
/// assert_eq!(significant(90.0, 10), "90");
/// assert_eq!(significant(1.0 / 3.0, 5), "0.33333");
/// assert_eq!(significant(12_345_678.0, 10), "12345678");
/// ```
pub fn significant(value: f64, digits: u8) -> String {
    let digits = i32::from(digits.max(1));
    let size = value.abs();
    if value == 0.0 || !value.is_finite() {
        format!("{value}")
    } else if (1e-3..10_f64.powi(digits.max(6))).contains(&size) {
        let places = (digits - 1 - size.log10().floor() as i32).max(0) as usize;
        without_zeros(&format!("{value:.places$}")).to_string()
    } else {
        let text = format!("{value:.*e}", digits as usize - 1);
        match text.split_once('e') {
            Some((digits, exponent)) => format!("{}e{exponent}", without_zeros(digits)),
            None => text,
        }
    }
}

fn without_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// A whole number in groups of three digits, narrow spaces between them: `1 234 567`.
///
/// ```
/// assert_eq!(hessia::format::grouped(1234567), "1\u{202f}234\u{202f}567");
/// ```
pub fn grouped(value: usize) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A number of bytes as people read it.
///
/// ```
/// assert_eq!(hessia::format::bytes(84_801_536), "80.9 MiB");
/// ```
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit < UNITS.len() - 1 {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{count} bytes") } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// Numbers with commas between them, each with four significant digits.
pub fn list<'a>(values: impl IntoIterator<Item = &'a f64>) -> String {
    let shown: Vec<String> = values.into_iter().copied().map(short).collect();
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let numbers = [0.0, 0.25, 12.0, -3.1e-7, 123456.7, 99_999.9, 1e6, f64::NAN, f64::INFINITY];
        let shown: Vec<_> = numbers.into_iter().map(short).collect();
        assert_eq!(shown, ["0", "0.25", "12", "-3.1e-7", "123457", "100000", "1e6", "NaN", "inf"]);
        assert_eq!(list(&[0.1, 20.0]), "0.1, 20");
    }

    #[test]
    fn significant_digits_are_kept_and_no_more() {
        for digits in 1..=15 {
            for value in [1.0 / 3.0, -2.0e5 / 3.0, 1e-9 / 3.0, 7e12 / 3.0, 90.0, 1e6, 123_456_789.0] {
                let shown: f64 = significant(value, digits).parse().unwrap();
                // Half a unit of the last digit kept, and the rounding of the quotient.
                let allowed = 0.5 * 10_f64.powi(1 - i32::from(digits)) + 4.0 * f64::EPSILON;
                assert!((shown / value - 1.0).abs() <= allowed, "{value} with {digits}: {shown}");
            }
        }
    }

    #[test]
    fn large_counts_are_grouped_and_bytes_have_units() {
        assert_eq!([0, 999, 1000].map(grouped), ["0", "999", "1\u{202f}000"]);
        assert_eq!([0, 1023, 1024, 3 << 30].map(bytes), ["0 bytes", "1023 bytes", "1.0 KiB", "3.0 GiB"]);
    }
}
