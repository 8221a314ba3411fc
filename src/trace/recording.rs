//! A whole run: its stream and what a reader must know beside it.

use serde::{Deserialize, Serialize};

use super::Trace;
use crate::time::Time;

/// Which world wrote a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Virtual time.
    Simulated,
    /// Real threads.
    Real,
    /// Somebody else's trace: slices on threads, shown as polls of tasks that are named after them. Nothing in it is
    /// known of wakes, queues or workers, and the laws do not hold.
    Foreign,
}

/// What stands beside the stream.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Meta {
    /// Version of the stream: [`super::record::FORMAT`].
    pub format: u32,
    /// Version of the crate that wrote it.
    pub engine: String,
    /// Which world wrote it.
    pub origin: Origin,
    /// Name of the scenario.
    pub scenario: String,
    /// Name of the policy.
    pub policy: String,
    /// Seed.
    pub seed: u64,
    /// CPUs of the machine.
    pub cpus: u16,
    /// Workers of the policy.
    pub workers: u16,
    /// Kinds of tasks, by [`crate::id::KindId`].
    pub kinds: Vec<KindMeta>,
    /// Channels, by [`crate::id::ChannelId`].
    pub channels: Vec<String>,
    /// Names of mutexes.
    #[serde(default)]
    pub mutexes: Vec<String>,
    /// Labels of `measure`.
    pub labels: Vec<String>,
    /// Where the run ended.
    pub end: Time,
    /// Records that a full buffer dropped.
    pub dropped: u64,
    /// Names of threads, by [`crate::id::ThreadId`], where a foreign trace had names for them; else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub threads: Vec<String>,
}

/// A kind of task, for people.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KindMeta {
    /// Its name.
    pub name: String,
    /// Letters for tokens.
    pub label: String,
}

/// A run that is over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recording {
    /// What stands beside the stream.
    pub meta: Meta,
    /// The stream.
    pub trace: Trace,
}
