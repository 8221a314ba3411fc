//! The machine at one time: what each row says on the stage, and the sentence that a screen reader speaks.

use serde::Serialize;

use super::board::Board;
use super::caption::caption;
use super::layout::{Row, rows};
use super::stage::Stage;
use crate::id::TaskId;
use crate::time::{Nanos, Time};
use crate::words::{Lang, Rich, Style, bare, fill, plain};

/// What is true at the cursor.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Moment {
    /// The time.
    pub t: Time,
    /// The same, written.
    pub clock: String,
    /// Over the stage.
    pub heading: String,
    /// What is so and what it means.
    pub caption: Rich,
    /// Number of the last record at or before `t`, 0 before the first.
    pub event: u64,
    /// Number of records.
    pub events: u64,
    /// What each row says.
    pub stage: Vec<Cell>,
    /// The whole as one sentence.
    pub spoken: String,
}

/// One row of the stage.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Cell {
    /// Id of its row.
    pub row: String,
    /// One or two lines.
    pub lines: Vec<Vec<Part>>,
}

/// A piece of a line.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(untagged)]
pub enum Part {
    /// Words.
    Text {
        /// The words.
        text: String,
        /// How they look.
        #[serde(skip_serializing_if = "Option::is_none")]
        style: Option<Style>,
        /// Left out where the stage is narrow.
        #[serde(skip_serializing_if = "Option::is_none")]
        fold: Option<bool>,
    },
    /// A task.
    Token {
        /// At most three characters.
        token: String,
        /// Its kind.
        kind: u32,
        /// Its state.
        state: &'static str,
        /// Which.
        task: TaskId,
        /// Its accessible name.
        name: String,
    },
    /// An empty LIFO slot.
    Slot {
        /// Always.
        slot: bool,
        /// Its accessible name.
        name: String,
    },
    /// Queued tasks without a token.
    More {
        /// How many.
        more: u32,
        /// Their accessible name.
        name: String,
    },
    /// How full a queue is.
    Bar {
        /// 0 to 1.
        bar: f64,
        /// Its accessible name.
        name: String,
    },
    /// A sign.
    Mark {
        /// Which.
        mark: &'static str,
    },
}

/// The machine at `t`.
#[must_use]
pub fn moment(board: &Board, t: Time) -> Moment {
    moment_in(board, t, Nanos(u64::MAX))
}

/// The machine at `t`, with a clock that tells moments apart that are `resolution` from each other.
#[must_use]
pub fn moment_in(board: &Board, t: Time, resolution: Nanos) -> Moment {
    let t = t.min(board.line.end);
    let rows = rows(board);
    let stage: Vec<Cell> = board
        .rows
        .iter()
        .zip(&rows)
        .map(|(&subject, row)| Cell { row: row.id.clone(), lines: Stage { board, t }.lines(subject) })
        .collect();
    let clock = board.scale.finer(resolution).clock(t);
    let spoken = spoken(board, t, &rows, &stage);
    Moment {
        t,
        heading: bare(board.words().heading, &[("t", clock.as_str().into())]),
        clock,
        caption: caption(board, t),
        event: board.times.partition_point(|&at| at <= t.0) as u64,
        events: board.times.len() as u64,
        stage,
        spoken,
    }
}

/// What a task does at `t`, in words.
#[must_use]
pub fn state_at(board: &Board, task: TaskId, t: Time) -> Rich {
    let stage = Stage { board, t };
    match board.line.task(task).and_then(|lane| lane.track.at(t)) {
        Some(span) => stage.state_words(task, span.state),
        None => fill(board.words().st_idle, &[]),
    }
}

/// All rows as one sentence, with units as words where the language has them.
fn spoken(board: &Board, t: Time, rows: &[Row], stage: &[Cell]) -> String {
    let words = board.words();
    let end = board.scale.round(Nanos(board.line.end.0));
    let mut text = bare(words.sp_clock, &[("t", board.scale.bare(t).into()), ("end", end.into())]);
    for (row, cell) in rows.iter().zip(stage) {
        let lines: Vec<String> = cell.lines.iter().map(|line| spoken_line(board, line)).collect();
        let said: Vec<&str> = lines.iter().map(String::as_str).filter(|line| !line.is_empty()).collect();
        let name =
            if row.sub.is_empty() { row.name.clone() } else { format!("{}{}{}", row.name, words.sp_gap, row.sub) };
        text += &bare(words.sp_row, &[("row", name.into()), ("words", said.join(words.sp_gap).into())]);
    }
    if let Some(wait) = board.wait() {
        let cause = super::why::why(board).and_then(|why| why.parts.into_iter().find(|part| part.largest));
        let cause = cause.map_or_else(String::new, |part| plain(&part.text[..part.text.len().saturating_sub(2)]));
        let args = [
            ("task", board.name(wait.task).into()),
            ("x", board.scale.length(wait.length()).into()),
            ("cause", cause.into()),
        ];
        text += &bare(words.sp_wait, &args);
    }
    if board.lang == Lang::En { units_as_words(&text) } else { text }
}

fn spoken_line(board: &Board, line: &[Part]) -> String {
    let gap = if board.lang == Lang::Ja { "" } else { " " };
    let mut out: Vec<String> = Vec::new();
    let mut before: Option<&Part> = None;
    for part in line {
        match (part, before) {
            // Neighbouring texts carry their own spaces; what runs is followed by how it runs.
            (Part::Text { text, fold: None, .. }, Some(Part::Text { .. })) => append(&mut out, text),
            (Part::Text { text, fold: None, .. }, Some(Part::Token { .. } | Part::Bar { .. } | Part::Mark { .. })) => {
                append(&mut out, gap);
                append(&mut out, text);
            }
            (Part::Text { text, .. }, _) => out.push(text.trim_start().to_owned()),
            // The slot's own name has the word before its sign in it.
            (Part::Slot { name, .. }, _) => {
                out.clear();
                out.push(name.clone());
            }
            (Part::Token { task, .. }, Some(Part::Text { .. })) => {
                append(&mut out, gap);
                append(&mut out, &board.name(*task));
            }
            (Part::Token { task, .. }, _) => out.push(board.name(*task)),
            (Part::More { name, .. }, _) => out.push(name.clone()),
            (Part::Bar { .. } | Part::Mark { .. }, _) => {}
        }
        before = Some(part);
    }
    out.join(board.words().sp_gap)
}

/// Puts words at the end of the last item.
fn append(out: &mut Vec<String>, words: &str) {
    match out.last_mut() {
        Some(last) => last.push_str(words),
        None => out.push(words.trim_start().to_owned()),
    }
}

/// `150.0 ms` becomes `150.0 milliseconds`.
fn units_as_words(text: &str) -> String {
    const UNITS: [(&str, &str); 4] =
        [("ns", "nanoseconds"), ("µs", "microseconds"), ("ms", "milliseconds"), ("s", "seconds")];
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\u{a0}') {
        out += &rest[..at];
        rest = &rest[at + '\u{a0}'.len_utf8()..];
        let end = rest.find(|letter: char| !letter.is_alphabetic()).unwrap_or(rest.len());
        let unit = UNITS.iter().find(|(unit, _)| *unit == &rest[..end]);
        out.push(' ');
        out += unit.map_or(&rest[..end], |(_, word)| word);
        rest = &rest[end..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample::{self, us};

    /// Lines of the stage as text: tokens in brackets, spaces as the page puts them.
    fn told(board: &Board, t: Time) -> Vec<String> {
        // Neighbouring texts are one run of words; everything else has a gap around it.
        let line = |line: &Vec<Part>| {
            let mut out = String::new();
            let mut in_words = false;
            for part in line {
                let (text, words) = match part {
                    Part::Text { text, fold, .. } => (text.clone(), fold.is_none()),
                    Part::Token { token, state, .. } => (format!("[{token} {state}]"), false),
                    Part::Slot { .. } => ("[ ]".into(), false),
                    Part::More { more, .. } => (format!("+{more}"), false),
                    Part::Bar { bar, .. } => (format!("|{bar}|"), false),
                    Part::Mark { mark } => (format!("!{mark}"), false),
                };
                let gap = if out.is_empty() || in_words && words { "" } else { " " };
                out += &format!("{gap}{text}");
                in_words = words;
            }
            out
        };
        moment(board, t).stage.iter().flat_map(|cell| cell.lines.iter().map(line)).collect()
    }

    #[test]
    fn the_stage_of_the_first_picture_says_what_the_design_says() {
        let board = sample::board(Lang::En);
        let expected = [
            "[T due] !overdue due 95.8\u{a0}ms ago",
            "nobody has noticed yet",
            "[J2 blocked] blocked, 99.99 of 400\u{a0}ms budget 128",
            "LIFO [ ] queue |0| 0 / 256",
            "[J1 blocked] blocked, 99.98 of 400\u{a0}ms budget 128",
            "LIFO [ ] queue |0| 0 / 256",
            "held by nobody",
            "1 timer waits: T, overdue",
        ];
        assert_eq!(
            told(&board, us(150_000)),
            expected.map(|line| line.replace("99.99", "100.0").replace("99.98", "100.0"))
        );
        let moment = moment(&board, us(150_000));
        assert_eq!((moment.clock.as_str(), moment.heading.as_str()), ("150.0\u{a0}ms", "The machine at 150.0\u{a0}ms"));
        assert_eq!(
            plain(&moment.caption),
            "Both workers are inside blocking calls, so nobody looks at the timers. T was due 95.8\u{a0}ms ago."
        );
        assert_eq!(moment.events, board.times.len() as u64);
    }

    #[test]
    fn before_and_after_the_wait_the_machine_sleeps_on_the_driver() {
        let board = sample::board(Lang::En);
        let early = told(&board, us(30_000));
        assert_eq!(early[0], "[T idle] sleeps until 34.2\u{a0}ms");
        assert_eq!(early[2], "parked, looks after timers");
        assert_eq!(early[6], "held by worker 0 (parked)");
        assert_eq!(early[7], "next timer in 4.2\u{a0}ms (T)");
    }

    #[test]
    fn what_is_spoken_has_units_as_words_and_every_row() {
        let board = sample::board(Lang::En);
        let spoken = moment(&board, us(150_000)).spoken;
        assert!(
            spoken
                .starts_with("150.0 of 500 milliseconds. Ticker T, every 10 milliseconds: T due 95.8 milliseconds ago"),
            "{spoken}"
        );
        assert!(spoken.contains("Worker 1, thread 2: J1 blocked, 100.0 of 400 milliseconds"), "{spoken}");
        assert!(spoken.contains("400 milliseconds, budget 128, LIFO slot empty, queue 0 / 256."), "{spoken}");
        assert!(spoken.contains("held by nobody, 1 timer waits: T, overdue."), "{spoken}");
        assert!(!spoken.contains("  "), "{spoken}");
        assert!(spoken.contains("T ran 395.9 milliseconds after it could have run."), "{spoken}");
        assert!(!spoken.contains('\u{a0}'));
    }
}
