//! Numbers for people: at most four significant digits, always with a unit. Points of time have the unit of the axis, the
//! lengths of a table that of their sum; a length by itself has the unit in which it is neither below one nor above a
//! thousand, so that 395.9 ms are never written as 0.396 s.

use std::cmp::Ordering;
use std::fmt::Write;

use crate::time::{Nanos, Time};

/// Between a number and its unit: no line may end there.
pub const NO_BREAK: char = '\u{a0}';
/// The sign of negative numbers.
pub const MINUS: char = '\u{2212}';

/// Most significant digits of a number that is not a whole one.
const DIGITS: u32 = 4;
/// Units from small to large: name and length in nanoseconds.
const UNITS: [(&str, u64); 4] = [("ns", 1), ("µs", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000)];

/// The unit and the resolution of one picture: everything that is written about it uses the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scale {
    unit: usize,
    /// Digits behind the point, 0 to 3; more in a view that needs them.
    decimals: u32,
    /// Digits behind the point that are always written.
    fine: u32,
}

impl Scale {
    /// The scale for a range of time: a unit of which it holds at least two, and a resolution of at most a thousandth
    /// of it, which is about a pixel.
    #[must_use]
    pub fn of(range: Nanos) -> Scale {
        let unit = (0..UNITS.len()).rev().find(|&u| range.0 >= 2 * UNITS[u].1).unwrap_or(0);
        let resolution = range.0 / 1_000;
        let decimals = (0..3).find(|&d| UNITS[unit].1 / 10u64.pow(d) <= resolution).unwrap_or(3);
        Scale { unit, decimals: if unit == 0 { 0 } else { decimals }, fine: 0 }
    }

    /// The same unit with as many digits as tell points of time apart that are `resolution` from each other. Only for
    /// clocks in a part of the picture: nobody could tell two moments apart otherwise.
    #[must_use]
    pub fn finer(self, resolution: Nanos) -> Scale {
        let all = 3 * self.unit as u32;
        let needed = (0..all).find(|&digits| UNITS[self.unit].1 / 10u64.pow(digits) <= resolution.0).unwrap_or(all);
        if needed <= self.decimals { self } else { Scale { decimals: needed, fine: needed, ..self } }
    }

    /// The unit's name.
    #[must_use]
    pub fn unit(self) -> &'static str {
        UNITS[self.unit].0
    }

    /// The unit as a word of English.
    #[must_use]
    pub fn unit_spoken(self) -> &'static str {
        ["nanoseconds", "microseconds", "milliseconds", "seconds"][self.unit]
    }

    /// A length in its own unit: `395.9 ms`, `28.3 µs`, `4.012 s`.
    #[must_use]
    pub fn length(self, length: Nanos) -> String {
        let scale = self.fitting(length);
        format!("{}{NO_BREAK}{}", scale.number(length), scale.unit())
    }

    /// The same without zeros at the end, for lengths that somebody chose: `10 ms`.
    #[must_use]
    pub fn round(self, length: Nanos) -> String {
        let scale = self.fitting(length);
        format!("{}{NO_BREAK}{}", trimmed(&scale.number(length)), scale.unit())
    }

    /// A part of a length in the unit that [`Scale::round`] gives the whole, for "99.6 of 400 ms".
    #[must_use]
    pub fn part(self, part: Nanos, whole: Nanos) -> String {
        self.fitting(whole).number(part)
    }

    /// A point of time: `150.0 ms`.
    #[must_use]
    pub fn clock(self, t: Time) -> String {
        format!("{}{NO_BREAK}{}", self.number(Nanos(t.0)), self.unit())
    }

    /// A point of time on an axis, in the unit of all of it: `150 ms`.
    #[must_use]
    pub fn tick(self, t: Time) -> String {
        format!("{}{NO_BREAK}{}", trimmed(&self.number(Nanos(t.0))), self.unit())
    }

    /// A point of time without its unit.
    #[must_use]
    pub fn bare(self, t: Time) -> String {
        self.number(Nanos(t.0))
    }

    /// Lengths that add up, written so that what is written adds up, too: the differences of rounded sums.
    #[must_use]
    pub fn table(self, lengths: &[Nanos]) -> Vec<String> {
        let total = lengths.iter().fold(Nanos::ZERO, |sum, &length| sum + length);
        let scale = self.fitting(total);
        let decimals = scale.decimals_of(total);
        let step = scale.step(decimals);
        let mut before = 0;
        let mut sum = Nanos::ZERO;
        lengths
            .iter()
            .map(|&length| {
                sum += length;
                let after = div_round(sum.0, step);
                let steps = after - before;
                before = after;
                let number = if steps == 0 && length.0 > 0 {
                    format!("<{}", fixed(1, decimals))
                } else {
                    fixed(steps, decimals)
                };
                format!("{number}{NO_BREAK}{}", scale.unit())
            })
            .collect()
    }

    /// The sum of lengths, written as [`Scale::table`] writes them.
    #[must_use]
    pub fn total(self, lengths: &[Nanos]) -> String {
        self.length(lengths.iter().fold(Nanos::ZERO, |sum, &length| sum + length))
    }

    /// The scale in the unit of this length: the largest that it holds once, when it is rounded.
    fn fitting(self, length: Nanos) -> Scale {
        let holds = |unit: &usize| self.in_unit(*unit).rounded(length) >= UNITS[*unit].1;
        match (0..UNITS.len()).rev().find(holds) {
            Some(unit) => self.in_unit(unit),
            None => self,
        }
    }

    /// Digits behind the point: the scale's own in its unit, one in finer ones, as many as fit in coarser ones.
    fn in_unit(self, unit: usize) -> Scale {
        let (decimals, fine) = match unit.cmp(&self.unit) {
            Ordering::Equal => (self.decimals, self.fine),
            _ if unit == 0 => (0, 0),
            Ordering::Less => (1, 0),
            Ordering::Greater => (3, 0),
        };
        Scale { unit, decimals, fine }
    }

    /// The length as it will be written, in nanoseconds.
    fn rounded(self, length: Nanos) -> u64 {
        let step = self.step(self.decimals_of(length));
        div_round(length.0, step).saturating_mul(step)
    }

    fn number(self, length: Nanos) -> String {
        let decimals = self.decimals_of(length);
        fixed(div_round(length.0, self.step(decimals)), decimals)
    }

    /// Digits behind the point that leave at most four significant ones.
    fn decimals_of(self, length: Nanos) -> u32 {
        let whole = length.0 / UNITS[self.unit].1;
        let before = if whole == 0 { 0 } else { whole.ilog10() + 1 };
        self.decimals.min(DIGITS.saturating_sub(before)).max(self.fine)
    }

    fn step(self, decimals: u32) -> u64 {
        (UNITS[self.unit].1 / 10u64.pow(decimals)).max(1)
    }
}

/// `steps` of ten to the minus `decimals`.
fn fixed(steps: u64, decimals: u32) -> String {
    let base = 10u64.pow(decimals);
    let mut text = (steps / base).to_string();
    if decimals > 0 {
        let _ = write!(text, ".{:0width$}", steps % base, width = decimals as usize);
    }
    text
}

fn div_round(value: u64, by: u64) -> u64 {
    value / by + u64::from(value % by >= by.div_ceil(2))
}

fn trimmed(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

/// A count with at most four significant digits: `58`, `1 280`, `12.3 k`.
#[must_use]
pub fn count(n: u64) -> String {
    match n {
        0..10_000 => n.to_string(),
        10_000..1_000_000 => format!("{}{NO_BREAK}k", trimmed(&fixed(div_round(n, 100), 1))),
        _ => format!("{}{NO_BREAK}M", trimmed(&fixed(div_round(n, 100_000), 1))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn a_picture_of_half_a_second_is_written_in_tenths_of_milliseconds() {
        let scale = Scale::of(Nanos(500 * MS));
        assert_eq!(scale.length(Nanos(395_850_000)), "395.9\u{a0}ms");
        assert_eq!(scale.clock(Time(150 * MS)), "150.0\u{a0}ms");
        assert_eq!(scale.round(Nanos(10 * MS)), "10\u{a0}ms");
        assert_eq!(scale.part(Nanos(99_600_000), Nanos(400 * MS)), "99.6");
    }

    #[test]
    fn four_digits_are_the_most() {
        assert_eq!(Scale::of(Nanos(500 * MS)).length(Nanos(4_012_345_678)), "4.012\u{a0}s");
        assert_eq!(Scale::of(Nanos(500 * MS)).clock(Time(4_012_345_678)), "4012\u{a0}ms");
        assert_eq!(Scale::of(Nanos(4_000 * MS)).length(Nanos(3_993_400_000)), "3.993\u{a0}s");
        assert_eq!(Scale::of(Nanos(400_000)).clock(Time(236_000)), "236.0\u{a0}µs");
    }

    #[test]
    fn a_view_has_as_many_digits_as_its_moments_need() {
        let scale = Scale::of(Nanos(500 * MS));
        assert_eq!(scale.finer(Nanos(MS)).clock(Time(150 * MS)), "150.0\u{a0}ms");
        assert_eq!(scale.finer(Nanos(1_000)).clock(Time(150_012_345)), "150.012\u{a0}ms");
        assert_eq!(scale.finer(Nanos(1)).clock(Time(150_012_345)), "150.012345\u{a0}ms");
        assert_eq!(Scale::of(Nanos(1_500)).finer(Nanos(1)).clock(Time(1_234)), "1234\u{a0}ns");
    }

    #[test]
    fn what_is_not_zero_is_not_written_as_zero() {
        let scale = Scale::of(Nanos(500 * MS));
        assert_eq!(scale.length(Nanos(28_300)), "28.3\u{a0}µs");
        assert_eq!(scale.length(Nanos(400)), "400\u{a0}ns");
        assert_eq!(scale.length(Nanos(0)), "0.0\u{a0}ms");
    }

    #[test]
    fn a_length_by_itself_has_its_own_unit_whatever_the_axis_has() {
        let scale = Scale::of(Nanos(3_000 * MS));
        assert_eq!(scale.length(Nanos(395_850_000)), "395.9\u{a0}ms");
        assert_eq!(scale.round(Nanos(10 * MS)), "10\u{a0}ms");
        assert_eq!(scale.part(Nanos(99_600_000), Nanos(400 * MS)), "99.6");
        assert_eq!(scale.table(&[Nanos(800_000), Nanos(395_050_000)]), ["0.8\u{a0}ms", "395.1\u{a0}ms"]);
        assert_eq!(scale.clock(Time(395_850_000)), "0.396\u{a0}s");
        // What is rounded to a thousand of a unit is one of the next.
        assert_eq!(scale.length(Nanos(999_970_000)), "1.000\u{a0}s");
        assert_eq!(scale.length(Nanos(3_600_000 * MS)), "3600\u{a0}s");
    }

    #[test]
    fn every_length_has_four_digits_at_most_and_a_whole_number_before_the_point() {
        let mut length = 1u64;
        while length < 36_000_000 * MS {
            for range in [1_000, 400_000, 2 * MS, 500 * MS, 3_000 * MS, 3_600_000 * MS] {
                for near in [length - 1, length, length + 1] {
                    let text = Scale::of(Nanos(range)).length(Nanos(near));
                    let (number, unit) = text.split_once(NO_BREAK).unwrap();
                    let digits = number.chars().filter(char::is_ascii_digit).count();
                    let whole: u64 = number.split('.').next().unwrap().parse().unwrap();
                    assert!(digits <= 5 && (digits <= 4 || unit == "s"), "{near}: {text}");
                    assert!(near == 0 || whole > 0 && (whole < 1_000 || unit == "s"), "{near}: {text}");
                }
            }
            length = length * 17 / 10 + 1;
        }
    }

    #[test]
    fn a_table_adds_up_as_written() {
        let scale = Scale::of(Nanos(500 * MS));
        let parts = [Nanos(800_000), Nanos(395_040_000), Nanos(49_000)];
        assert_eq!(scale.table(&parts), ["0.8\u{a0}ms", "395.0\u{a0}ms", "0.1\u{a0}ms"]);
        assert_eq!(scale.table(&[Nanos(395 * MS), Nanos(10_000)]), ["395.0\u{a0}ms", "<0.1\u{a0}ms"]);
    }

    #[test]
    fn counts_are_short() {
        assert_eq!(count(9_999), "9999");
        assert_eq!(count(12_345), "12.3\u{a0}k");
        assert_eq!(count(1_250_000), "1.3\u{a0}M");
    }
}
