//! What events, places and lines are called in sentences: one word per thing, the same in every message.

use super::event::{Event, Line, Place, PollEnd};

/// The name of the event, as JSON Lines spell it.
#[must_use]
pub fn event(event: &Event) -> &'static str {
    match event {
        Event::Spawn { .. } => "spawn",
        Event::Due { .. } => "due",
        Event::Wake { .. } => "wake",
        Event::Enqueue { .. } => "enqueue",
        Event::Move { .. } => "move",
        Event::PollStart { .. } => "poll_start",
        Event::PollEnd { .. } => "poll_end",
        Event::At { .. } => "at",
        Event::StretchStart { .. } => "stretch_start",
        Event::StretchEnd { .. } => "stretch_end",
        Event::Timer { .. } => "timer",
        Event::Send { .. } => "send",
        Event::Recv { .. } => "recv",
        Event::ForcedYield { .. } => "forced_yield",
        Event::Measure { .. } => "measure",
        Event::Cancel { .. } => "cancel",
        Event::Stuck { .. } => "stuck",
        Event::Acquire { .. } => "acquire",
        Event::Release { .. } => "release",
        Event::Search => "search",
        Event::SearchEnd { .. } => "search_end",
        Event::Steal { .. } => "steal",
        Event::Overflow { .. } => "overflow",
        Event::Batch { .. } => "batch",
        Event::GlobalInterval { .. } => "global_interval",
        Event::Park { .. } => "park",
        Event::Unparked { .. } => "unparked",
        Event::Unpark { .. } => "unpark",
        Event::DriverHeld => "driver_held",
        Event::DriverReleased => "driver_released",
        Event::DriverTurn { .. } => "driver_turn",
        Event::Look { .. } => "look",
        Event::Retake { .. } => "retake",
        Event::ThreadStart { .. } => "thread_start",
        Event::ThreadEnd => "thread_end",
        Event::CpuOn { .. } => "cpu_on",
        Event::CpuOff { .. } => "cpu_off",
        Event::LockWait { .. } => "lock_wait",
        Event::LockHeld { .. } => "lock_held",
        Event::Dropped { .. } => "dropped",
        Event::RunEnd { .. } => "run_end",
        Event::MutexWait { .. } => "mutex_wait",
        Event::MutexHeld { .. } => "mutex_held",
        Event::MutexReleased { .. } => "mutex_released",
        Event::OutsideSend { .. } => "outside_send",
    }
}

/// Where a task waits: `w2's queue`, `the global queue`.
#[must_use]
pub fn place(place: Place) -> String {
    match place {
        Place::Local(worker) => format!("{worker}'s queue"),
        Place::Lifo(worker) => format!("{worker}'s LIFO slot"),
        Place::Global => "the global queue".to_owned(),
        Place::Deferred(thread) => format!("the deferred list of {thread}"),
        Place::Pool => "the queue of the blocking pool".to_owned(),
    }
}

/// A shared part: `w2's ring`, `the lock of the global queue`.
#[must_use]
pub fn line(line: Line) -> String {
    match line {
        Line::Inject => "the lock of the global queue".to_owned(),
        Line::Sleepers => "the lock of the sleepers".to_owned(),
        Line::Ring(worker) => format!("{worker}'s ring"),
        Line::Driver => "the driver".to_owned(),
        Line::Pool => "the lock of the blocking pool".to_owned(),
    }
}

/// How a poll ended, as JSON Lines spell it.
#[must_use]
pub fn poll_end(end: PollEnd) -> &'static str {
    match end {
        PollEnd::Ready => "ready",
        PollEnd::Pending => "pending",
        PollEnd::Rewoken => "rewoken",
        PollEnd::Deferred => "deferred",
        PollEnd::Preempted => "preempted",
        PollEnd::Panicked => "panicked",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TaskId;
    use crate::trace::Ended;

    #[test]
    fn names_are_those_of_json_lines() {
        let some = [
            Event::At { task: TaskId(0), step: 1 },
            Event::DriverHeld,
            Event::ThreadEnd,
            Event::RunEnd { why: Ended::Complete, left: 0 },
            Event::PollEnd { task: TaskId(0), end: PollEnd::Rewoken },
        ];
        for one in some {
            let json = serde_json::to_value(one).unwrap();
            assert_eq!(json["event"], event(&one));
            if let Event::PollEnd { end, .. } = one {
                assert_eq!(json["end"], poll_end(end));
            }
        }
    }
}
