//! Lengths of time as people write them: `"400 ms"`, `"2.5us"`, `"10 ns"`, `"1 s"`. Exact: no float is involved.

use crate::time::Nanos;

/// Reads a length of time.
///
/// # Errors
/// What is wrong with the text.
pub fn parse(text: &str) -> Result<Nanos, String> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..digits], text[digits..].trim_start());
    let unit: u128 = match unit {
        "ns" => 1,
        // The sign for micro is two different characters that look alike.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "" => return Err("it has no unit".to_owned()),
        _ => return Err("it has an unknown unit".to_owned()),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return Err("it does not start with a number".to_owned());
    }
    let fraction = fraction.trim_end_matches('0');
    if whole.len() > 20 || fraction.len() > 9 {
        return Err("it has too many digits".to_owned());
    }
    let scale = 10u128.pow(fraction.len() as u32);
    let parts = if fraction.is_empty() { 0 } else { fraction.parse::<u128>().expect("digits") };
    let whole: u128 = whole.parse().expect("digits");
    if !(parts * unit).is_multiple_of(scale) {
        return Err("it is finer than 1 ns".to_owned());
    }
    u64::try_from(whole * unit + parts * unit / scale).map(Nanos).map_err(|_| "it is too long".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_exactly() {
        let cases = [
            ("400 ms", 400_000_000),
            ("2.5us", 2_500),
            ("10 ns", 10),
            (" 1 s ", 1_000_000_000),
            ("0.000000001 s", 1),
            ("7 \u{b5}s", 7_000),
            ("7\u{3bc}s", 7_000),
            ("1.50 us", 1_500),
            ("0 ns", 0),
        ];
        for (text, ns) in cases {
            assert_eq!(parse(text), Ok(Nanos(ns)), "{text}");
        }
    }

    #[test]
    fn what_is_no_length_is_told_apart() {
        let cases = [
            ("5", "no unit"),
            ("5 parsecs", "unknown unit"),
            ("ms", "start with a number"),
            ("1.2.3 ms", "start with a number"),
            ("-1 ms", "unknown unit"),
            ("1. ms", "start with a number"),
            ("0.5 ns", "finer"),
            ("99999999999999999999 s", "too long"),
            ("111111111111111111111 ns", "too many digits"),
            ("", "no unit"),
        ];
        for (text, part) in cases {
            let error = parse(text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn what_a_length_prints_reads_back() {
        for ns in [0, 1, 999, 1_000, 1_001, 2_500_000, 1_000_000_001, u64::MAX] {
            assert_eq!(parse(&Nanos(ns).to_string()), Ok(Nanos(ns)));
        }
    }
}
