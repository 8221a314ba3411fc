//! A recording from a file of somebody: our own JSON Lines, our own Chrome JSON, or the Chrome JSON of another program.
//! Which it is, is seen from its first bytes. What is ours must obey the laws ([`super::laws`]); what is not is shown as
//! far as it goes, and what is left out is counted.

use std::io::Read;

use super::jsonl::{self, Limits, LineProblem};
use super::recording::Origin;
use super::{Recording, chrome, laws};

/// What a file held.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Import {
    /// The run.
    pub recording: Recording,
    /// What a foreign trace held and a recording cannot, in the order of [`LeftOut`]; never a count of zero.
    pub left_out: Vec<(LeftOut, u64)>,
}

/// Something of a foreign trace that is not shown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum LeftOut {
    /// Moments without a length.
    Instants,
    /// Values of counters.
    Counters,
    /// Arrows between slices.
    Flows,
    /// Slices that belong to no thread.
    Async,
    /// Samples, objects, memory dumps and whatever else has a letter of its own.
    Others,
    /// Ends of slices whose begin is not in the file.
    Ends,
    /// Slices that lie deeper in others than [`chrome::DEPTH`].
    Deep,
    /// Slices of threads or with names beyond the bounds.
    Beyond,
}

/// Reads a whole file, or says everything that is wrong with it.
///
/// # Errors
/// Problems with the number of their line, at most [`Limits::problems`].
pub fn read(bytes: &[u8], limits: Limits) -> Result<Import, Vec<LineProblem>> {
    if bytes.len() > limits.bytes {
        let message = format!("the file is longer than {} bytes, which is the most", limits.bytes);
        return Err(vec![LineProblem { line: 1, message }]);
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if is_chrome(text, limits) {
        return chrome::read(text, limits);
    }
    let recording = jsonl::read(text, limits)?;
    // The first line is the meta.
    lawful(&recording, limits, |record| record as u64 + 2)?;
    Ok(Import { recording, left_out: Vec::new() })
}

/// The same from a source of unknown length, of which no more is read than may be.
///
/// # Errors
/// As [`read`], and if the source cannot be read.
pub fn read_from(source: impl Read, limits: Limits) -> Result<Import, Vec<LineProblem>> {
    let mut bytes = Vec::new();
    if let Err(error) = source.take(limits.bytes as u64 + 1).read_to_end(&mut bytes) {
        return Err(vec![LineProblem { line: 1, message: format!("cannot be read: {error}") }]);
    }
    read(&bytes, limits)
}

/// Whether a file that begins so is a trace, and not something else in JSON: a scenario has neither sign.
#[must_use]
pub fn is_trace(head: &[u8]) -> bool {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let is_first_line = || {
        let first = serde_json::from_slice::<FirstLine>(line);
        first.is_ok_and(|first| first.format.is_some() && first.origin.is_some())
    };
    text.first() == Some(&b'[') || names_events(text) || is_first_line()
}

fn names_events(text: &[u8]) -> bool {
    let sign = b"\"traceEvents\"";
    text.windows(sign.len()).any(|here| here == sign)
}

/// Chrome JSON is a list, or an object with `traceEvents`. JSON Lines begin with an object that has a `format`.
fn is_chrome(text: &[u8], limits: Limits) -> bool {
    let text = text.trim_ascii_start();
    if text.first() == Some(&b'[') {
        return true;
    }
    let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    if line.len() > limits.line {
        return text.first() == Some(&b'{');
    }
    match serde_json::from_slice::<FirstLine>(line) {
        Ok(first) => first.format.is_none() && first.events.is_some(),
        // An object that goes on beyond its first line is no JSON Lines, nor is one that says what it is before it breaks.
        Err(error) => error.is_eof() && !line.trim_ascii().is_empty() && line.len() < text.len() || names_events(line),
    }
}

/// The fields by which formats are told apart.
#[derive(serde::Deserialize)]
struct FirstLine {
    #[serde(default)]
    origin: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    format: Option<serde::de::IgnoredAny>,
    #[serde(default, rename = "traceEvents")]
    events: Option<serde::de::IgnoredAny>,
}

/// Our own streams obey the laws. `line`: where a record stands.
pub(super) fn lawful(
    recording: &Recording,
    limits: Limits,
    line: impl Fn(usize) -> u64,
) -> Result<(), Vec<LineProblem>> {
    if recording.meta.origin == Origin::Foreign {
        return Ok(());
    }
    let report = laws::check(recording);
    if report.is_clean() {
        return Ok(());
    }
    let told = report.violations.iter().take(limits.problems);
    Err(told
        .map(|broken| LineProblem {
            line: line(broken.record),
            message: format!("breaks the law `{}`: {}", broken.law, broken.says),
        })
        .collect())
}
