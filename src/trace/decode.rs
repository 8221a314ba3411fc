//! A record out of JSON.
//!
//! Written out, because what is derived for events (their fields stand beside the name of the event, places and parts are
//! flattened into them) makes every field's type once for each way in which JSON can say something: a seventh of the
//! package for browsers, for what a look into a map does as well.

use serde::Deserialize;
use serde::de::value::{Error, StrDeserializer};
use serde::de::{self, IntoDeserializer};
use serde_json::{Map, Value};

use super::event::{Cause, Ended, Event, Line, OffCpu, Place, PollEnd, Release, Role, Sleep, Waits, What};
use super::record::Record;
use crate::id::{ChannelId, CpuId, KindId, MutexId, TaskId, ThreadId, WorkerId};
use crate::time::{Nanos, Time};

/// The fields of one record.
type Fields = Map<String, Value>;

/// What a field can hold.
trait Field: Sized {
    /// Takes it out of the fields of a record.
    fn take(fields: &Fields, name: &str) -> Result<Self, String>;
}

fn of<'a>(fields: &'a Fields, name: &str) -> Result<&'a Value, String> {
    fields.get(name).ok_or_else(|| format!("missing field `{name}`"))
}

impl Field for u64 {
    fn take(fields: &Fields, name: &str) -> Result<u64, String> {
        let value = of(fields, name)?;
        value.as_u64().ok_or_else(|| format!("{name}: {value} is not a whole number from 0"))
    }
}

fn whole<T: TryFrom<u64>>(fields: &Fields, name: &str) -> Result<T, String> {
    let value = u64::take(fields, name)?;
    T::try_from(value).map_err(|_| format!("{name}: {value} is too large"))
}

impl Field for u32 {
    fn take(fields: &Fields, name: &str) -> Result<u32, String> {
        whole(fields, name)
    }
}

impl Field for bool {
    fn take(fields: &Fields, name: &str) -> Result<bool, String> {
        let value = of(fields, name)?;
        value.as_bool().ok_or_else(|| format!("{name}: {value} is not true or false"))
    }
}

impl<T: Field> Field for Option<T> {
    fn take(fields: &Fields, name: &str) -> Result<Option<T>, String> {
        match fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => T::take(fields, name).map(Some),
        }
    }
}

/// Types around a number.
macro_rules! numbers {
    ($($type:ident)*) => { $(
        impl Field for $type {
            fn take(fields: &Fields, name: &str) -> Result<$type, String> {
                whole(fields, name).map($type)
            }
        }
    )* };
}
numbers!(TaskId KindId WorkerId ThreadId CpuId ChannelId MutexId Nanos Time);

fn word<'a>(fields: &'a Fields, name: &str) -> Result<&'a str, String> {
    let value = of(fields, name)?;
    value.as_str().ok_or_else(|| format!("{name}: {value} is not a name"))
}

/// One of several names.
fn named<'de, T: Deserialize<'de>>(fields: &'de Fields, name: &str) -> Result<T, String> {
    let word: StrDeserializer<'de, Error> = word(fields, name)?.into_deserializer();
    T::deserialize(word).map_err(|error| format!("{name}: {error}"))
}

macro_rules! names {
    ($($type:ident)*) => { $(
        impl Field for $type {
            fn take(fields: &Fields, name: &str) -> Result<$type, String> {
                named(fields, name)
            }
        }
    )* };
}
names!(Cause PollEnd What Role Release Sleep OffCpu Ended);

/// Enums that stand beside the other fields: their name under their own field, what they hold under `of`.
macro_rules! beside {
    ($($type:ident: $field:literal { $($word:literal => $variant:ident $(($of:ident))?,)* })*) => { $(
        impl Field for $type {
            fn take(fields: &Fields, _name: &str) -> Result<$type, String> {
                match word(fields, $field)? {
                    $($word => Ok($type::$variant $(($of::take(fields, "of")?))?),)*
                    other => Err(format!("{}: unknown variant `{other}`", $field)),
                }
            }
        }
    )* };
}
beside! {
    Place: "place" {
        "local" => Local(WorkerId),
        "lifo" => Lifo(WorkerId),
        "global" => Global,
        "deferred" => Deferred(ThreadId),
        "pool" => Pool,
    }
    Line: "line" {
        "inject" => Inject,
        "sleepers" => Sleepers,
        "ring" => Ring(WorkerId),
        "driver" => Driver,
        "pool" => Pool,
    }
    Waits: "waits" {
        "nobody" => Nobody,
        "channel" => Channel(ChannelId),
        "task" => Task(TaskId),
        "worker" => Worker,
        "stretch" => Stretch,
        "mutex" => Mutex(MutexId),
    }
}

macro_rules! events {
    ($($word:literal => $event:ident { $($field:ident),* })*) => {
        fn event(fields: &Fields) -> Result<Event, String> {
            match word(fields, "event")? {
                $($word => Ok(Event::$event { $($field: Field::take(fields, stringify!($field))?),* }),)*
                other => Err(format!("unknown variant `{other}`")),
            }
        }

        /// Does not compile while an event is missing above.
        const _: fn(&Event) = |event| match event {
            $(Event::$event { .. } => (),)*
        };
    };
}
events! {
    "spawn" => Spawn { task, parent, kind, job }
    "due" => Due { task, cause }
    "wake" => Wake { task, cause, by }
    "enqueue" => Enqueue { task, place }
    "move" => Move { task, place }
    "poll_start" => PollStart { task, budget, tick }
    "poll_end" => PollEnd { task, end }
    "at" => At { task, step }
    "stretch_start" => StretchStart { task, what, length }
    "stretch_end" => StretchEnd { task, what }
    "timer" => Timer { task, cause, due, fires }
    "send" => Send { task, channel }
    "recv" => Recv { task, channel }
    "mutex_wait" => MutexWait { task, mutex, holder }
    "mutex_held" => MutexHeld { task, mutex }
    "mutex_released" => MutexReleased { task, mutex }
    "outside_send" => OutsideSend { channel }
    "forced_yield" => ForcedYield { task }
    "measure" => Measure { task, label, took }
    "cancel" => Cancel { task }
    "stuck" => Stuck { task, on }
    "acquire" => Acquire { worker }
    "release" => Release { worker, why }
    "search" => Search {}
    "search_end" => SearchEnd { found }
    "steal" => Steal { victim, count }
    "overflow" => Overflow { count }
    "batch" => Batch { count }
    "global_interval" => GlobalInterval { ticks }
    "park" => Park { sleep }
    "unparked" => Unparked { driver }
    "unpark" => Unpark { target }
    "driver_held" => DriverHeld {}
    "driver_released" => DriverReleased {}
    "driver_turn" => DriverTurn { woken }
    "look" => Look { target, polls }
    "retake" => Retake { target, worker, first }
    "thread_start" => ThreadStart { thread, role }
    "thread_end" => ThreadEnd {}
    "cpu_on" => CpuOn { cpu }
    "cpu_off" => CpuOff { why }
    "lock_wait" => LockWait { line, holder }
    "lock_held" => LockHeld { line }
    "dropped" => Dropped { count }
    "run_end" => RunEnd { why, left }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Record, D::Error> {
        let fields = Fields::deserialize(deserializer)?;
        let record = || -> Result<Record, String> {
            Ok(Record {
                at: Field::take(&fields, "at")?,
                thread: Field::take(&fields, "on_thread")?,
                worker: Field::take(&fields, "on_worker")?,
                event: event(&fields)?,
            })
        };
        record().map_err(de::Error::custom)
    }
}
