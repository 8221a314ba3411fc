//! Lines of text in an SVG file, which breaks no lines by itself: measured with the widest font that a reader may have.

use std::fmt::Write;

use super::svg_shapes::{escaped, number};
use super::text;
use crate::words::{Rich, Span, Style};

/// From the foot of a line to the next, as a share of the size of the letters.
const LEADING: f32 = 1.4;

/// A line of text.
pub(super) fn say(out: &mut String, x: f32, y: f32, size: f32, colour: &str, weight: &str, words: &str) {
    if words.is_empty() {
        return;
    }
    let weight = if weight.is_empty() { String::new() } else { format!(r#" font-weight="{weight}""#) };
    let _ = write!(
        out,
        r#"<text x="{}" y="{}" font-size="{}"{weight} fill="var(--{colour})" xml:space="preserve">{}</text>"#,
        number(x),
        number(y),
        number(size),
        escaped(words)
    );
}

/// Text with styles, in as many lines as it needs. Answers with the foot of the last one.
pub(super) fn rich(out: &mut String, x: f32, y: f32, size: f32, bold: bool, words: &[Span], most: f32) -> f32 {
    let weight = if bold { r#" font-weight="650""# } else { "" };
    let mut foot = y;
    for (index, words) in lines(words, size, bold, most).iter().enumerate() {
        foot = y + index as f32 * (size * LEADING).round();
        let (x, y, size) = (number(x), number(foot), number(size));
        let _ =
            write!(out, r#"<text x="{x}" y="{y}" font-size="{size}"{weight} fill="var(--ink)" xml:space="preserve">"#);
        for span in words {
            let style = match span.style {
                Some(Style::Harm) => r#" font-weight="650" fill="var(--harm)""#,
                Some(Style::Bold) => r#" font-weight="650""#,
                Some(Style::Dim) => r#" fill="var(--ink-2)""#,
                Some(Style::Code) => r#" font-family="ui-monospace, Menlo, Consolas, monospace""#,
                None => "",
            };
            let link = if span.at.is_some() || span.task.is_some() { r#" text-decoration="underline""# } else { "" };
            let _ = write!(out, "<tspan{style}{link}>{}</tspan>", escaped(&span.text));
        }
        out.push_str("</text>");
    }
    foot
}

/// The text in lines of at most `most` pixels, broken at spaces and between Japanese letters.
pub(super) fn lines(words: &[Span], size: f32, bold: bool, most: f32) -> Vec<Rich> {
    let mut lines: Vec<Rich> = vec![Rich::new()];
    let mut used = 0.0;
    for span in words {
        let heavy = bold || matches!(span.style, Some(Style::Bold | Style::Harm));
        for piece in pieces(&span.text) {
            let wide = text::width(piece, size, heavy);
            let bare = text::width(piece.trim_end_matches(' '), size, heavy);
            let fits = used + bare <= most || used == 0.0;
            if !fits {
                lines.push(Rich::new());
                used = 0.0;
            }
            used += wide;
            let line = lines.last_mut().expect("there is one");
            match line
                .last_mut()
                .filter(|last| fits && (last.style, last.at, last.task) == (span.style, span.at, span.task))
            {
                Some(last) => last.text.push_str(piece),
                None => line.push(Span { text: piece.to_owned(), ..span.clone() }),
            }
        }
    }
    lines
}

/// Where a line may break: behind a space, and behind a Japanese letter unless a mark follows that may not begin a line.
fn pieces(text: &str) -> Vec<&str> {
    const NEVER_FIRST: &str = "、。)」』・ーっゃゅょッャュョァィゥェォ：)】";
    let mut pieces = Vec::new();
    let mut from = 0;
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let end = at + letter.len_utf8();
        let Some(&(_, next)) = letters.peek() else { break };
        let is_wide = letter >= '\u{3000}' && !"「『(【".contains(letter);
        if letter == ' ' && next != ' ' || is_wide && !NEVER_FIRST.contains(next) && next != ' ' {
            pieces.push(&text[from..end]);
            from = end;
        }
    }
    pieces.push(&text[from..]);
    pieces
}

/// A text that must fit in one line: cut, with an ellipsis, if it does not.
pub(super) fn line(words: &str, size: f32, bold: bool, most: f32) -> String {
    if text::width(words, size, bold) <= most {
        return words.to_owned();
    }
    let mut kept = String::new();
    for letter in words.chars() {
        kept.push(letter);
        if text::width(&kept, size, bold) + size > most {
            kept.pop();
            break;
        }
    }
    format!("{}\u{2026}", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::plain;

    #[test]
    fn no_line_is_wider_than_it_may_be_and_nothing_is_lost() {
        let words = [
            Span { text: "Once, it ran ".into(), ..Span::default() },
            Span { text: "395.9\u{a0}ms late".into(), style: Some(Style::Harm), ..Span::default() },
            Span {
                text: " and 期限は来たが、誰もタイマーを見ていなかった。".into(), ..Span::default()
            },
        ];
        for most in [60.0, 120.0, 300.0, 2_000.0] {
            let lines = lines(&words, 14.0, false, most);
            assert_eq!(lines.iter().map(|line| plain(line)).collect::<String>(), plain(&words));
            for line in &lines {
                let text = plain(line);
                let single = pieces(text.trim_end()).len() == 1;
                assert!(single || text::width(text.trim_end(), 14.0, false) <= most, "{most}: {text}");
                assert!(!text.starts_with(['、', '。']), "{text}");
            }
        }
        assert_eq!(lines(&words, 14.0, false, 2_000.0).len(), 1);
    }

    #[test]
    fn a_name_that_is_too_long_is_cut() {
        assert_eq!(line("Worker 0", 14.0, true, 104.0), "Worker 0");
        let cut = line("a-very-long-name-of-a-thread", 14.0, true, 104.0);
        assert!(cut.ends_with('…') && text::width(&cut, 14.0, true) <= 110.0, "{cut}");
    }
}
