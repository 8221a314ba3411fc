//! The why of a wait in words: title, parts with their amounts, each ending with its time as a link.

use serde::Serialize;

use super::board::{Board, capital};
use super::explain::{Before, Part, Whereabouts, Who, Why};
use super::timeline::{Wait, Work};
use crate::id::WorkerId;
use crate::time::{Nanos, Time};
use crate::words::number::count;
use crate::words::{Arg, Rich, Span, bare, fill};

/// Why the wait in question took as long as it did.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Explanation {
    /// `Why did T wait 395.9 ms?`
    pub title: String,
    /// Its parts in the order of time.
    pub parts: Vec<Line>,
}

/// One part.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Line {
    /// How long, in nanoseconds.
    pub ns: u64,
    /// The same, written; amounts add up to that of the title.
    pub amount: String,
    /// What happened.
    pub text: Rich,
    /// When it began.
    pub at: Time,
    /// Index of the record that caused it.
    pub record: u32,
    /// Time of that record.
    pub cause: Time,
    /// It is the largest.
    pub largest: bool,
    /// It is more than a twentieth of the whole.
    pub harm: bool,
    /// Share of the whole, 0 to 1.
    pub share: f64,
    /// Which sign its piece of the bar has.
    pub sign: &'static str,
}

/// Workers in a list of who was where, before "and n more".
const MOST_WHO: usize = 2;
/// Tasks in a list of who was ahead.
const MOST_TASKS: usize = 3;

/// Explains the wait in question; `None`: nothing waited.
#[must_use]
pub fn why(board: &Board) -> Option<Explanation> {
    let wait = board.wait().filter(|_| !board.parts.is_empty())?;
    let words = board.words();
    let lengths: Vec<Nanos> = board.parts.iter().map(|part| part.length).collect();
    let total = wait.length().0;
    let largest = lengths.iter().copied().max()?;
    let mut first_largest = true;
    let parts = board
        .parts
        .iter()
        .zip(board.scale.table(&lengths))
        .map(|(part, amount)| {
            let is_largest = part.length == largest && std::mem::take(&mut first_largest);
            first_largest &= part.length != largest;
            let mut text = text(board, wait, part, &amount);
            text.push(Span { text: " ".to_owned(), ..Span::default() });
            text.push(Span { text: board.scale.clock(part.at), at: Some(part.at), ..Span::default() });
            Line {
                ns: part.length.0,
                amount,
                text,
                at: part.at,
                record: part.record,
                cause: board.times.get(part.record as usize).map_or(part.at, |&at| Time(at)),
                largest: is_largest,
                harm: part.length.0 > total / 20 && harmful(board, wait),
                share: part.length.0 as f64 / total as f64,
                sign: sign(&part.why),
            }
        })
        .collect();
    let template = if wait.poll.is_some() { words.why_title } else { words.why_title_open };
    let args = [("task", board.name(wait.task).into()), ("x", board.scale.total(&lengths).into())];
    Some(Explanation { title: bare(template, &args), parts })
}

/// Whether a wait is one to be marked in red: more than what the measure expects.
#[must_use]
pub fn harmful(board: &Board, wait: &Wait) -> bool {
    match board.focus.measure {
        super::board::Measure::Late { every } => wait.length() > every,
        super::board::Measure::Wait => wait.length() > Nanos(board.to.since(board.from).0 / 100),
        _ => true,
    }
}

fn sign(why: &Why) -> &'static str {
    match why {
        Why::Unnoticed { .. } | Why::Slack { .. } => "due",
        Why::Grain { .. } | Why::Armed => "grain",
        Why::Last { .. } => "last",
        Why::Behind { .. } | Why::Long { .. } | Why::AllBusy { .. } | Why::Slot { .. } | Why::Interval { .. } => {
            "queue"
        }
        Why::Pool { .. } | Why::Deferred { .. } | Why::Preempted { .. } | Why::Undetected { .. } => "queue",
        Why::Lock { .. } | Why::Cpu { .. } | Why::Refused { .. } | Why::SameTask { .. } => "queue",
        Why::Wake { .. } | Why::Start { .. } | Why::Thread { .. } | Why::Own { .. } => "other",
        Why::Unseen { .. } | Why::Lost | Why::Other => "other",
        Why::Never => "due",
    }
}

/// `amount`: the length of the part as the table writes it.
fn text(board: &Board, wait: &Wait, part: &Part, amount: &str) -> Rich {
    let (why, at) = (&part.why, part.at);
    let words = board.words();
    let task = || ("task", board.name(wait.task).into());
    let start = |worker: &WorkerId| ("who", Arg::from(board.worker_start(*worker)));
    let middle = |worker: &WorkerId| ("who", Arg::from(board.worker(*worker)));
    let d = || ("d", amount.into());
    let actor = |who: &Who, begins: bool| {
        let name = match *who {
            Who::Worker(worker) if begins => board.worker_start(worker),
            Who::Worker(worker) => board.worker(worker),
            Who::Thread(thread) => capital(board.thread(thread), begins),
        };
        ("who", Arg::from(name))
    };
    match why {
        Why::Armed => fill(words.why_armed, &[task()]),
        Why::Grain { unit } => fill(words.why_grain, &[("unit", unit_name(*unit).into())]),
        Why::Unnoticed { who, polls: 0, .. } if who.is_empty() => fill(words.why_unwatched, &[]),
        Why::Unnoticed { who, polls, .. } if who.is_empty() => {
            fill(words.why_unnoticed_busy, &[("n", count(u64::from(*polls)).into())])
        }
        Why::Unnoticed { who, io, .. } => {
            let template = if *io { words.why_unnoticed_io } else { words.why_unnoticed };
            fill(template, &[("who", where_they_were(board, who, false).into())])
        }
        Why::Slack { thread } => {
            let holder = board.holder(*thread, wait.fires.max(wait.due), true);
            fill(words.why_slack, &[("who", holder.into()), d()])
        }
        Why::SameTask { blocked, .. } => {
            let template = if *blocked { words.why_same_blocked } else { words.why_same };
            fill(template, &[("task", board.link(wait.task))])
        }
        Why::Behind { place, count: polls, tasks } => {
            let names: Vec<Rich> = tasks.iter().map(|&task| fill("{task}", &[("task", board.link(task))])).collect();
            let args = [
                ("place", board.place(*place).into()),
                ("n", count(u64::from(*polls)).into()),
                ("tasks", board.list_of(names, MOST_TASKS, *polls as usize).into()),
            ];
            fill(if *polls == 1 { words.why_behind_one } else { words.why_behind }, &args)
        }
        Why::AllBusy { who, taker } => {
            let taker = ("taker", Arg::from(board.worker_start(*taker)));
            fill(words.why_all_busy, &[("who", where_they_were(board, who, false).into()), taker])
        }
        Why::Interval { worker, every, tick } => {
            let args = [middle(worker), ("g", every.to_string().into()), ("i", tick.to_string().into())];
            fill(words.why_interval, &args)
        }
        Why::Refused { worker, searching, most } => {
            let args = [start(worker), ("s", searching.to_string().into()), ("m", most.to_string().into())];
            fill(words.why_refused, &args)
        }
        Why::Undetected { worker, looked } => {
            let t = Arg::At(board.scale.clock(*looked), *looked);
            fill(words.why_undetected, &[start(worker), ("t", t)])
        }
        Why::Long { worker, task, blocked: true, .. } => match board.line.mutexes.within(*task, at, at + part.length) {
            Some((mutex, holder)) => {
                let line = ("line", Arg::from(board.mutex_name(mutex)));
                fill(words.why_mutex, &[middle(worker), ("task", board.link(*task)), line, ("by", board.link(holder))])
            }
            _ => fill(words.why_blocked, &[middle(worker), ("task", board.link(*task))]),
        },
        Why::Long { worker, task, .. } => fill(words.why_long, &[start(worker), ("task", board.link(*task)), d()]),
        Why::Slot { worker, idle } => {
            let place = board.place(crate::trace::Place::Lifo(*worker));
            fill(words.why_slot, &[("place", place.into()), ("n", idle.to_string().into())])
        }
        Why::Wake { who } => fill(words.why_wake, &[actor(who, true), d()]),
        Why::Start { worker: Some(worker), .. } => fill(words.why_start, &[middle(worker)]),
        Why::Start { worker: None, .. } => fill(words.why_start_job, &[]),
        Why::Thread { worker } => fill(words.why_thread, &[middle(worker)]),
        Why::Lock { line, holders } if holders.len() == 1 => {
            let holder = board.holder(holders[0], at, true);
            fill(words.why_lock, &[("holder", holder.into()), ("line", board.line_name(*line).into())])
        }
        Why::Lock { line, holders } => {
            let n = ("n", Arg::from(holders.len().to_string()));
            fill(words.why_lock_many, &[n, ("line", board.line_name(*line).into())])
        }
        Why::Cpu { who, threads, cpus } => {
            let args = [actor(who, true), ("m", threads.to_string().into()), ("n", cpus.to_string().into())];
            fill(words.why_cpu, &args)
        }
        Why::Own { who, work } if work.is_empty() => fill(words.why_own, &[actor(who, true)]),
        Why::Own { who, work } => {
            let names = work.iter().map(|&work| fill(work_name(board, work), &[])).collect();
            fill(words.why_own_work, &[actor(who, true), ("work", board.list(names, MOST_TASKS).into())])
        }
        Why::Pool { threads, ahead } => {
            fill(words.why_pool, &[("n", threads.to_string().into()), ("k", ahead.to_string().into())])
        }
        Why::Preempted { slice } => fill(words.why_preempted, &[("d", board.scale.length(*slice).into())]),
        Why::Never => fill(words.why_never, &[]),
        Why::Deferred { budget: Some(b) } => fill(words.why_budget, &[("b", b.to_string().into())]),
        Why::Deferred { budget: None } => fill(words.why_deferred, &[]),
        Why::Last { worker, after } => {
            let template = match after {
                Before::CameBack => words.why_last_looked,
                Before::Looked => words.why_last_noticed,
                Before::Took => words.why_last_took,
            };
            let thread = wait.poll.and_then(|poll| board.line.poll(poll).thread);
            let who = worker.map(|worker| board.worker_start(worker));
            let who =
                who.or(thread.map(|thread| capital(board.thread(thread), true))).unwrap_or_else(|| "?".to_owned());
            fill(template, &[("who", who.into()), task()])
        }
        Why::Unseen { who } => fill(words.why_unseen, &[actor(who, true)]),
        Why::Lost => fill(words.why_lost, &[]),
        Why::Other => fill(words.why_other, &[]),
    }
}

fn work_name(board: &Board, work: Work) -> &'static str {
    let words = board.words();
    match work {
        Work::Timers => words.work_timers,
        Work::Steal => words.work_steal,
        Work::Batch => words.work_batch,
        Work::Overflow => words.work_overflow,
        Work::Unpark => words.work_unpark,
    }
}

/// `Worker 0 was blocked in J2, worker 1 in J1`; `now`: `worker 0 is blocked in J2` instead.
#[must_use]
pub fn where_they_were(board: &Board, who: &[Whereabouts], now: bool) -> Rich {
    let words = board.words();
    let mut sorted = who.to_vec();
    sorted.sort_by_key(|who| (!who.blocked, who.worker));
    let items = sorted
        .iter()
        .enumerate()
        .map(|(index, who)| {
            let name = if index == 0 && !now { board.worker_start(who.worker) } else { board.worker(who.worker) };
            let template = match (who.blocked, index) {
                (true, 0) if now => words.who_is_blocked,
                (false, _) if now => words.who_polls,
                (true, 0) => words.who_blocked,
                (true, _) => words.who_blocked_next,
                _ => words.who_polled,
            };
            fill(template, &[("who", name.into()), ("task", board.link(who.task))])
        })
        .collect();
    board.list(items, MOST_WHO)
}

/// The name of a unit: `ms`.
fn unit_name(unit: Nanos) -> &'static str {
    match unit.0 {
        0..1_000 => "ns",
        1_000..1_000_000 => "µs",
        1_000_000..1_000_000_000 => "ms",
        _ => "s",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample;
    use crate::words::{Lang, plain};

    fn told(lang: Lang) -> (String, Vec<(String, String)>) {
        let why = why(&sample::board(lang)).unwrap();
        (why.title, why.parts.iter().map(|part| (part.amount.clone(), plain(&part.text))).collect())
    }

    #[test]
    fn the_late_tick_is_told_as_in_the_design() {
        let (title, parts) = told(Lang::En);
        assert_eq!(title, "Why did T wait 395.9\u{a0}ms?");
        let unnoticed =
            "The timer was due, but nobody looked. Worker 0 was blocked in J2, worker 1 in J1. 55.0\u{a0}ms";
        let expected = [
            ("0.8\u{a0}ms", "The timer counts whole ms and rounds up. 54.2\u{a0}ms"),
            ("395.0\u{a0}ms", unnoticed),
            ("0.1\u{a0}ms", "Worker 0 came back, looked at the timers and polled T. 450.0\u{a0}ms"),
        ];
        let found: Vec<_> = parts.iter().map(|(amount, text)| (amount.as_str(), text.as_str())).collect();
        assert_eq!(found, expected);
        let (title, parts) = told(Lang::Ja);
        assert_eq!(title, "Tはなぜ395.9\u{a0}ms待ったのか");
        assert!(parts[1].1.contains("ワーカー0はJ2でブロック中だった、ワーカー1はJ1"), "{}", parts[1].1);
    }

    #[test]
    fn only_what_is_large_is_red_and_one_is_the_largest() {
        let why = why(&sample::board(Lang::En)).unwrap();
        let flags: Vec<_> = why.parts.iter().map(|part| (part.largest, part.harm, part.sign)).collect();
        assert_eq!(flags, [(false, false, "grain"), (true, true, "due"), (false, false, "last")]);
        assert!((why.parts.iter().map(|part| part.share).sum::<f64>() - 1.0).abs() < 1e-9);
    }
}
