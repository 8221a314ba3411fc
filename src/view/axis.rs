//! Ticks of the axis: round times, as many as fit.

use serde::Serialize;

use super::text;
use crate::time::{Nanos, Time};
use crate::words::number::Scale;

/// A tick.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Tick {
    /// When.
    pub t: Time,
    /// Where, in pixels.
    pub x: f32,
    /// Its label; empty: a small tick.
    pub label: String,
}

/// Between labels, in pixels.
const GAP: f32 = 44.0;
/// Between small ticks, in pixels.
const SMALL_GAP: f32 = 12.0;
/// No axis has more.
const MOST: u64 = 400;

/// Ticks for a range on so many pixels.
#[must_use]
pub fn ticks(from: Time, to: Time, width: f32, scale: Scale) -> Vec<Tick> {
    let range = to.since(from).0.max(1);
    // Where ticks are closer than the scale can tell they get more digits; these are wider, and then fewer fit.
    let mut fine = scale;
    for _ in 0..3 {
        fine = scale.finer(Nanos(step(range, labels(to, width, fine))));
    }
    let scale = fine;
    let step = step(range, labels(to, width, scale));
    let parts = [5, 4, 2]
        .into_iter()
        .find(|&parts| step.is_multiple_of(parts) && width * (step / parts) as f32 / range as f32 >= SMALL_GAP);
    let small = step / parts.unwrap_or(1);
    let first = from.0.div_ceil(small);
    let x = |t: u64| (t - from.0) as f32 / range as f32 * width;
    (first..=to.0 / small)
        .take(MOST as usize)
        .map(|n| {
            let t = n * small;
            let label = if t.is_multiple_of(step) { scale.tick(Time(t)) } else { String::new() };
            Tick { t: Time(t), x: x(t), label }
        })
        .collect()
}

/// How many labels fit.
fn labels(to: Time, width: f32, scale: Scale) -> f32 {
    let widest = |text: String| text::width(&text, text::AXIS, false);
    let widest = widest(scale.tick(to)).max(widest(scale.clock(to)));
    (width / (widest + GAP)).max(1.0)
}

/// The smallest of 1, 2, 5 times a power of ten of which the range holds at most so many.
fn step(range: u64, most: f32) -> u64 {
    let mut power: u64 = 1;
    loop {
        for factor in [1, 2, 5] {
            let step = power.saturating_mul(factor);
            if range as f32 / step as f32 <= most || step == u64::MAX {
                return step;
            }
        }
        power = power.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_second_has_a_label_every_hundred_milliseconds() {
        let range = Nanos::from_millis(500);
        let ticks = ticks(Time::ZERO, Time(range.0), 794.0, Scale::of(range));
        let labels: Vec<_> = ticks.iter().map(|tick| tick.label.as_str()).filter(|label| !label.is_empty()).collect();
        assert_eq!(labels, ["0\u{a0}ms", "100\u{a0}ms", "200\u{a0}ms", "300\u{a0}ms", "400\u{a0}ms", "500\u{a0}ms"]);
        assert!(ticks.len() <= 26);
    }

    #[test]
    fn labels_never_touch() {
        for width in [40.0, 100.0, 336.0, 414.0, 794.0, 1200.0] {
            for (from, range) in [(150_000_000, 1_000), (150_000_123, 40), (7_000_000_000, 17_000)] {
                let ticks = ticks(Time(from), Time(from + range), width, Scale::of(Nanos(500_000_000)));
                let labels: Vec<_> = ticks.iter().map(|tick| &tick.label).filter(|label| !label.is_empty()).collect();
                let mut different = labels.clone();
                different.dedup();
                assert_eq!(labels, different, "{from} + {range} on {width} px");
            }
            for range in [1, 17, 1_500, 333_333, 4_000_000_000, 86_400_000_000_000] {
                let scale = Scale::of(Nanos(range));
                let ticks = ticks(Time(0), Time(range), width, scale);
                let labelled: Vec<_> = ticks.iter().filter(|tick| !tick.label.is_empty()).collect();
                for pair in labelled.windows(2) {
                    let needs = text::width(&pair[1].label, text::AXIS, false);
                    assert!(pair[1].x - pair[0].x >= needs, "{range} ns on {width} px: {pair:?}");
                }
            }
        }
    }
}
