//! JSON Lines: the first line is the [`Meta`], every other line one record, in the order of the stream.
//!
//! What is written comes back exactly, with the same digest. The reader takes nothing on trust: lines, records, names,
//! numbers of workers and times are bounded, each line must be *exactly* one record (no field unknown, missing or out of
//! range), times must not go back, and kinds, channels and labels must be those that the first line lists. It names
//! every problem with the number of its line, up to [`Limits::problems`]. Whether the stream makes sense is another
//! question, which [`super::import`] asks.

use std::fmt;
use std::io::{self, BufRead, Read, Write};

use serde::Serialize;
use serde_json::Value;

use super::record::FORMAT;
use super::{Event, Line, Meta, Place, Record, Recording, Trace, Waits};
use crate::id::WorkerId;
use crate::time::Time;

/// Where a reader stops.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Longest line in bytes, without its end.
    pub line: usize,
    /// Longest file in bytes; [`read`] itself only knows lines.
    pub bytes: usize,
    /// Most records.
    pub records: usize,
    /// Most problems that are listed.
    pub problems: usize,
}

impl Default for Limits {
    /// A megabyte a line, two gigabytes a file; twenty million records, which take 600 MB; a hundred problems. Picked
    /// by taste.
    fn default() -> Limits {
        Limits { line: 1 << 20, bytes: 2 << 30, records: 20_000_000, problems: 100 }
    }
}

impl Limits {
    /// For a page, whose memory is shared with everything else on it: 256 MB of text, two million records.
    pub const PAGE: Limits = Limits { line: 1 << 20, bytes: 256 << 20, records: 2_000_000, problems: 100 };
}

/// Latest time in nanoseconds: what every reader of JSON holds exactly, 104 days.
pub const LATEST: u64 = (1 << 53) - 1;
/// Most workers, and most CPUs: the largest number of 16 bits stands for none.
pub const WORKERS: u16 = u16::MAX - 1;
/// Most letters of a name.
pub const NAME: usize = 256;
/// Most kinds, channels and labels, each.
pub const NAMES: usize = 4_096;

/// What is wrong with a line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct LineProblem {
    /// Number of the line, from 1.
    pub line: u64,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl fmt::Display for LineProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// Writes a recording, one line for its meta and one for each record.
pub fn write(recording: &Recording, mut out: impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut out, &recording.meta)?;
    out.write_all(b"\n")?;
    for record in recording.trace.iter() {
        serde_json::to_writer(&mut out, &record)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Reads a recording, or says everything that is wrong with it.
pub fn read(input: impl BufRead, limits: Limits) -> Result<Recording, Vec<LineProblem>> {
    let mut reader = Reader::new(input, limits);
    let meta = reader.meta();
    if let Some(meta) = &meta {
        reader.records(meta);
    }
    reader.finish(meta)
}

/// Reads a recording whose lines somebody else has found: each with its number, the first one the meta.
pub(super) fn read_lines<'a>(
    mut lines: impl Iterator<Item = (u64, &'a [u8])>,
    limits: Limits,
) -> Result<Recording, Vec<LineProblem>> {
    let mut reader = Reader::new(io::empty(), limits);
    let Some((line, bytes)) = lines.next() else {
        reader.line = 1;
        reader.problem("there are no records; the first one describes the run");
        return Err(reader.problems);
    };
    reader.take(line, bytes);
    let meta = reader.meta_here();
    if let Some(meta) = &meta {
        for (line, bytes) in lines {
            if reader.is_full() {
                break;
            }
            reader.take(line, bytes);
            reader.record(meta);
            if reader.trace.len() > limits.records {
                reader.problem(format!("there are more than {} records", limits.records));
                break;
            }
        }
    }
    reader.finish(meta)
}

struct Reader<R> {
    input: R,
    limits: Limits,
    line: u64,
    bytes: Vec<u8>,
    /// A record written again, to compare.
    again: Vec<u8>,
    problems: Vec<LineProblem>,
    trace: Trace,
    last: Time,
}

/// What the reader found next.
enum Next {
    Line,
    TooLong,
    End,
}

impl<R: BufRead> Reader<R> {
    fn new(input: R, limits: Limits) -> Reader<R> {
        Reader {
            input,
            limits,
            line: 0,
            bytes: Vec::new(),
            again: Vec::new(),
            problems: Vec::new(),
            trace: Trace::new(),
            last: Time::ZERO,
        }
    }

    fn finish(self, meta: Option<Meta>) -> Result<Recording, Vec<LineProblem>> {
        match meta {
            Some(meta) if self.problems.is_empty() => Ok(Recording { meta, trace: self.trace }),
            _ => Err(self.problems),
        }
    }

    /// A line from elsewhere becomes the one at hand.
    fn take(&mut self, line: u64, bytes: &[u8]) {
        self.line = line;
        self.bytes.clear();
        self.bytes.extend_from_slice(bytes);
    }

    fn problem(&mut self, message: impl Into<String>) {
        if self.problems.len() < self.limits.problems {
            self.problems.push(LineProblem { line: self.line, message: message.into() });
        }
    }

    fn is_full(&self) -> bool {
        self.problems.len() >= self.limits.problems
    }

    /// The next line in `bytes`, without its end. Of a line that is too long no more than the limit is kept.
    fn next(&mut self) -> io::Result<Next> {
        self.bytes.clear();
        self.line += 1;
        let most = self.limits.line as u64 + 1;
        if self.input.by_ref().take(most).read_until(b'\n', &mut self.bytes)? == 0 {
            return Ok(Next::End);
        }
        if self.bytes.last() == Some(&b'\n') {
            self.bytes.pop();
            if self.bytes.last() == Some(&b'\r') {
                self.bytes.pop();
            }
            return Ok(Next::Line);
        }
        if self.bytes.len() as u64 == most {
            self.bytes.clear();
            // Bounded, so that a source without an end is refused too: what follows counts as another bad line.
            self.input.by_ref().take(most.saturating_mul(64)).skip_until(b'\n')?;
            return Ok(Next::TooLong);
        }
        Ok(Next::Line)
    }

    /// The next line, with problems of reading told. `None`: there is no line, or it cannot be used.
    fn line(&mut self) -> Option<Next> {
        match self.next() {
            Ok(next) => {
                if matches!(next, Next::TooLong) {
                    self.problem(format!("the line is longer than {} bytes", self.limits.line));
                }
                Some(next)
            }
            Err(error) => {
                self.problem(format!("cannot be read: {error}"));
                None
            }
        }
    }

    fn meta(&mut self) -> Option<Meta> {
        match self.line()? {
            Next::Line => {}
            Next::TooLong => return None,
            Next::End => {
                self.problem("the file is empty; the first line describes the run");
                return None;
            }
        }
        self.meta_here()
    }

    /// The line at hand as the first one.
    fn meta_here(&mut self) -> Option<Meta> {
        let value: Value = match serde_json::from_slice(&self.bytes) {
            Ok(value) => value,
            Err(error) => {
                self.problem(format!("is not JSON: {error}"));
                return None;
            }
        };
        match value.get("format").and_then(Value::as_u64) {
            Some(format) if format == u64::from(FORMAT) => {}
            Some(format) if format > u64::from(FORMAT) => {
                self.problem(format!("format: {format} is newer than this program reads, which is {FORMAT}"));
                return None;
            }
            Some(format) => {
                self.problem(format!("format: there is no format {format}; this program reads {FORMAT}"));
                return None;
            }
            None => {
                self.problem("format: is missing; the first line describes the run, with the format as a whole number");
                return None;
            }
        }
        match serde_json::from_value::<Meta>(value.clone()) {
            Ok(meta) => {
                let again = serde_json::to_value(&meta).expect("a meta can be written");
                for name in differing(&value, &again) {
                    self.problem(format!("{name}: is not a field of the first line, or its value is out of range"));
                }
                for message in too_much(&meta) {
                    self.problem(message);
                }
                Some(meta)
            }
            Err(error) => {
                self.problem(format!("does not describe a run: {error}"));
                None
            }
        }
    }

    fn records(&mut self, meta: &Meta) {
        while !self.is_full() {
            match self.line() {
                Some(Next::Line) => self.record(meta),
                Some(Next::TooLong) => {}
                Some(Next::End) | None => return,
            }
            if self.trace.len() > self.limits.records {
                return self.problem(format!("there are more than {} records", self.limits.records));
            }
        }
    }

    fn record(&mut self, meta: &Meta) {
        let record = match serde_json::from_slice::<Record>(&self.bytes) {
            Ok(record) => record,
            Err(error) => return self.problem(format!("is not a record: {error}")),
        };
        self.again.clear();
        serde_json::to_writer(&mut self.again, &record).expect("a record can be written");
        if self.again != self.bytes {
            // Spaces and another order of fields are welcome, other fields are not.
            let read: Value = serde_json::from_slice(&self.bytes).expect("it was read above");
            let again: Value = serde_json::from_slice(&self.again).expect("it was written above");
            for name in differing(&read, &again) {
                self.problem(format!("{name}: is not a field of this record, or its value is out of range"));
            }
        }
        if record.at < self.last {
            self.problem(format!("at: {} lies before the record above, at {}", record.at.0, self.last.0));
        }
        self.last = self.last.max(record.at);
        for (field, time) in times(&record) {
            if time.0 > LATEST {
                self.problem(format!("{field}: {} is later than {LATEST}, which is the latest time", time.0));
            }
        }
        if let Some(worker) = record.worker.filter(|worker| worker.0 >= WORKERS) {
            self.problem(format!("on_worker: {} is not among the {WORKERS} workers that may be", worker.0));
        }
        for message in out_of_range(&record.event, meta, self.limits.records) {
            self.problem(message);
        }
        self.trace.push(record);
        if self.trace.get(self.trace.len() - 1) != record {
            self.problem("a number is out of range: `4294967295` and `65535` stand for none, `fires` is after `due`");
        }
    }
}

/// Names of the fields that are not the same on both sides.
fn differing(one: &Value, other: &Value) -> Vec<String> {
    let (Some(one), Some(other)) = (one.as_object(), other.as_object()) else {
        return if one == other { Vec::new() } else { vec!["the line".to_owned()] };
    };
    let mut names: Vec<String> =
        one.iter().filter(|(name, value)| other.get(*name) != Some(value)).map(|(n, _)| n.clone()).collect();
    // An optional field that is `null` here and left out there says the same.
    names.retain(|name| !one[name].is_null() || other.contains_key(name));
    names
}

/// Every point of time in a record, with its field.
fn times(record: &Record) -> Vec<(&'static str, Time)> {
    let mut times = vec![("at", record.at)];
    match record.event {
        Event::Timer { due, fires, .. } => times.extend([("due", due), ("fires", fires)]),
        Event::Retake { first, .. } => times.push(("first", first)),
        Event::StretchStart { length, .. } => times.push(("length", Time(length.0))),
        Event::Measure { took, .. } => times.push(("took", Time(took.0))),
        _ => {}
    }
    times
}

/// What is too large in the first line.
fn too_much(meta: &Meta) -> Vec<String> {
    let mut wrong = Vec::new();
    for (field, value) in [("workers", meta.workers), ("cpus", meta.cpus)] {
        if value > WORKERS {
            wrong.push(format!("{field}: {value} is more than {WORKERS}, which is the most"));
        }
    }
    if meta.end.0 > LATEST {
        wrong.push(format!("end: {} is later than {LATEST}, which is the latest time", meta.end.0));
    }
    let kinds = meta.kinds.iter().flat_map(|kind| [&kind.name, &kind.label]);
    let lists: [(&str, Vec<&String>, usize); 6] = [
        ("kinds", kinds.collect(), 2 * NAMES),
        ("channels", meta.channels.iter().collect(), NAMES),
        ("labels", meta.labels.iter().collect(), NAMES),
        ("threads", meta.threads.iter().collect(), usize::from(u16::MAX)),
        ("scenario", vec![&meta.scenario], 1),
        ("policy", vec![&meta.policy], 1),
    ];
    for (field, names, most) in lists {
        if names.len() > most {
            wrong.push(format!("{field}: there are more than {NAMES}, which is the most"));
        }
        if names.iter().any(|name| name.chars().count() > NAME) {
            wrong.push(format!("{field}: a name is longer than {NAME} letters, which is the most"));
        }
    }
    wrong
}

/// What a record names that the first line does not list.
fn out_of_range(event: &Event, meta: &Meta, records: usize) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut below = |field: &str, value: usize, count: usize, listed: &str| {
        if value >= count {
            wrong.push(format!("{field}: {value} is not among the {count} {listed}"));
        }
    };
    if let Some(task) = event.task() {
        // Every task has a record of its own, so numbers are dense; folds may keep a row for each.
        below("task", task.index(), records, "tasks that fit in a stream");
    }
    match *event {
        Event::Spawn { kind, parent, .. } => {
            below("kind", kind.index(), meta.kinds.len(), "kinds of the first line");
            below("parent", parent.map_or(0, |task| task.index()), records, "tasks that fit in a stream");
        }
        Event::Wake { by: Some(by), .. } => below("by", by.index(), records, "tasks that fit in a stream"),
        Event::MutexWait { mutex, .. } | Event::MutexHeld { mutex, .. } | Event::MutexReleased { mutex, .. } => {
            below("mutex", mutex.index(), meta.mutexes.len(), "mutexes of the first line");
            if let Event::MutexWait { holder, .. } = *event {
                below("holder", holder.index(), records, "tasks that fit in a stream");
            }
        }
        Event::Send { channel, .. } | Event::Recv { channel, .. } | Event::OutsideSend { channel } => {
            below("channel", channel.index(), meta.channels.len(), "channels of the first line");
        }
        Event::Measure { label, .. } => below("label", label as usize, meta.labels.len(), "labels of the first line"),
        Event::Stuck { on: Waits::Channel(channel), .. } => {
            below("of", channel.index(), meta.channels.len(), "channels of the first line");
        }
        _ => {}
    }
    let most = usize::from(WORKERS);
    let mut worker = |field: &str, worker: WorkerId| below(field, worker.index(), most, "workers that may be");
    match *event {
        Event::Enqueue { place: Place::Local(of) | Place::Lifo(of), .. }
        | Event::Move { place: Place::Local(of) | Place::Lifo(of), .. }
        | Event::LockWait { line: Line::Ring(of), .. }
        | Event::LockHeld { line: Line::Ring(of) } => worker("of", of),
        Event::Acquire { worker: of } | Event::Release { worker: of, .. } | Event::Retake { worker: of, .. } => {
            worker("worker", of);
        }
        Event::Steal { victim, .. } => worker("victim", victim),
        Event::Unpark { target } => worker("target", target),
        _ => {}
    }
    if let Event::CpuOn { cpu } = *event {
        below("cpu", cpu.index(), most, "CPUs that may be");
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ChannelId, KindId, TaskId, ThreadId, WorkerId};
    use crate::trace::recording::Origin;
    use crate::trace::{Cause, Ended, KindMeta};

    fn sample() -> Recording {
        let task = TaskId(0);
        let events = [
            Event::Spawn { task, parent: None, kind: KindId(0), job: false },
            Event::Enqueue { task, place: Place::Local(WorkerId(1)) },
            Event::PollStart { task, budget: u32::MAX, tick: 3 },
            Event::Send { task, channel: ChannelId(0) },
            Event::Timer { task, cause: Cause::Timer, due: Time(50), fires: Time(1_000_000) },
            Event::Stuck { task, on: Waits::Channel(ChannelId(0)) },
            Event::Dropped { count: u64::MAX },
            Event::RunEnd { why: Ended::Deadlock, left: 1 },
        ];
        let record = |(i, event): (usize, Event)| Record {
            at: Time(i as u64 * 7),
            thread: (i % 2 == 0).then_some(ThreadId(i as u16)),
            worker: (i % 4 == 0).then_some(WorkerId(1)),
            event,
        };
        let meta = Meta {
            format: FORMAT,
            engine: "0.1.0".to_owned(),
            origin: Origin::Real,
            scenario: "some \"thing\"\nelse".to_owned(),
            policy: "global-queue".to_owned(),
            seed: u64::MAX,
            cpus: 2,
            workers: 2,
            kinds: vec![KindMeta { name: "job".to_owned(), label: "J".to_owned() }],
            channels: vec!["c".to_owned()],
            mutexes: vec!["m".to_owned()],
            labels: Vec::new(),
            end: Time(49),
            dropped: u64::MAX,
            threads: Vec::new(),
        };
        Recording { meta, trace: events.into_iter().enumerate().map(record).collect() }
    }

    fn text(recording: &Recording) -> String {
        let mut out = Vec::new();
        write(recording, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn problems(text: &str) -> Vec<String> {
        read(text.as_bytes(), Limits { line: 1_000, records: 20, problems: 10, ..Limits::default() })
            .map_or_else(|problems| problems.iter().map(ToString::to_string).collect(), |_| Vec::new())
    }

    #[test]
    fn what_is_written_comes_back_with_the_same_digest() {
        let recording = sample();
        let back = read(text(&recording).as_bytes(), Limits::default()).unwrap();
        assert_eq!(back, recording);
        assert_eq!(back.trace.digest(), recording.trace.digest());
    }

    #[test]
    fn spaces_order_carriage_returns_and_a_missing_last_newline_are_welcome() {
        let recording = sample();
        let loose = text(&recording).replace("\"at\":7,", " \"at\": 7 ,").replace('\n', "\r\n");
        assert_eq!(read(loose.trim_end().as_bytes(), Limits::default()).unwrap(), recording);
    }

    #[test]
    fn every_problem_is_named_with_its_line() {
        let good = text(&sample());
        let mut lines: Vec<String> = good.lines().map(str::to_owned).collect();
        lines[1] = lines[1].replace("\"kind\":0", "\"kind\":1");
        lines[2] = lines[2].replace("\"at\":7", "\"at\":7,\"colour\":\"red\"");
        lines[3] = "{".to_owned();
        lines[4] = lines[4].replace("\"at\":21", "\"at\":3");
        lines[5] = "x".repeat(1_001);
        lines[6] = lines[6].replace("stuck", "struck");
        lines[7] = r#"{"at":42,"on_thread":65535,"event":"thread_end"}"#.to_owned();
        let problems = problems(&lines.join("\n"));
        let expected = [
            "line 2: kind: 1 is not among the 1 kinds",
            "line 3: colour: is not a field",
            "line 4: is not a record: EOF",
            "line 5: at: 3 lies before",
            "line 6: the line is longer than 1000 bytes",
            "line 7: is not a record: unknown variant `struck`",
            "line 8: a number is out of range",
        ];
        assert_eq!(problems.len(), expected.len(), "{problems:#?}");
        for (problem, expected) in problems.iter().zip(expected) {
            assert!(problem.starts_with(expected), "{problem} does not start with {expected}");
        }
    }

    #[test]
    fn newer_and_missing_formats_are_refused_before_anything_else() {
        let good = text(&sample());
        assert_eq!(problems(""), ["line 1: the file is empty; the first line describes the run"]);
        let newer = good.replace("\"format\":1", "\"format\":2");
        assert_eq!(problems(&newer), ["line 1: format: 2 is newer than this program reads, which is 1"]);
        assert!(problems(&good.replace("\"format\":1", "\"format\":0"))[0].contains("there is no format 0"));
        assert!(problems("[]\n")[0].contains("format: is missing"));
        assert!(problems(&good.replace("\"cpus\":2", "\"cpus\":2,\"gpus\":1"))[0].starts_with("line 1: gpus:"));
    }

    #[test]
    fn the_number_of_records_and_of_problems_is_bounded() {
        let mut many = text(&sample());
        let end = many.lines().last().unwrap().to_owned() + "\n";
        many.push_str(&end.repeat(20));
        assert_eq!(problems(&many), ["line 22: there are more than 20 records"]);
        let nonsense = format!("{}\n{}", many.lines().next().unwrap(), "nonsense\n".repeat(50));
        assert_eq!(problems(&nonsense).len(), 10);
    }

    #[cfg(not(target_arch = "wasm32"))]
    mod hostile {
        use super::*;
        use proptest::prelude::*;

        proptest! {
            #[test]
            fn any_bytes_give_a_recording_or_problems(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
                let limits = Limits { line: 200, records: 5, problems: 3, ..Limits::default() };
                if let Err(problems) = read(bytes.as_slice(), limits) {
                    prop_assert!(!problems.is_empty() && problems.len() <= 3);
                }
            }

            /// A change of one byte is refused, or the recording that comes back is written and read the same.
            #[test]
            fn any_changed_byte_gives_a_recording_or_problems(at in 0usize..2_000, byte in any::<u8>()) {
                let mut bytes = text(&sample()).into_bytes();
                let at = at % bytes.len();
                bytes[at] = byte;
                match read(bytes.as_slice(), Limits::default()) {
                    Ok(recording) => prop_assert_eq!(
                        read(text(&recording).as_bytes(), Limits::default()).unwrap(), recording
                    ),
                    Err(problems) => prop_assert!(!problems.is_empty()),
                }
            }
        }
    }
}
