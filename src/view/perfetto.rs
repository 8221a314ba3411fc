//! The run as Chrome JSON, which ui.perfetto.dev and chrome://tracing open: a track for each worker, thread, CPU and
//! task, with the names and times of the page; waits as slices, wakes as arrows to their polls, depths of queues as
//! counters. Beside it lies our own stream ([`crate::trace::chrome::STREAM`]), so that the file comes back exactly.
//!
//! What Perfetto's importer asks for decides the form (`src/trace_processor/importers/json` there):
//! 1. Times are microseconds; it reads three decimals exactly, so nanoseconds are kept.
//! 2. Its scanner takes `ts` and `dur` from the text before it parses an event, and knows no `\u` escapes there: they
//!    stand first, and names have no control characters.
//! 3. Slices of a track must nest; an arrow begins and ends in the innermost slice of its track at that time (`bp: e`).
//!    So whole tracks are written before the arrows, and outer slices before inner ones.
//! 4. A thread's number must be its own among all processes.
//! 5. Top-level keys that it does not know are skipped.

mod tracks;

use std::io::{self, Write};

use super::board::Board;
use crate::time::Time;
use crate::trace::Recording;
use crate::trace::chrome::STREAM;

use self::tracks::Tracks;

/// Writes the run.
///
/// # Errors
/// If `out` fails.
pub fn write(board: &Board, recording: &Recording, out: impl Write) -> io::Result<()> {
    let mut out = Events { out, first: true };
    let meta = &recording.meta;
    let other = serde_json::json!({
        "generator": format!("dandori {}", env!("CARGO_PKG_VERSION")),
        "scenario": meta.scenario,
        "policy": board.facts.title,
        "seed": meta.seed.to_string(),
        "origin": meta.origin,
    });
    writeln!(out.out, r#"{{"displayTimeUnit":"ns","otherData":{other},"traceEvents":["#)?;
    Tracks::new(board).write(&mut out)?;
    writeln!(out.out, "\n],\"{STREAM}\":[")?;
    serde_json::to_writer(&mut out.out, meta)?;
    for record in recording.trace.iter() {
        out.out.write_all(b",\n")?;
        serde_json::to_writer(&mut out.out, &record)?;
    }
    out.out.write_all(b"\n]}\n")?;
    out.out.flush()
}

/// A track: a thread of a process of the format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Track {
    process: u32,
    thread: u32,
}

/// Processes of the format, in the order in which they are shown.
mod process {
    pub const WORKERS: u32 = 1;
    pub const TASKS: u32 = 2;
    pub const THREADS: u32 = 3;
    pub const CPUS: u32 = 4;
    pub const QUEUES: u32 = 5;
}

/// More tracks of one process than this have no number of their own.
const MOST: u32 = 100_000_000;

impl Track {
    /// The track of something with this number.
    fn new(process: u32, index: usize) -> Option<Track> {
        let index = u32::try_from(index).ok().filter(|&index| index < MOST - 1)?;
        Some(Track { process, thread: process * MOST + index + 1 })
    }
}

/// Writes one event after the other.
struct Events<W> {
    out: W,
    first: bool,
}

impl<W: Write> Events<W> {
    fn next(&mut self) -> io::Result<()> {
        let gap = if std::mem::take(&mut self.first) { "" } else { ",\n" };
        self.out.write_all(gap.as_bytes())
    }

    /// The name of a process and its place among them.
    fn process(&mut self, process: u32, name: &str) -> io::Result<()> {
        let name = text(name);
        self.next()?;
        write!(self.out, r#"{{"ph":"M","pid":{process},"name":"process_name","args":{{"name":{name}}}}}"#)?;
        self.next()?;
        write!(
            self.out,
            r#"{{"ph":"M","pid":{process},"name":"process_sort_index","args":{{"sort_index":{process}}}}}"#
        )
    }

    /// The name of a track and its place among those of its process.
    fn track(&mut self, track: Track, name: &str) -> io::Result<()> {
        let (Track { process, thread }, name) = (track, text(name));
        self.next()?;
        write!(
            self.out,
            r#"{{"ph":"M","pid":{process},"tid":{thread},"name":"thread_name","args":{{"name":{name}}}}}"#
        )?;
        self.next()?;
        write!(
            self.out,
            r#"{{"ph":"M","pid":{process},"tid":{thread},"name":"thread_sort_index","args":{{"sort_index":{thread}}}}}"#
        )
    }

    /// A slice. `args`: an object.
    fn slice(&mut self, track: Track, from: Time, to: Time, name: &str, args: &serde_json::Value) -> io::Result<()> {
        let (Track { process, thread }, name) = (track, text(name));
        let (at, length) = (micros(from.0), micros(to.since(from).0));
        self.next()?;
        write!(
            self.out,
            r#"{{"ph":"X","ts":{at},"dur":{length},"pid":{process},"tid":{thread},"name":{name},"args":{args}}}"#
        )
    }

    /// A moment.
    fn instant(&mut self, track: Track, at: Time, name: &str) -> io::Result<()> {
        let (Track { process, thread }, name, at) = (track, text(name), micros(at.0));
        self.next()?;
        write!(self.out, r#"{{"ph":"i","ts":{at},"s":"t","pid":{process},"tid":{thread},"name":{name}}}"#)
    }

    /// One end of an arrow: `s` begins it, `f` ends it.
    fn flow(&mut self, is_end: bool, track: Track, at: Time, id: u32, name: &str) -> io::Result<()> {
        let (Track { process, thread }, name, at) = (track, text(name), micros(at.0));
        let (phase, bind) = if is_end { ("f", r#","bp":"e""#) } else { ("s", "") };
        self.next()?;
        write!(
            self.out,
            r#"{{"ph":"{phase}","ts":{at},"pid":{process},"tid":{thread},"cat":"wake","name":{name},"id":{id}{bind}}}"#
        )
    }

    /// A value of a counter.
    fn counter(&mut self, at: Time, name: &str, unit: &str, value: u32) -> io::Result<()> {
        let (process, at, name, unit) = (process::QUEUES, micros(at.0), text(name), text(unit));
        self.next()?;
        write!(self.out, r#"{{"ph":"C","ts":{at},"pid":{process},"name":{name},"args":{{{unit}:{value}}}}}"#)
    }
}

/// Nanoseconds as microseconds with three decimals.
fn micros(nanos: u64) -> String {
    format!("{}.{:03}", nanos / 1_000, nanos % 1_000)
}

/// A text as JSON without escapes but those of quotes and backslashes.
fn text(text: &str) -> String {
    let clean: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    serde_json::to_string(&clean).expect("a text can be written")
}
