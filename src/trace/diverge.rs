//! Where two runs of one scenario part.

use serde::Serialize;

use super::{Event, Record, Trace, names};
use crate::time::Time;

/// The first place at which two runs do something else.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Divergence {
    /// Number of things that both did alike before.
    pub alike: u64,
    /// What the first run did then; `None`: it was over.
    pub one: Option<Moment>,
    /// What the other did.
    pub other: Option<Moment>,
}

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Moment {
    /// When.
    pub at: Time,
    /// What, for people.
    pub what: String,
}

/// Where two streams part in what happens to tasks: spawns, polls, steps, messages and ends, in order. Times, threads
/// and queues are left out: they differ between any two worlds. `None`: they do not part.
#[must_use]
pub fn first_divergence(one: &Trace, other: &Trace) -> Option<Divergence> {
    let (alike, one, other) = part(one, other)?;
    Some(Divergence { alike, one: one.as_ref().map(moment), other: other.as_ref().map(moment) })
}

/// The same as records: how many things both did alike, and what each did then (`None`: it was over).
#[must_use]
pub fn part(one: &Trace, other: &Trace) -> Option<(u64, Option<Record>, Option<Record>)> {
    let (mut left, mut right) = (told(one), told(other));
    let mut alike = 0;
    loop {
        match (left.next(), right.next()) {
            (None, None) => return None,
            (Some(one), Some(other)) if bare(one.event) == bare(other.event) => alike += 1,
            (one, other) => return Some((alike, one, other)),
        }
    }
}

fn told(trace: &Trace) -> impl Iterator<Item = Record> + '_ {
    trace.iter().filter(|record| {
        matches!(
            record.event,
            Event::Spawn { .. }
                | Event::PollStart { .. }
                | Event::PollEnd { .. }
                | Event::At { .. }
                | Event::Send { .. }
                | Event::Recv { .. }
                | Event::ForcedYield { .. }
                | Event::Cancel { .. }
        )
    })
}

/// Without what differs between policies by itself: budget and tick.
fn bare(event: Event) -> Event {
    match event {
        Event::PollStart { task, .. } => Event::PollStart { task, budget: 0, tick: 0 },
        other => other,
    }
}

fn moment(record: &Record) -> Moment {
    let task = record.event.task().expect("only what happens to tasks is told");
    let what = match record.event {
        Event::At { step, .. } => format!("{task} goes to step {step}"),
        Event::PollEnd { end, .. } => format!("the poll of {task} ends {}", names::poll_end(end)),
        Event::Spawn { .. } => format!("{task} is spawned"),
        Event::PollStart { .. } => format!("{task} is polled"),
        Event::Send { channel, .. } => format!("{task} sends to {channel}"),
        Event::Recv { channel, .. } => format!("{task} receives from {channel}"),
        Event::ForcedYield { .. } => format!("the budget makes {task} yield"),
        other => format!("{} of {task}", names::event(&other)),
    };
    Moment { at: record.at, what }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TaskId;
    use crate::trace::PollEnd;

    fn trace(events: &[Event]) -> Trace {
        let record =
            |(i, event): (usize, &Event)| Record { at: Time(i as u64), thread: None, worker: None, event: *event };
        events.iter().enumerate().map(record).collect()
    }

    #[test]
    fn streams_part_where_tasks_do_something_else_not_where_threads_do() {
        let start = |budget| Event::PollStart { task: TaskId(0), budget, tick: budget };
        let at = |step| Event::At { task: TaskId(0), step };
        let one = trace(&[start(0), Event::Search, at(1), at(2)]);
        assert_eq!(first_divergence(&one, &trace(&[start(9), at(1), Event::DriverHeld, at(2)])), None);
        let parts = first_divergence(&one, &trace(&[start(9), at(1), at(3)])).unwrap();
        assert_eq!(parts.alike, 2);
        assert_eq!(parts.one.unwrap(), Moment { at: Time(3), what: "t0 goes to step 2".to_owned() });
        assert_eq!(parts.other.unwrap().what, "t0 goes to step 3");
        let shorter = first_divergence(&one, &trace(&[start(0), at(1)])).unwrap();
        assert_eq!((shorter.alike, shorter.other), (2, None));
        let end = Event::PollEnd { task: TaskId(0), end: PollEnd::Ready };
        assert_eq!(
            first_divergence(&trace(&[end]), &trace(&[])).unwrap().one.unwrap().what,
            "the poll of t0 ends ready"
        );
    }
}
