//! Primitives and tokens as SVG elements: the counterpart of `www/shapes.js`, which draws the same on a canvas.

use std::fmt::Write;

use super::scene::{Op, Prim, Scene, flag, kind, style};
use super::svg::{colour, on_colour};
use super::text;

/// Narrowest bar, in pixels.
const LEAST: f32 = 3.0;

/// A number with at most one digit behind the point; never `-0`.
#[must_use]
pub(super) fn number(value: f32) -> String {
    let tenths = (f64::from(value) * 10.0).round() as i64;
    let sign = if tenths < 0 { "-" } else { "" };
    match tenths.abs() % 10 {
        0 => format!("{sign}{}", tenths.abs() / 10),
        rest => format!("{sign}{}.{rest}", tenths.abs() / 10),
    }
}

/// Text inside an element.
#[must_use]
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The dashes of a style, as an attribute.
fn dashes(of: u8) -> &'static str {
    match of {
        style::DASHED => r#" stroke-dasharray="6 3""#,
        style::DASH_DOT => r#" stroke-dasharray="6 2 1 2""#,
        style::DOTTED | style::GHOST => r#" stroke-dasharray="2 2.5""#,
        style::SEARCH => r#" stroke-dasharray="3 3""#,
        _ => "",
    }
}

/// Draws one primitive.
pub(super) fn shape(out: &mut String, scene: &Scene, prim: &Prim) {
    let words = prim.text.map_or("", |index| scene.texts[index as usize].as_str());
    let p = Shape { prim: *prim, words, width: scene.width, ink: colour(prim.kind) };
    match prim.op {
        Op::Bar => p.bar(out),
        Op::Hatch => p.hatch(out),
        Op::Hollow => p.hollow(out),
        Op::Line => p.line(out),
        Op::Bracket => p.bracket(out),
        Op::Tick => p.rect(out, prim.x - 0.75, prim.y, 1.5, prim.h, &p.fill()),
        Op::Diamond => p.polygon(out, &[(0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)]),
        Op::Triangle => p.polygon(out, &[(0.0, -1.0), (1.0, 0.8), (-1.0, 0.8)]),
        Op::Ring => p.ring(out),
        Op::Hook => p.hook(out),
        Op::Depth => p.rect(out, prim.x, prim.y, prim.w, prim.h, r#"fill="var(--ink-2)" fill-opacity=".45""#),
        Op::Share => p.share(out),
        Op::Label => p.label(out),
        Op::Rule => p.rule(out),
        Op::Strip => {
            let dark = f32::from(prim.style.min(3) + 1) / 4.0;
            let fill = format!(r#"fill="var(--ink)" fill-opacity="{dark}""#);
            p.rect(out, prim.x, prim.y, prim.w.max(1.0), prim.h, &fill);
        }
        Op::Stripes => p.stripes(out),
        Op::Break => {
            for dx in [-3.0, 2.0] {
                p.path(
                    out,
                    &format!("M{} {}l4 {}", number(prim.x + dx), number(prim.y + prim.h), number(-prim.h)),
                    1.5,
                );
            }
        }
        Op::Icon => p.icon(out),
        Op::Close => p.close(out),
        Op::Arrow => {
            let Prim { x, y, w, h, .. } = p.prim;
            p.path(out, &format!("M{} {}l{} {}", number(x), number(y), number(w), number(h)), 1.5);
        }
    }
}

struct Shape<'a> {
    prim: Prim,
    words: &'a str,
    /// Width of the lanes.
    width: f32,
    ink: String,
}

impl Shape<'_> {
    fn fill(&self) -> String {
        format!(r#"fill="{}""#, self.ink)
    }

    fn has(&self, bit: u8) -> bool {
        self.prim.flags & bit != 0
    }

    /// Left edge and width of the box, wide enough to be seen.
    fn extent(&self) -> (f32, f32) {
        let w = self.prim.w.max(LEAST);
        (self.prim.x.min(self.width - w).max(0.0), w)
    }

    fn rect(&self, out: &mut String, x: f32, y: f32, w: f32, h: f32, paint: &str) {
        let (x, y, w, h) = (number(x), number(y), number(w), number(h));
        let _ = write!(out, r#"<rect x="{x}" y="{y}" width="{w}" height="{h}" {paint}/>"#);
    }

    fn path(&self, out: &mut String, d: &str, stroke: f32) {
        let _ = write!(
            out,
            r#"<path d="{d}" fill="none" stroke="{}" stroke-width="{}"{}/>"#,
            self.ink,
            number(stroke),
            dashes(self.prim.style)
        );
    }

    /// A text in the middle of `from..to` around `y`, on a patch if asked for. Returns what it covers.
    #[allow(clippy::too_many_arguments)]
    fn text(
        &self,
        out: &mut String,
        from: f32,
        to: f32,
        y: f32,
        size: f32,
        ink: &str,
        bold: bool,
        patch: Option<&str>,
    ) -> Option<(f32, f32)> {
        if self.words.is_empty() {
            return None;
        }
        let w = text::width(self.words, size, bold) + 8.0;
        let middle = (from + to) / 2.0;
        if let Some(patch) = patch {
            self.rect(out, middle - w / 2.0, y - size / 2.0 - 3.0, w, size + 5.0, &format!(r#"fill="{patch}""#));
        }
        let weight = if bold { r#" font-weight="650""# } else { "" };
        let _ = write!(
            out,
            r#"<text x="{}" y="{}" text-anchor="middle" font-size="{}"{weight} fill="{ink}">{}</text>"#,
            number(middle),
            number(y + size * 0.36),
            number(size),
            escaped(self.words)
        );
        Some((middle - w / 2.0, middle + w / 2.0))
    }

    /// The 2 px outline of a cause.
    fn cause(&self, out: &mut String, x: f32, w: f32) {
        if self.has(flag::CAUSE) {
            let Prim { y, h, .. } = self.prim;
            let paint = r#"rx="2" fill="none" stroke="var(--ink)" stroke-width="2""#;
            self.rect(out, x - 1.0, y - 1.0, w + 2.0, h + 2.0, paint);
        }
    }

    fn bar(&self, out: &mut String) {
        let (Prim { y, h, kind, .. }, (x, w)) = (self.prim, self.extent());
        if self.has(flag::SAW) || self.has(flag::SLANT) {
            let cut = if self.has(flag::SAW) { 5.0f32 } else { 8.0 }.min(w);
            let end = if self.has(flag::SAW) {
                let tooth = h / 6.0;
                let zigzag: String = (0..6)
                    .map(|i| format!("l{} {}", number(if i % 2 == 0 { cut } else { -cut }), number(tooth)))
                    .collect();
                format!("H{}{zigzag}", number(x + w - cut))
            } else {
                format!("H{}L{} {}", number(x + w), number(x + w - cut), number(y + h))
            };
            let d = format!("M{} {}{end}V{}H{}z", number(x), number(y), number(y + h), number(x));
            let _ = write!(out, r#"<path d="{d}" {}/>"#, self.fill());
        } else {
            self.rect(out, x, y, w, h, &format!(r#"rx="{}" {}"#, number(2f32.min(w / 2.0)), self.fill()));
        }
        self.cause(out, x, w);
        self.text(out, x, x + w, y + h / 2.0, text::LABEL, &on_colour(kind), false, None);
    }

    /// Part of a column: filled as its sign is, with a line at its top where it is not solid.
    fn share(&self, out: &mut String) {
        let Prim { x, y, w, h, kind, style, .. } = self.prim;
        match style {
            self::style::SHARE_SOLID => return self.rect(out, x, y, w, h, &self.fill()),
            self::style::SHARE_HATCH => {
                self.rect(out, x, y, w, h, r#"fill="var(--card)""#);
                if kind <= self::kind::F {
                    let letter = char::from(b'a' + kind);
                    self.rect(out, x, y, w, h, &format!(r##"fill="url(#dandori-hatch-{letter})""##));
                }
            }
            self::style::SHARE_STRIPES => {
                let lines: String = (0..(w / 4.0) as u32)
                    .map(|i| format!("M{} {}v{}", number(x + 2.0 + 4.0 * i as f32), number(y), number(h)))
                    .collect();
                self.path(out, &lines, 1.0);
            }
            _ => self.rect(out, x, y, w, h, &format!(r#"{} fill-opacity=".2""#, self.fill())),
        }
        self.rect(out, x, y, w, h.min(1.0), &self.fill());
    }

    fn hatch(&self, out: &mut String) {
        let (Prim { y, h, kind, .. }, (x, w)) = (self.prim, self.extent());
        self.rect(out, x, y, w, h, r#"rx="2" fill="var(--card)""#);
        if kind <= self::kind::F {
            let letter = char::from(b'a' + kind);
            self.rect(out, x, y, w, h, &format!(r##"rx="2" fill="url(#dandori-hatch-{letter})""##));
        }
        let stroke = format!(r#"rx="2" fill="none" stroke="{}" stroke-width="1.5""#, self.ink);
        self.rect(out, x + 0.75, y + 0.75, (w - 1.5).max(0.5), h - 1.5, &stroke);
        self.cause(out, x, w);
        self.text(out, x, x + w, y + h / 2.0, text::LABEL, "var(--ink)", false, Some("var(--card)"));
    }

    fn hollow(&self, out: &mut String) {
        let (Prim { y, h, style, kind, .. }, (x, w)) = (self.prim, self.extent());
        let wait = self.has(flag::WAIT);
        let (fill, stroke) = match wait {
            true => ("var(--harm-tint)", "var(--harm)"),
            false => ("var(--lane)", self.ink.as_str()),
        };
        let paint = format!(r#"rx="2" fill="{fill}" stroke="{stroke}" stroke-width="1.5"{}"#, dashes(style));
        self.rect(out, x + 0.75, y + 0.75, (w - 1.5).max(0.5), h - 1.5, &paint);
        if style == self::style::SLOT {
            self.rect(out, x, y, 4f32.min(w), h, &format!(r#"fill="{stroke}""#));
        }
        let ink = if kind == self::kind::INK_2 { "var(--ink-2)" } else { "var(--ink)" };
        self.text(out, x, x + w, y + h / 2.0, text::LABEL, ink, false, None);
    }

    fn line(&self, out: &mut String) {
        let Prim { x, y, w, h, style, kind, .. } = self.prim;
        let harm = kind == self::kind::HARM;
        let ink = if harm { "var(--harm)" } else { "var(--ink-2)" };
        let d = format!("M{} {}l{} {}", number(x), number(y), number(w), number(h));
        self.path(out, &d, if style == self::style::SEARCH || style == self::style::GHOST { 2.0 } else { 1.5 });
        self.text(out, x, x + w, y, text::LABEL, ink, harm, Some("var(--lane)"));
    }

    fn bracket(&self, out: &mut String) {
        let Prim { x, y, w, h, .. } = self.prim;
        let (x0, y0, h0) = (number(x), number(y + h), number(h));
        self.path(out, &format!("M{x0} {y0}v-{h0}h{}v{h0}", number(w)), 1.5);
        let room = text::width(self.words, text::MEASURE, true) + 16.0;
        let (from, to) = match () {
            () if room <= w => (x, x + w),
            () if x + w + room <= self.width => (x + w, x + w + room),
            () => (x - room, x),
        };
        self.text(out, from, to, y, text::MEASURE, &self.ink, true, Some("var(--lane)"));
    }

    fn polygon(&self, out: &mut String, points: &[(f32, f32)]) {
        let (Prim { x, y, w, style, .. }, r) = (self.prim, self.prim.w / 2.0);
        debug_assert!(w > 0.0);
        let corner = |(dx, dy): &(f32, f32)| format!("{} {}", number(x + dx * r), number(y + dy * r));
        let corners: Vec<String> = points.iter().map(corner).collect();
        let _ = write!(out, r#"<path d="M{}z" {}/>"#, corners.join("L"), self.filled(style == 0));
    }

    fn filled(&self, filled: bool) -> String {
        match filled {
            true => self.fill(),
            false => format!(r#"fill="var(--lane)" stroke="{}" stroke-width="1.5""#, self.ink),
        }
    }

    fn ring(&self, out: &mut String) {
        let Prim { x, y, w, style, .. } = self.prim;
        let (x, y, r) = (number(x), number(y), number(w / 2.0));
        let _ = write!(out, r#"<circle cx="{x}" cy="{y}" r="{r}" {}/>"#, self.filled(style != 0));
    }

    fn hook(&self, out: &mut String) {
        let Prim { x, y, w, h, style, .. } = self.prim;
        let from = if style == 0 { -h } else { h };
        let (x0, y0) = (number(x - w), number(y + from));
        let _ = write!(
            out,
            r#"<path d="M{x0} {y0}v{}h{}m-4 -3l4 3l-4 3" fill="none" stroke="{}" stroke-width="1.5"/>"#,
            number(-from),
            number(w - 1.0),
            self.ink
        );
        let room = text::width(self.words, text::LABEL, false) + 8.0;
        self.text(out, x - w - room, x - w, y + from / 2.0, text::LABEL, "var(--ink)", false, None);
    }

    fn label(&self, out: &mut String) {
        let Prim { x, y, w, h, style, kind, .. } = self.prim;
        let patch = match style {
            self::style::PATCH => Some("var(--card)"),
            self::style::START => Some("var(--lane)"),
            _ => None,
        };
        let w = if style == self::style::START { text::width(self.words, text::LABEL, false) + 8.0 } else { w };
        self.text(out, x, x + w, y + h / 2.0, text::LABEL, &self.ink, kind == self::kind::HARM, patch);
    }

    fn rule(&self, out: &mut String) {
        let Prim { x, y, h, style, .. } = self.prim;
        let fade = if style == self::style::HAIR { r#" stroke-opacity=".4""# } else { "" };
        let _ = write!(
            out,
            r#"<path d="M{} {}v{}" stroke="{}"{fade}{}/>"#,
            number(x),
            number(y),
            number(h),
            self.ink,
            dashes(style)
        );
        let room = text::width(self.words, text::LABEL, false) + 8.0;
        self.text(out, x + 2.0, x + 2.0 + room, y + h / 2.0, text::LABEL, "var(--ink)", false, Some("var(--lane)"));
    }

    fn stripes(&self, out: &mut String) {
        let Prim { x, y, w, h, .. } = self.prim;
        let lines: String = (1..)
            .map(|i| x + 4.0 * i as f32)
            .take_while(|&at| at < x + w)
            .map(|at| format!("M{} {}v{}", number(at), number(y), number(h)))
            .collect();
        let _ = write!(out, r#"<path d="{lines}" stroke="{}"/>"#, self.ink);
        let paint = format!(r#"fill="none" stroke="{}" stroke-dasharray="1 2""#, self.ink);
        self.rect(out, x + 0.5, y + 0.5, (w - 1.0).max(0.5), h - 1.0, &paint);
        self.text(out, x, x + w, y + h / 2.0, text::LABEL, "var(--ink)", false, Some("var(--lane)"));
    }

    fn icon(&self, out: &mut String) {
        let Prim { x, y, w, style, .. } = self.prim;
        let path = match style {
            0 => "M5 1a4 4 0 1 0 .01 0M5 2.8V5l1.8 1",
            1 => "M1 3.2h7M6 1.2l2 2-2 2M9 7H2M4 5l-2 2 2 2",
            2 => "M1 2h8v6H1zM1 2.4l4 3 4-3",
            3 => "M2 4.6h6V9H2zM3.2 4.4V3a1.8 1.8 0 0 1 3.6 0v1.4",
            4 => "M7 1v4.5a2.4 2.4 0 0 1-4.8 0V5",
            other => panic!("there is no icon {other}"),
        };
        let _ = write!(
            out,
            r#"<g transform="translate({} {}) scale({})"><rect width="10" height="10" fill="var(--lane)"/><path d="{path}" fill="none" stroke="{}" stroke-width="1.2"/></g>"#,
            number(x - w / 2.0),
            number(y - w / 2.0),
            number(w / 10.0),
            self.ink
        );
    }

    fn close(&self, out: &mut String) {
        let Prim { x, y, h, style, .. } = self.prim;
        self.rect(out, x - 1.5, y, 3.0, h, &self.fill());
        let (x, y) = (number(x + 4.0), number(y));
        match style {
            1 => self.path(out, &format!("M{x} {y}l6 6m0 -6l-6 6"), 1.5),
            2 => self.path(out, &format!("M{x} {y}m6 0l-6 6"), 1.5),
            _ => {}
        }
    }
}

/// Outlines of tokens in a box of 24, by kind: circle, square, hexagon, diamond, square with a cut corner, square.
const OUTLINES: [&str; 6] = [
    "M12 1.25a10.75 10.75 0 1 1 0 21.5a10.75 10.75 0 1 1 0-21.5z",
    "M4 1.25h16q2.75 0 2.75 2.75v16q0 2.75-2.75 2.75h-16q-2.75 0-2.75-2.75v-16q0-2.75 2.75-2.75z",
    "M6.4 1.75h11.2l5.4 10.25l-5.4 10.25h-11.2l-5.4-10.25z",
    "M12 .4l11.6 11.6l-11.6 11.6l-11.6-11.6z",
    "M4 1.25h12.5l6.25 6.25v12.5q0 2.75-2.75 2.75h-16q-2.75 0-2.75-2.75v-16q0-2.75 2.75-2.75z",
    "M4 1.25h16q2.75 0 2.75 2.75v16q0 2.75-2.75 2.75h-16q-2.75 0-2.75-2.75v-16q0-2.75 2.75-2.75z",
];

/// Draws a task as a sign: kind by shape, state by fill and outline.
pub(super) fn token(out: &mut String, x: f32, middle: f32, size: f32, of: u32, state: &str, name: &str) {
    let of = of.min(u32::from(kind::F)) as u8;
    let (own, letter) = (colour(of), char::from(b'a' + of));
    let (fill, stroke, dash, ink) = match state {
        "runs" => (own.clone(), own, style::SOLID, on_colour(of)),
        "blocked" => (format!("url(#dandori-hatch-{letter})"), own, style::SOLID, "var(--ink)".into()),
        "global" => ("none".into(), own, style::DASHED, "var(--ink)".into()),
        "deferred" => ("none".into(), own, style::DASH_DOT, "var(--ink)".into()),
        "due" => ("var(--harm-tint)".into(), "var(--harm)".into(), style::DOTTED, "var(--ink)".into()),
        _ => ("none".into(), own, style::SOLID, "var(--ink)".into()),
    };
    let path = OUTLINES[usize::from(of)];
    let patch = match state {
        "blocked" => r#"<rect x="5" y="6" width="14" height="12" rx="1" fill="var(--card)"/>"#,
        _ => "",
    };
    let ground = match state {
        "blocked" => format!(r#"<path d="{path}" fill="var(--card)"/>"#),
        _ => String::new(),
    };
    let _ = write!(
        out,
        r#"<g transform="translate({} {}) scale({:.3})">{ground}<path d="{path}" fill="{fill}" stroke="{stroke}" stroke-width="1.5"{}/>{patch}<text x="12" y="16" text-anchor="middle" font-size="10.5" font-weight="650" fill="{ink}">{}</text></g>"#,
        number(x),
        number(middle - size / 2.0),
        size / 24.0,
        dashes(dash),
        escaped(name)
    );
}
