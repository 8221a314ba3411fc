//! Chrome's trace event format as JSON, which Perfetto opens, too: the reader. (`view::perfetto` writes it, because names
//! and waits are those of the page.)
//!
//! A file is a list of events, whose last bracket may be missing, or an object with the list as `traceEvents`. What
//! Dandori wrote has its own stream beside it, under [`STREAM`], and that is read: nothing is guessed from slices. Of
//! anybody else's file the slices of threads are read (`X`, `B` with `E`) and the names (`M`); all other events are
//! counted and named. Source of the letters: the Trace Event Format, and what
//! `src/trace_processor/importers/json` of Perfetto does with them.
//!
//! The reader goes over the text once and keeps one small row for each slice. Whatever nests deeply is skipped without
//! recursion; texts are cut; an event that makes no sense is a problem with its line, and the next one is read.

mod event;
mod slices;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use self::event::Event;
use self::slices::Slices;
use super::import::{Import, lawful};
use super::jsonl::{Limits, LineProblem, read_lines};

/// The key beside `traceEvents` under which Dandori puts its own stream: a list of the lines of JSON Lines.
pub const STREAM: &str = "dandori";
/// Slices that lie deeper in others are counted and not shown. Taste: more than a lane can be split into.
pub const DEPTH: usize = 32;
/// Events that may be in a file for each record that may be in a stream: our own has up to three.
const EVENTS: usize = 4;
/// Most threads that are shown. Taste: more than anybody looks at.
pub const THREADS: usize = 1_024;

/// Reads a file that [`super::import`] took for Chrome JSON.
pub(super) fn read(text: &[u8], limits: Limits) -> Result<Import, Vec<LineProblem>> {
    let mut file =
        File { cursor: Cursor::new(text), limits, slices: Slices::default(), own: None, problems: Vec::new() };
    file.whole();
    let File { own, slices, mut problems, .. } = file;
    if let Some(own) = own.filter(|_| problems.is_empty()) {
        let lines: Vec<u64> = own.iter().map(|&(line, _)| line).collect();
        let recording = read_lines(own.into_iter(), limits)?;
        lawful(&recording, limits, |record| lines.get(record + 1).copied().unwrap_or(1))?;
        return Ok(Import { recording, left_out: Vec::new() });
    }
    if problems.is_empty() {
        match slices.import() {
            Ok(import) => return Ok(import),
            Err(message) => problems.push(LineProblem { line: 1, message }),
        }
    }
    Err(problems)
}

struct File<'a> {
    cursor: Cursor<'a>,
    limits: Limits,
    slices: Slices,
    /// Our own stream, as lines with their numbers.
    own: Option<Vec<(u64, &'a [u8])>>,
    problems: Vec<LineProblem>,
}

impl<'a> File<'a> {
    fn problem(&mut self, line: u64, message: impl Into<String>) {
        if self.problems.len() < self.limits.problems {
            self.problems.push(LineProblem { line, message: message.into() });
        }
    }

    fn is_full(&self) -> bool {
        self.problems.len() >= self.limits.problems
    }

    fn whole(&mut self) {
        match self.cursor.peek() {
            Some(b'[') => {
                self.cursor.skip();
                self.events();
            }
            Some(b'{') => self.object(),
            _ => return self.problem(1, "is neither a list of events nor an object with `traceEvents`"),
        }
        if self.problems.is_empty() && self.cursor.peek().is_some() {
            let line = self.cursor.line();
            self.problem(line, "something follows after the end of the trace");
        }
    }

    /// The object around the list of events.
    fn object(&mut self) {
        self.cursor.skip();
        let mut found = false;
        loop {
            match self.cursor.peek() {
                Some(b'}') => {
                    self.cursor.skip();
                    break;
                }
                Some(b',') => self.cursor.skip(),
                Some(b'"') => {
                    let Some(key) = self.value::<String>("a key") else { return };
                    if self.cursor.peek() != Some(b':') {
                        let line = self.cursor.line();
                        return self.problem(line, format!("{}: a colon is missing", clipped(&key)));
                    }
                    self.cursor.skip();
                    let is_list = self.cursor.peek() == Some(b'[');
                    match key.as_str() {
                        "traceEvents" | STREAM if !is_list => {
                            let line = self.cursor.line();
                            return self.problem(line, format!("{key}: is not a list"));
                        }
                        "traceEvents" => {
                            found = true;
                            self.cursor.skip();
                            self.events();
                        }
                        STREAM => {
                            self.cursor.skip();
                            self.stream();
                        }
                        _ => {
                            if self.value::<IgnoredAny>(&clipped(&key)).is_none() {
                                return;
                            }
                        }
                    }
                    if self.is_full() {
                        return;
                    }
                }
                other => {
                    let line = self.cursor.line();
                    let what = if other.is_none() { "the file ends in the middle" } else { "a key is missing" };
                    return self.problem(line, what);
                }
            }
        }
        if !found && self.own.is_none() {
            self.problem(1, "traceEvents: is missing; it is the list of the events");
        }
    }

    /// The events, after the opening bracket. That the closing one is missing is allowed.
    fn events(&mut self) {
        let mut count = 0;
        while let Some((line, raw)) = self.item() {
            count += 1;
            let most = self.limits.records.saturating_mul(EVENTS);
            if count > most {
                return self.problem(line, format!("there are more than {most} events"));
            }
            match Event::read(raw) {
                Ok(event) => {
                    if let Err(message) = self.slices.take(event) {
                        self.problem(line, message);
                    }
                }
                Err(message) => self.problem(line, message),
            }
            if self.is_full() {
                return;
            }
        }
    }

    /// Our own stream, after the opening bracket.
    fn stream(&mut self) {
        let mut own = Vec::new();
        while let Some((line, raw)) = self.item() {
            if own.len() > self.limits.records {
                return self.problem(line, format!("there are more than {} records", self.limits.records));
            }
            if raw.len() > self.limits.line {
                return self.problem(line, format!("the record is longer than {} bytes", self.limits.line));
            }
            own.push((line, raw.as_bytes()));
        }
        self.own = Some(own);
    }

    /// The next item of a list, and the number of its line; `None`: the list is over, or cannot be read further.
    fn item(&mut self) -> Option<(u64, &'a str)> {
        loop {
            match self.cursor.peek() {
                Some(b',') => self.cursor.skip(),
                Some(b']') => {
                    self.cursor.skip();
                    return None;
                }
                // Chrome's own reader does without the closing bracket, because programs die.
                None => return None,
                Some(_) => {
                    let line = self.cursor.line();
                    let raw = self.value::<&'a RawValue>("an event")?;
                    return Some((line, raw.get()));
                }
            }
        }
    }

    /// The next value, or a problem.
    fn value<T: serde::Deserialize<'a>>(&mut self, what: &str) -> Option<T> {
        match self.cursor.value() {
            Ok(value) => Some(value),
            Err((line, message)) => {
                self.problem(line, format!("{what}: is not JSON: {message}"));
                None
            }
        }
    }
}

/// A place in the text, and on which line it lies.
struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    /// Line of `counted`.
    line: u64,
    counted: usize,
}

impl<'a> Cursor<'a> {
    fn new(text: &'a [u8]) -> Cursor<'a> {
        Cursor { text, at: 0, line: 1, counted: 0 }
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.text.get(self.at) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn skip(&mut self) {
        self.at += 1;
    }

    fn line(&mut self) -> u64 {
        let to = self.at.min(self.text.len());
        self.line += self.text[self.counted..to].iter().filter(|&&byte| byte == b'\n').count() as u64;
        self.counted = to;
        self.line
    }

    /// Reads one value and goes behind it.
    fn value<T: serde::Deserialize<'a>>(&mut self) -> Result<T, (u64, String)> {
        let mut values = serde_json::Deserializer::from_slice(&self.text[self.at..]).into_iter::<T>();
        match values.next() {
            Some(Ok(value)) => {
                self.at += values.byte_offset();
                Ok(value)
            }
            Some(Err(error)) => {
                let line = self.line() + (error.line() as u64).saturating_sub(1);
                let text = error.to_string();
                // The position that is in the message counts from here, not from the beginning of the file.
                Err((line, text.split(" at line ").next().unwrap_or_default().to_owned()))
            }
            None => Err((self.line(), "the file ends in the middle".to_owned())),
        }
    }
}

/// A text from outside, short enough for a message.
fn clipped(text: &str) -> String {
    text.chars().take(64).collect()
}
