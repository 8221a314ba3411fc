//! What everything costs: the only numbers by which the simulator moves time, apart from what programs ask for.
//!
//! A cost is a function of an event and of the shared part that it touches. Costs of hooks are paid after the decision
//! (see [`crate::trace::Event`]): they move the thread's next activation. Sources are sections of the fact sheet that
//! `docs/validation.md` summarises; `calibrate` replaces them by measurements.

use serde::{Deserialize, Serialize};

use crate::policy::Op;
use crate::time::Nanos;
use crate::trace::{Event, Line, Place};

/// The cost model. All fields in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Costs {
    /// Take a task from a queue and enter its poll.
    pub poll_start: u64,
    /// Leave a poll.
    pub poll_end: u64,
    /// Put a task in a worker's own queue or LIFO slot.
    pub push_local: u64,
    /// Put a task in the global queue, or take one from it, with nobody else there.
    pub global: u64,
    /// Added to the use of a shared line for each thread that waits for it at that time.
    pub contention: u64,
    /// Send a task to the blocking pool.
    pub push_pool: u64,
    /// Allocate a task and schedule it for the first time.
    pub spawn: u64,
    /// Move a batch of 129 from a full ring to the global queue.
    pub overflow: u64,
    /// Look at a victim that has nothing.
    pub probe: u64,
    /// Take a task from a victim.
    pub steal: u64,
    /// Move one more task in the same batch.
    pub move_one: u64,
    /// Read an atomic length.
    pub peek: u64,
    /// Look through sleepers or queues before sleeping.
    pub rescan: u64,
    /// Wake a parked thread: what the waker pays.
    pub unpark: u64,
    /// From the wake of a parked thread until it runs.
    pub wake_latency: u64,
    /// Go to sleep.
    pub park: u64,
    /// Look at timers and I/O without waiting.
    pub driver_turn: u64,
    /// Register or cancel a timer.
    pub timer: u64,
    /// How late the kernel ends a timed sleep.
    pub timer_slack: u64,
    /// The driver's sleep is counted in this grain and rounded up (epoll: 1 ms).
    pub driver_grain: u64,
    /// Start a thread: what the starter pays.
    pub thread_start: u64,
    /// From its start until a new thread runs.
    pub thread_latency: u64,
    /// Switch a CPU from one thread to another.
    pub context_switch: u64,
    /// Base slice of the kernel's fair scheduler for one CPU; the slice is this x (1 + log2(min(CPUs, 8))).
    pub slice: u64,
    /// The first poll of a task on another CPU than the one that touched it last: its lines of cache have to come over.
    pub migration: u64,
    /// Enter or leave a blocking call.
    pub syscall: u64,
    /// Send or receive one message.
    pub message: u64,
    /// Stop a computing thread in the middle and switch it to another task: signal, handler, switch.
    pub preempt: u64,
}

impl Costs {
    /// Nothing costs anything: queueing theory holds exactly. The slice stays, so that threads still share CPUs.
    pub const IDEAL: Costs = Costs {
        poll_start: 0,
        poll_end: 0,
        push_local: 0,
        global: 0,
        contention: 0,
        push_pool: 0,
        spawn: 0,
        overflow: 0,
        probe: 0,
        steal: 0,
        move_one: 0,
        peek: 0,
        rescan: 0,
        unpark: 0,
        wake_latency: 0,
        park: 0,
        driver_turn: 0,
        timer: 0,
        timer_slack: 0,
        driver_grain: 0,
        thread_start: 0,
        thread_latency: 0,
        context_switch: 0,
        slice: 700_000,
        migration: 0,
        syscall: 0,
        message: 0,
        preempt: 0,
    };

    /// A laptop with idle cores: short wakes.
    pub const LAPTOP: Costs = Costs {
        poll_start: 40,
        poll_end: 10,
        push_local: 10,
        global: 40,
        contention: 100,
        push_pool: 100,
        spawn: 150,
        overflow: 1_000,
        probe: 60,
        steal: 150,
        move_one: 5,
        peek: 2,
        rescan: 60,
        unpark: 600,
        wake_latency: 5_000,
        park: 1_000,
        driver_turn: 500,
        timer: 60,
        timer_slack: 55_000,
        driver_grain: 1_000_000,
        thread_start: 15_000,
        thread_latency: 15_000,
        context_switch: 1_500,
        slice: 700_000,
        migration: 500,
        syscall: 240,
        message: 20,
        preempt: 5_000,
    };

    /// A server or a virtual machine: waking an idle CPU is dear.
    pub const SERVER: Costs = Costs {
        unpark: 5_000,
        wake_latency: 24_000,
        timer_slack: 60_000,
        thread_start: 20_000,
        thread_latency: 30_000,
        ..Costs::LAPTOP
    };

    /// Named profiles, for scenarios and controls.
    pub const PROFILES: [(&'static str, Costs); 3] =
        [("ideal", Costs::IDEAL), ("laptop", Costs::LAPTOP), ("server", Costs::SERVER)];

    /// The names of all fields, in the order in which they are documented.
    #[must_use]
    pub fn names() -> [&'static str; FIELDS.len()] {
        FIELDS.each_ref().map(|field| field.name)
    }

    /// A field by name; `None`: there is no such cost.
    pub fn field(&mut self, name: &str) -> Option<&mut u64> {
        FIELDS.iter().find(|field| field.name == name).map(|field| (field.reach)(self))
    }

    /// What an event costs the thread on which it happens.
    #[inline]
    #[must_use]
    pub fn of(&self, event: &Event) -> Nanos {
        Nanos(match event {
            Event::PollStart { .. } => self.poll_start,
            Event::PollEnd { .. } => self.poll_end,
            Event::Enqueue { place, .. } => match place {
                Place::Local(_) | Place::Lifo(_) | Place::Deferred(_) => self.push_local,
                Place::Global => self.global,
                Place::Pool => self.push_pool,
            },
            Event::Move { .. } => self.move_one,
            Event::Spawn { .. } => self.spawn,
            Event::Overflow { .. } => self.overflow,
            Event::Batch { .. } => self.global,
            Event::Steal { .. } => self.steal,
            Event::Unpark { .. } => self.unpark,
            Event::Park { .. } => self.park,
            Event::DriverTurn { .. } => self.driver_turn,
            Event::Timer { .. } => self.timer,
            Event::ThreadStart { .. } => self.thread_start,
            Event::Send { .. } | Event::Recv { .. } | Event::MutexHeld { .. } | Event::MutexReleased { .. } => {
                self.message
            }
            _ => 0,
        })
    }

    /// What an operation costs that is not worth a record.
    #[inline]
    #[must_use]
    pub fn op(&self, op: Op) -> Nanos {
        Nanos(match op {
            Op::Probe => self.probe,
            Op::Peek => self.peek,
            Op::InjectPop => self.global,
            Op::Rescan => self.rescan,
            Op::Notify => self.syscall,
        })
    }

    /// What waiting threads add to one use of a shared line.
    #[must_use]
    pub fn contended(&self, _line: Line, waiters: usize) -> Nanos {
        Nanos(self.contention).times(waiters as u64)
    }

    /// The kernel's slice on a machine with so many CPUs.
    #[must_use]
    pub fn slice_on(&self, cpus: u16) -> Nanos {
        // 1 + log2 of a number up to 8, in thousandths, so that no float decides: 1, 2, 2.585, 3, 3.322, 3.585, 3.807, 4.
        const THOUSANDTHS: [u64; 8] = [1_000, 2_000, 2_585, 3_000, 3_322, 3_585, 3_807, 4_000];
        let factor = THOUSANDTHS[usize::from(cpus.clamp(1, 8)) - 1];
        Nanos((self.slice * factor / 1_000).max(1))
    }
}

/// A field of the cost model by name.
pub(super) struct CostField {
    pub(super) name: &'static str,
    pub(super) get: fn(&Costs) -> u64,
    pub(super) reach: fn(&mut Costs) -> &mut u64,
}

macro_rules! fields {
    ($($name:ident)*) => {
        [$(CostField { name: stringify!($name), get: |costs| costs.$name, reach: |costs| &mut costs.$name }),*]
    };
}

/// All fields, in the order in which they are documented.
pub(super) const FIELDS: [CostField; 28] = fields!(
    poll_start poll_end push_local global contention push_pool spawn overflow probe steal move_one peek rescan unpark
    wake_latency park driver_turn timer timer_slack driver_grain thread_start thread_latency context_switch slice
    migration syscall message preempt
);

impl Default for Costs {
    fn default() -> Costs {
        Costs::SERVER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_its_name_in_the_list() {
        let mut costs = Costs::IDEAL;
        for (value, field) in (1..).zip(&FIELDS) {
            *(field.reach)(&mut costs) = value;
        }
        let json = serde_json::to_value(costs).expect("plain numbers");
        assert_eq!(json.as_object().expect("a struct").len(), FIELDS.len());
        for (value, field) in (1..).zip(&FIELDS) {
            assert_eq!(json[field.name], value, "{}", field.name);
            assert_eq!((field.get)(&costs), value, "{}", field.name);
        }
    }
}
