//! The numbers and colours that Rust and the page agree on are the same on both sides.

use std::collections::BTreeMap;
use std::fs;

use dandori::view::scene::{Op, STRIDE, flag, icon, kind, style};
use dandori::view::svg::COLOURS;

/// The entries of one table of `www/primitives.js`: name and number.
fn table(source: &str, name: &str) -> BTreeMap<String, u32> {
    let start = source.find(&format!("export const {name} =")).unwrap_or_else(|| panic!("no table {name}"));
    let body = &source[start..];
    let (open, close) = (body.find("({").expect("it opens"), body.find("});").expect("it closes"));
    let mut entries = BTreeMap::new();
    for line in
        body[open + 2..close].lines().map(str::trim).filter(|line| !line.starts_with("/*") && !line.starts_with('*'))
    {
        for entry in line.split(',') {
            let Some((name, number)) = entry.split_once(':') else { continue };
            let number = number.trim().parse().unwrap_or_else(|_| panic!("{name} is not a number: {number}"));
            entries.insert(name.trim().to_owned(), number);
        }
    }
    entries
}

fn ours<T: Into<u32> + Copy>(entries: &[(&str, T)]) -> BTreeMap<String, u32> {
    entries.iter().map(|&(name, number)| (name.to_owned(), number.into())).collect()
}

#[test]
fn scene_and_painter_use_the_same_numbers() {
    let source = fs::read_to_string("www/primitives.js").expect("the page's table");
    let op = |name, op: Op| (name, op as u8);
    let ops = [
        op("BAR", Op::Bar),
        op("HATCH", Op::Hatch),
        op("HOLLOW", Op::Hollow),
        op("LINE", Op::Line),
        op("BRACKET", Op::Bracket),
        op("TICK", Op::Tick),
        op("DIAMOND", Op::Diamond),
        op("RING", Op::Ring),
        op("HOOK", Op::Hook),
        op("DEPTH", Op::Depth),
        op("LABEL", Op::Label),
        op("RULE", Op::Rule),
        op("STRIP", Op::Strip),
        op("STRIPES", Op::Stripes),
        op("BREAK", Op::Break),
        op("ICON", Op::Icon),
        op("CLOSE", Op::Close),
        op("TRIANGLE", Op::Triangle),
        op("ARROW", Op::Arrow),
        op("SHARE", Op::Share),
    ];
    assert_eq!(table(&source, "OP"), ours(&ops));
    let styles = [
        ("SOLID", style::SOLID),
        ("DASHED", style::DASHED),
        ("DASH_DOT", style::DASH_DOT),
        ("DOTTED", style::DOTTED),
        ("SLOT", style::SLOT),
        ("SEARCH", style::SEARCH),
        ("HAIR", style::HAIR),
        ("GHOST", style::GHOST),
        ("PATCH", style::PATCH),
        ("BARE", style::BARE),
        ("START", style::START),
        ("SHARE_SOLID", style::SHARE_SOLID),
        ("SHARE_HATCH", style::SHARE_HATCH),
        ("SHARE_HOLLOW", style::SHARE_HOLLOW),
        ("SHARE_STRIPES", style::SHARE_STRIPES),
    ];
    assert_eq!(table(&source, "STYLE"), ours(&styles));
    let kinds: Vec<(&str, u8)> = ["A", "B", "C", "D", "E", "F"].into_iter().zip(0u8..).collect();
    let further = [("INK", kind::INK), ("INK_2", kind::INK_2), ("HARM", kind::HARM)];
    assert_eq!(kinds[5].1, kind::F);
    assert_eq!(table(&source, "KIND"), ours(&[kinds, further.to_vec()].concat()));
    let flags =
        [("WAIT", flag::WAIT), ("CAUSE", flag::CAUSE), ("SLANT", flag::SLANT), ("SAW", flag::SAW), ("CUT", flag::CUT)];
    assert_eq!(table(&source, "FLAG"), ours(&flags));
    let icons = [
        ("CLOCK", icon::CLOCK),
        ("IO", icon::IO),
        ("CHANNEL", icon::CHANNEL),
        ("LOCK", icon::LOCK),
        ("JOIN", icon::JOIN),
    ];
    assert_eq!(table(&source, "ICON"), ours(&icons));
    assert_eq!(table(&source, "FIELD")["stride"], STRIDE as u32);
}

#[test]
fn the_file_has_the_colours_of_the_page() {
    let css = fs::read_to_string("www/style.css").expect("the page's style sheet").to_uppercase();
    for (name, light, dark) in COLOURS {
        let property = format!("--DANDORI-{}: LIGHT-DARK({light}, {dark});", name.to_uppercase());
        assert!(css.contains(&property), "the style sheet has another {name}");
    }
}
