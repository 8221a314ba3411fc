//! One event of Chrome JSON: the fields that matter, whatever their type, and nothing kept of the rest.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::trace::jsonl::{LATEST, NAME};

/// An event.
#[derive(Debug, PartialEq)]
pub(super) struct Event {
    /// What it is.
    pub phase: Phase,
    /// Process and thread; 0: not said.
    pub lane: (u64, u64),
    /// Its name; empty: it has none.
    pub name: String,
    /// When, in nanoseconds of the file's own clock.
    pub at: u64,
    /// How long, where it has a length.
    pub length: u64,
}

/// What an event is, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// `X`: a slice with its length.
    Complete,
    /// `B`: a slice begins.
    Begin,
    /// `E`: the last one that began ends.
    End,
    /// `M`, `thread_name`: `name` is that of the thread.
    ThreadName,
    /// `M`, `process_name`.
    ProcessName,
    /// `M`, whatever else: says nothing that is shown.
    Metadata,
    /// `i`, `I`, `R`.
    Instant,
    /// `C`.
    Counter,
    /// `s`, `t`, `f`.
    Flow,
    /// `b`, `n`, `e`, and the older `S`, `T`, `p`, `F`.
    Async,
    /// All further letters.
    Other,
}

/// A value of which only texts and numbers matter.
#[derive(Clone, Debug, Default, PartialEq)]
enum Scalar {
    #[default]
    Missing,
    Text(String),
    Number(f64),
    Whole(u64),
    Other,
}

/// The fields as they stand there.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Fields {
    ph: Scalar,
    ts: Scalar,
    dur: Scalar,
    pid: Scalar,
    tid: Scalar,
    name: Scalar,
    args: Args,
}

/// Of the arguments only `name` matters, which metadata has.
#[derive(Default)]
struct Args {
    name: Scalar,
}

impl Event {
    /// Reads one, or says what is wrong with it.
    pub(super) fn read(text: &str) -> Result<Event, String> {
        let fields: Fields = serde_json::from_str(text).map_err(|error| {
            let says = error.to_string();
            format!("is not an event: {}", says.split(" at line ").next().unwrap_or_default())
        })?;
        let Scalar::Text(ph) = &fields.ph else {
            return Err("ph: is missing; it is a letter that says what the event is".to_owned());
        };
        let name = fields.name.text();
        let phase = match (ph.as_str(), name.as_str()) {
            ("X", _) => Phase::Complete,
            ("B", _) => Phase::Begin,
            ("E", _) => Phase::End,
            ("M", "thread_name") => Phase::ThreadName,
            ("M", "process_name") => Phase::ProcessName,
            ("M", _) => Phase::Metadata,
            ("i" | "I" | "R", _) => Phase::Instant,
            ("C", _) => Phase::Counter,
            ("s" | "t" | "f", _) => Phase::Flow,
            ("b" | "n" | "e" | "S" | "T" | "p" | "F", _) => Phase::Async,
            (letter, _) if letter.chars().count() == 1 => Phase::Other,
            _ => return Err("ph: is one letter".to_owned()),
        };
        let name = if matches!(phase, Phase::ThreadName | Phase::ProcessName) { fields.args.name.text() } else { name };
        let lane = (fields.pid.id("pid")?, fields.tid.id("tid")?);
        let timed = matches!(phase, Phase::Complete | Phase::Begin | Phase::End);
        let at = if timed { fields.ts.nanos("ts")? } else { 0 };
        let length = if phase == Phase::Complete { fields.dur.nanos("dur")? } else { 0 };
        if at + length > LATEST {
            return Err(format!("dur: ends later than {LATEST} ns, which is the latest time"));
        }
        Ok(Event { phase, lane, name, at, length })
    }
}

impl Scalar {
    fn text(&self) -> String {
        match self {
            Scalar::Text(text) => text.clone(),
            Scalar::Whole(number) => number.to_string(),
            Scalar::Number(number) => number.to_string(),
            Scalar::Missing | Scalar::Other => String::new(),
        }
    }

    /// A process or thread: a number, or a text that stands for one.
    fn id(&self, field: &str) -> Result<u64, String> {
        match self {
            Scalar::Missing => Ok(0),
            Scalar::Whole(number) => Ok(*number),
            // Texts and negative numbers are names like any other: a number that no counting from one reaches.
            Scalar::Number(number) => Ok(number.to_bits() | 1 << 63),
            Scalar::Text(text) => Ok(text.parse().unwrap_or_else(|_| hash(text) | 1 << 63)),
            Scalar::Other => Err(format!("{field}: is neither a number nor a text")),
        }
    }

    /// Microseconds, with decimals, as nanoseconds.
    fn nanos(&self, field: &str) -> Result<u64, String> {
        let missing = || format!("{field}: is missing; it is a number of microseconds");
        let micros = match self {
            Scalar::Whole(whole) if *whole <= LATEST / 1_000 => return Ok(whole * 1_000),
            Scalar::Whole(whole) => *whole as f64,
            Scalar::Number(number) => *number,
            Scalar::Text(text) => text.trim().parse().map_err(|_| missing())?,
            Scalar::Missing | Scalar::Other => return Err(missing()),
        };
        let nanos = (micros * 1_000.0).round();
        if !(0.0..=LATEST as f64).contains(&nanos) {
            return Err(format!("{field}: {micros} is not between 0 and {} microseconds", LATEST / 1_000));
        }
        Ok(nanos as u64)
    }
}

/// FNV-1a over the bytes.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        // Control characters would break lines wherever the name is written.
        let clean = |letter: char| if letter.is_control() { ' ' } else { letter };
        Ok(Scalar::Text(text.chars().take(NAME).map(clean).collect()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar::Whole(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
        Ok(u64::try_from(number).map_or(Scalar::Number(number as f64), Scalar::Whole))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Scalar, E> {
        Ok(Scalar::Other)
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Missing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Scalar, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Scalar, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Scalar, D::Error> {
        from.deserialize_any(ScalarVisitor)
    }
}

struct ArgsVisitor;

impl<'de> Visitor<'de> for ArgsVisitor {
    type Value = Args;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("arguments")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Args, A::Error> {
        let mut args = Args::default();
        while let Some(key) = entries.next_key::<Scalar>()? {
            match key {
                Scalar::Text(name) if name == "name" => args.name = entries.next_value()?,
                _ => drop(entries.next_value::<IgnoredAny>()?),
            }
        }
        Ok(args)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Args, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Args::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Args, E> {
        Ok(Args::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Args, E> {
        Ok(Args::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Args, E> {
        Ok(Args::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Args, E> {
        Ok(Args::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Args, E> {
        Ok(Args::default())
    }

    fn visit_unit<E>(self) -> Result<Args, E> {
        Ok(Args::default())
    }
}

impl<'de> Deserialize<'de> for Args {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Args, D::Error> {
        from.deserialize_any(ArgsVisitor)
    }
}
