//! How wide a text will be, without asking a font: advances of DejaVu Sans, the widest of the fonts that the page names.
//! A label that fits by this table fits on every machine.

/// Advances of ` ` to `~` in DejaVu Sans, in thousandths of the font's size (from its `hmtx` table, rounded up).
const REGULAR: [u16; 95] = [
    318, 401, 460, 838, 637, 951, 780, 275, 391, 391, 500, 838, 318, 361, 318, 337, 637, 637, 637, 637, 637, 637, 637,
    637, 637, 637, 337, 337, 838, 838, 838, 531, 1000, 685, 687, 699, 771, 632, 576, 775, 752, 295, 295, 656, 558, 863,
    749, 788, 604, 788, 695, 635, 611, 732, 685, 989, 686, 611, 686, 391, 337, 391, 838, 500, 500, 613, 635, 550, 635,
    616, 353, 635, 634, 278, 278, 580, 278, 975, 634, 612, 635, 635, 412, 521, 393, 634, 592, 818, 592, 592, 525, 637,
    337, 637, 838,
];

/// How much wider the bold of the same font is, at most, for letters and digits.
const BOLD: f32 = 1.13;

/// Size of labels in the lanes, in pixels.
pub const LABEL: f32 = 11.5;
/// Size of labels of the axis, in pixels.
pub const AXIS: f32 = 11.0;
/// Size of the measure over a wait, in pixels; it is bold.
pub const MEASURE: f32 = 12.0;

/// Width of a text in pixels at a size in pixels.
#[must_use]
pub fn width(text: &str, size: f32, bold: bool) -> f32 {
    let thousandths: u32 = text.chars().map(advance).sum();
    let regular = thousandths as f32 * size / 1_000.0;
    if bold { regular * BOLD } else { regular }
}

fn advance(letter: char) -> u32 {
    match letter {
        ' '..='~' => REGULAR[letter as usize - ' ' as usize].into(),
        '\u{a0}' => 318,
        'µ' => 637,
        // Japanese letters are square.
        _ => 1_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_as_wide_as_its_letters() {
        assert_eq!(width("J2", 1_000.0, false), 295.0 + 637.0);
        assert!(width("150.0\u{a0}ms", 11.5, false) < 60.0);
        assert_eq!(width("遅れ", 10.0, false), 20.0);
    }
}
