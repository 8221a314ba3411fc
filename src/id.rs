//! Names of the things in a run. All are dense numbers in order of appearance, good for indexing and for records,
//! never for drawing random numbers: those are keyed by a task's *path* (see [`crate::rng::Key`]).

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($repr:ty), $letter:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $repr);

        impl $name {
            /// As an index into a table with one row per thing.
            #[must_use]
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($letter, "{}"), self.0)
            }
        }
    };
}

id!(
    /// A task, or a job of the blocking pool: both are spawned, queued, polled and end.
    TaskId(u32), "t"
);
id!(
    /// A worker: the right to run tasks, with its queue. Not a thread.
    WorkerId(u16), "w"
);
id!(
    /// An operating-system thread, simulated or real. Holds at most one worker.
    ThreadId(u16), "thread "
);
id!(
    /// A simulated CPU. Runs at most one thread.
    CpuId(u16), "cpu "
);
id!(
    /// A kind of task: an entry of the scenario's `tasks`.
    KindId(u16), "kind "
);
id!(
    /// A channel of the scenario.
    ChannelId(u16), "channel "
);
id!(
    /// A mutex of the scenario.
    MutexId(u16), "mutex "
);
