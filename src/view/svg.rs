//! The same picture as one SVG file: headline, board with its stage, caption and why. It needs no script, follows the
//! reader's light or dark theme, and has its words as title and description. For the README and wherever a file must do.

use std::fmt::Write;

use super::board::Board;
use super::info::{About, RunInfo, info};
use super::layout::Layout;
use super::moment::{Moment, Part, moment};
use super::scene::{Scene, kind, scene};
use super::svg_shapes::{escaped, number, shape, token};
use super::svg_text::{line, rich, say};
use super::text;
use crate::time::Time;
use crate::words::{Span, Style, plain};

/// Around the whole, in pixels.
const PAD: f32 = 16.0;
/// Size of the words on the stage and in the caption, in pixels.
const STAGE_TEXT: f32 = 13.0;
const CAPTION: f32 = 16.0;
/// Widest and narrowest picture in pixels: as wide as the page becomes, as narrow as a phone.
pub const WIDTHS: std::ops::RangeInclusive<f32> = 320.0..=4_096.0;
/// Width of a picture for which nobody asked for another one.
pub const WIDTH: f32 = 1_262.0;

/// What a picture shows, and how.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Options {
    /// The moment of the stage and of the caption; `None`: the run's own.
    pub at: Option<Time>,
    /// The visible range; `None`: the run's own.
    pub range: Option<(Time, Time)>,
    /// Width of the whole in pixels, put into [`WIDTHS`]. It decides the layout, as on the page.
    pub width: f32,
    /// Which colours.
    pub theme: Theme,
}

impl Default for Options {
    fn default() -> Options {
        Options { at: None, range: None, width: WIDTH, theme: Theme::Auto }
    }
}

/// Which colours a picture has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// Whatever the reader's system says.
    #[default]
    Auto,
    /// Light always.
    Light,
    /// Dark always.
    Dark,
}

/// Widths of the three columns in pixels: names, lanes, stage. The numbers are those of the page's style sheet.
#[derive(Clone, Copy)]
struct Columns {
    layout: Layout,
    gutter: f32,
    lanes: f32,
    stage: f32,
}

impl Columns {
    /// By the width of the page: 64 and 37.5 rem are where its layouts change.
    fn of(width: f32) -> Columns {
        let inner = width - 2.0 * PAD;
        let (layout, gutter, stage) = match width {
            1_024.0.. => (Layout::Wide, 120.0, 316.0),
            600.0.. => (Layout::Middle, 92.0, 212.0),
            _ => (Layout::Narrow, 0.0, 0.0),
        };
        Columns { layout, gutter, lanes: inner - gutter - stage, stage }
    }

    fn all(self) -> f32 {
        self.gutter + self.lanes + self.stage
    }
}

/// Colours by role: name, light, dark. The same as on the page; a test compares them.
pub const COLOURS: [(&str, &str, &str); 21] = [
    ("paper", "#FBFAF6", "#14171B"),
    ("card", "#FFFFFF", "#1B1F24"),
    ("lane", "#F1EFE9", "#23282E"),
    ("ink", "#1B2026", "#ECEAE4"),
    ("ink-2", "#565E67", "#A7ADB4"),
    ("edge", "#85898F", "#747B83"),
    ("hair", "#DEDAD0", "#343A41"),
    ("harm", "#B81D0E", "#EE5F46"),
    ("harm-tint", "#F6DAD4", "#4A2822"),
    ("kind-a", "#1C74D4", "#2E8BEA"),
    ("kind-b", "#C4741A", "#F4B63F"),
    ("kind-c", "#0B7A5E", "#49D3A6"),
    ("kind-d", "#7A2A8C", "#DFA6E2"),
    ("kind-e", "#33383F", "#E4EAF0"),
    ("kind-f", "#7B818A", "#7F8893"),
    ("on-kind-a", "#FFFFFF", "#101418"),
    ("on-kind-b", "#15181C", "#101418"),
    ("on-kind-c", "#FFFFFF", "#101418"),
    ("on-kind-d", "#FFFFFF", "#101418"),
    ("on-kind-e", "#FFFFFF", "#101418"),
    ("on-kind-f", "#15181C", "#101418"),
];

const FONT: &str = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Hiragino Sans', 'Noto Sans JP', \
                    'Noto Sans CJK JP', 'DejaVu Sans', sans-serif";

/// The run at a time as a standalone SVG.
#[must_use]
pub fn picture(board: &Board, about: &About, t: Time) -> String {
    draw(board, about, &Options { at: Some(t), ..Options::default() })
}

/// The run as a standalone SVG.
#[must_use]
pub fn draw(board: &Board, about: &About, options: &Options) -> String {
    let info = info(board, about, Vec::new());
    let now = moment(board, options.at.unwrap_or(info.cursor));
    let given = if options.width.is_finite() { options.width } else { WIDTH };
    let width = given.clamp(*WIDTHS.start(), *WIDTHS.end()).round();
    let columns = Columns::of(width);
    let (from, to) = options.range.unwrap_or((board.from, board.to));
    let lanes = scene(board, columns.layout, columns.lanes, from, to);
    let most = width - 2.0 * PAD;
    let mut head = String::new();
    let y = rich(&mut head, PAD, 42.0, 24.0, true, &info.headline, most);
    let mut y = y + 26.0;
    for part in super::svg_text::lines(&[Span { text: info.lead.clone(), ..Span::default() }], 14.0, false, most) {
        say(&mut head, PAD, y, 14.0, "ink-2", "", &plain(&part));
        y += 20.0;
    }
    let top = y;
    let mut foot = String::new();
    let mut end = caption(&mut foot, &now, top + lanes.height + 30.0, most);
    if columns.stage == 0.0 {
        end = listed(&mut foot, &info, &now, end + 26.0, most);
    }
    // Under the last line, and the letters that reach below it.
    let under = if info.why.is_some() { 12.0 } else { 14.0 };
    let height = why(&mut foot, &info, end, most) + under + PAD;
    let mut out = String::new();
    open(&mut out, width, height, &info, &now, options.theme);
    out.push_str(&head);
    let _ = write!(out, r#"<g transform="translate({} {})">"#, number(PAD), number(top));
    frame(&mut out, &lanes, columns);
    let _ = write!(out, r#"<g transform="translate({} 0)">"#, number(columns.gutter));
    axis(&mut out, &lanes);
    for prim in &lanes.prims {
        shape(&mut out, &lanes, prim);
    }
    cursor(&mut out, &lanes, &now);
    out.push_str("</g>");
    gutter(&mut out, &info, &lanes, columns);
    if columns.stage > 0.0 {
        stage(&mut out, &now, &lanes, columns);
    }
    out.push_str("</g>");
    out.push_str(&foot);
    out.push_str("</svg>\n");
    out
}

/// The picture as a figure for an HTML page, with its words for who cannot see it.
#[must_use]
pub fn figure(board: &Board, about: &About, t: Time) -> String {
    let (info, now) = (info(board, about, Vec::new()), moment(board, t));
    let svg = picture(board, about, t);
    let words = format!("{} {}", plain(&now.caption), board.words().still);
    format!(
        "<figure>\n<h1>{}</h1>\n<p>{}</p>\n{}<figcaption>{}</figcaption>\n</figure>\n",
        escaped(&plain(&info.headline)),
        escaped(&info.lead),
        svg,
        escaped(&words)
    )
}

fn open(out: &mut String, width: f32, height: f32, info: &RunInfo, now: &Moment, theme: Theme) {
    let (width, height) = (number(width), number(height));
    let _ = write!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-labelledby="dandori-title dandori-desc" font-family="{FONT}"><title id="dandori-title">{}</title><desc id="dandori-desc">{}</desc>"#,
        escaped(&plain(&info.headline)),
        escaped(&now.spoken),
    );
    let vars = |dark: bool| {
        let var = |(name, light, night): &(&str, &str, &str)| format!("--{name}:{};", if dark { night } else { light });
        COLOURS.iter().map(var).collect::<String>()
    };
    let dark = match theme {
        Theme::Auto => format!("@media (prefers-color-scheme: dark){{svg{{{}}}}}", vars(true)),
        Theme::Light | Theme::Dark => String::new(),
    };
    let _ = write!(
        out,
        "<style>svg{{{}}}{dark}text{{font-variant-numeric:tabular-nums}}</style>",
        vars(theme == Theme::Dark)
    );
    out.push_str("<defs>");
    for letter in 'a'..='f' {
        let _ = write!(
            out,
            r#"<pattern id="dandori-hatch-{letter}" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="1.8" height="6" fill="var(--kind-{letter})" fill-opacity=".62"/></pattern>"#
        );
    }
    out.push_str("</defs>");
    let _ = write!(out, r#"<rect width="{width}" height="{height}" fill="var(--paper)"/>"#);
}

/// The card, the lanes' ground and the rules between rows.
fn frame(out: &mut String, lanes: &Scene, columns: Columns) {
    let (width, height) = (columns.all(), lanes.height);
    let _ = write!(
        out,
        r#"<rect x=".5" y=".5" width="{}" height="{}" rx="8" fill="var(--card)" stroke="var(--hair)"/>"#,
        number(width - 1.0),
        number(height - 1.0)
    );
    for row in &lanes.rows {
        let _ = write!(
            out,
            r#"<rect x="{}" y="{}" width="{}" height="{}" fill="var(--lane)"/><path d="M0 {}h{}" stroke="var(--hair)"/>"#,
            number(columns.gutter),
            number(row.y),
            number(columns.lanes),
            number(row.height),
            number(row.y + 0.5),
            number(width)
        );
    }
}

fn axis(out: &mut String, lanes: &Scene) {
    let foot = lanes.axis_height;
    for tick in &lanes.axis {
        let labelled = !tick.label.is_empty();
        let (x, h) = (number(tick.x), if labelled { 9.0 } else { 6.0 });
        if labelled && tick.x > 0.0 && tick.x < lanes.width {
            let _ = write!(out, r#"<path d="M{x} {}V{}" stroke="var(--hair)"/>"#, number(foot), number(lanes.height));
        }
        let _ = write!(out, r#"<path d="M{x} {}v{}" stroke="var(--edge)"/>"#, number(foot - 3.0 - h), number(h));
        if labelled {
            let w = text::width(&tick.label, text::AXIS, false);
            let left = (tick.x - w / 2.0).clamp(0.0, (lanes.width - w).max(0.0));
            say(out, left, foot - 15.0, text::AXIS, "ink-2", "", &tick.label);
        }
    }
}

fn cursor(out: &mut String, lanes: &Scene, now: &Moment) {
    if now.t < lanes.from || now.t > lanes.to {
        return;
    }
    let share = now.t.since(lanes.from).0 as f64 / lanes.to.since(lanes.from).0 as f64;
    let x = (share * f64::from(lanes.width)) as f32;
    let half = text::width(&now.clock, 12.0, true) / 2.0 + 8.0;
    let left = (x - half).clamp(0.0, (lanes.width - 2.0 * half).max(0.0));
    let _ = write!(
        out,
        r#"<path d="M{} {}V{}" stroke="var(--ink)" stroke-width="1.5"/><rect x="{}" width="{}" height="22" rx="4" fill="var(--ink)"/>"#,
        number(x),
        number(lanes.axis_height - 8.0),
        number(lanes.height),
        number(left),
        number(2.0 * half)
    );
    say(out, left + 8.0, 15.5, 12.0, "paper", "650", &now.clock);
}

fn gutter(out: &mut String, info: &RunInfo, lanes: &Scene, columns: Columns) {
    for (row, place) in info.rows.iter().zip(&lanes.rows) {
        // Narrow: the name stands in the line above its lane.
        if columns.gutter == 0.0 {
            say(out, 4.0, place.y + 13.0, 12.0, "ink", "650", &line(&row.name, 12.0, true, columns.lanes - 8.0));
            continue;
        }
        let most = columns.gutter - 16.0;
        let middle = place.y + place.height / 2.0;
        let name = if row.sub.is_empty() { middle + 5.0 } else { middle - 2.0 };
        say(out, 12.0, name, 14.0, "ink", "650", &line(&row.name, 14.0, true, most));
        say(out, 12.0, middle + 15.0, 12.0, "ink-2", "", &line(&row.sub, 12.0, false, most));
    }
}

/// The right half: what each part of the machine does at the cursor.
fn stage(out: &mut String, now: &Moment, lanes: &Scene, columns: Columns) {
    let left = columns.gutter + columns.lanes + 13.0;
    say(out, left, 20.0, STAGE_TEXT, "ink", "650", &now.heading);
    for (cell, place) in now.stage.iter().zip(&lanes.rows) {
        let lines = cell.lines.len() as f32;
        for (index, line) in cell.lines.iter().enumerate() {
            let middle = place.y + place.height / 2.0 + (index as f32 - (lines - 1.0) / 2.0) * 26.0;
            let mut x = left;
            let mut in_words = false;
            for part in line {
                // Neighbouring texts are one run of words and carry their own spaces.
                let words = matches!(part, Part::Text { fold: None, .. });
                let gap = if x > left && !(in_words && words) { 6.0 } else { 0.0 };
                x = stage_part(out, part, x + gap, middle, index == 0);
                in_words = words;
            }
        }
    }
}

/// Draws a part from `x` on and says where it ends.
fn stage_part(out: &mut String, part: &Part, x: f32, middle: f32, first: bool) -> f32 {
    let size = if first { STAGE_TEXT } else { 12.0 };
    match part {
        Part::Text { text: words, style, .. } => {
            let (colour, weight) = match style {
                Some(Style::Harm) => ("harm", "650"),
                Some(Style::Bold) => ("ink", "650"),
                Some(Style::Dim) => ("ink-2", ""),
                _ => ("ink", ""),
            };
            say(out, x, middle + size * 0.36, size, colour, weight, words);
            x + text::width(words, size, !weight.is_empty())
        }
        Part::Token { token: name, kind, state, .. } => {
            let size = if first { 24.0 } else { 20.0 };
            token(out, x, middle, size, *kind, state, name);
            x + size
        }
        Part::Slot { .. } => {
            let _ = write!(
                out,
                r#"<rect x="{}" y="{}" width="19" height="19" rx="4" fill="none" stroke="var(--edge)" stroke-dasharray="3 2"/>"#,
                number(x + 0.5),
                number(middle - 9.5)
            );
            x + 20.0
        }
        Part::More { more, .. } => {
            let words = format!("+{more}");
            say(out, x, middle + 4.0, 12.0, "ink-2", "", &words);
            x + text::width(&words, 12.0, false)
        }
        Part::Bar { bar, .. } => {
            let _ = write!(
                out,
                r#"<rect x="{}" y="{}" width="47" height="5" rx="2.5" fill="none" stroke="var(--edge)"/><rect x="{}" y="{}" width="{}" height="5" rx="2.5" fill="var(--ink-2)"/>"#,
                number(x + 0.5),
                number(middle - 2.5),
                number(x + 0.5),
                number(middle - 2.5),
                number(*bar as f32 * 47.0)
            );
            x + 48.0
        }
        Part::Mark { .. } => {
            let _ = write!(
                out,
                r#"<path d="M{} {}l6 10.5h-12z" fill="var(--harm)"/>"#,
                number(x + 6.0),
                number(middle - 6.0)
            );
            x + 12.0
        }
    }
}

/// The time and what is so then, from `y` on; the foot of the last line.
fn caption(out: &mut String, now: &Moment, y: f32, most: f32) -> f32 {
    let clock = Span { text: now.clock.clone(), style: Some(Style::Bold), ..Span::default() };
    let gap = Span { text: "\u{2003}".into(), ..Span::default() };
    let words: Vec<Span> = [clock, gap].into_iter().chain(now.caption.iter().cloned()).collect();
    rich(out, PAD + 12.0, y, CAPTION, false, &words, most - 24.0)
}

/// Where there is no room for a stage beside the lanes: a line for each row, under the caption. The foot of the last.
fn listed(out: &mut String, info: &RunInfo, now: &Moment, mut y: f32, most: f32) -> f32 {
    for (row, cell) in info.rows.iter().zip(&now.stage) {
        let told: Vec<String> = cell.lines.iter().map(|parts| parts.iter().map(part_words).collect()).collect();
        let told: Vec<&str> = told.iter().map(|told| told.trim()).filter(|told| !told.is_empty()).collect();
        let name = Span { text: format!("{}: ", row.name), style: Some(Style::Bold), ..Span::default() };
        let words = Span { text: told.join(", "), ..Span::default() };
        y = rich(out, PAD, y, STAGE_TEXT, false, &[name, words], most) + 22.0;
    }
    y - 22.0
}

/// A part of the stage in words, with a gap behind it.
fn part_words(part: &Part) -> String {
    match part {
        Part::Text { text, .. } => text.clone(),
        Part::Token { token, .. } => format!("{token} "),
        Part::More { more, .. } => format!("+{more} "),
        Part::Slot { .. } | Part::Bar { .. } | Part::Mark { .. } => " ".to_owned(),
    }
}

/// Why it waited, under `y`; the foot of the last line.
fn why(out: &mut String, info: &RunInfo, y: f32, most: f32) -> f32 {
    let Some(why) = &info.why else { return y };
    let title = [Span { text: why.title.clone(), ..Span::default() }];
    let mut y = rich(out, PAD, y + 44.0, 16.0, true, &title, most) + 24.0;
    for part in &why.parts {
        let colour = if part.harm { "harm" } else { "ink" };
        let _ = write!(
            out,
            r#"<text x="{}" y="{}" text-anchor="end" font-size="14" font-weight="650" fill="var(--{colour})">{}</text>"#,
            number(PAD + 76.0),
            number(y),
            escaped(&part.amount)
        );
        y = rich(out, PAD + 90.0, y, 14.0, false, &part.text, most - 90.0) + 22.0;
    }
    y - 22.0
}

/// The colour of a kind, as a value of CSS.
#[must_use]
pub(super) fn colour(of: u8) -> String {
    match of {
        0..=kind::F => format!("var(--kind-{})", char::from(b'a' + of)),
        kind::INK => "var(--ink)".into(),
        kind::INK_2 => "var(--ink-2)".into(),
        kind::HARM => "var(--harm)".into(),
        other => panic!("there is no colour {other}"),
    }
}

/// What is written on a kind's colour.
#[must_use]
pub(super) fn on_colour(of: u8) -> String {
    if of <= kind::F { format!("var(--on-kind-{})", char::from(b'a' + of)) } else { "var(--paper)".into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample::{self, us};
    use crate::words::Lang;

    fn about() -> About {
        About {
            title: "The late ticker".into(),
            step: 1,
            steps: 14,
            expectation: "The ticker wants to run every 10\u{a0}ms.".into(),
            lead: "A <blocking> call & its thread.".into(),
            question: String::new(),
            knobs: Vec::new(),
            cursor: None,
            is_bounded: false,
            file: None,
        }
    }

    #[test]
    fn the_file_is_one_tree_with_title_description_and_no_script() {
        for lang in Lang::ALL {
            let svg = picture(&sample::board(lang), &about(), us(150_000));
            let mut open: Vec<&str> = Vec::new();
            for tag in svg.split('<').skip(1) {
                let name = tag.split([' ', '>', '/']).next().unwrap_or_default();
                if let Some(closing) = tag.strip_prefix('/') {
                    assert_eq!(open.pop(), closing.split('>').next(), "in {tag}");
                } else if !tag.split('>').next().unwrap_or_default().ends_with('/') {
                    open.push(name);
                }
            }
            assert!(open.is_empty(), "{open:?}");
            for needed in
                ["<title", "<desc", "prefers-color-scheme: dark", "395.9\u{a0}ms", "A &lt;blocking&gt; call &amp; its"]
            {
                assert!(svg.contains(needed), "{needed}");
            }
            for banned in ["<script", "NaN", "inf ", "http://", "https://"] {
                assert!(!svg.replace("http://www.w3.org/2000/svg", "").contains(banned), "{banned}");
            }
        }
    }

    #[test]
    fn a_figure_has_its_words() {
        let html = figure(&sample::board(Lang::En), &about(), us(150_000));
        assert!(html.starts_with("<figure>\n<h1>The ticker wants to run every 10"));
        assert!(html.contains("Both workers are inside blocking calls"));
    }
}
