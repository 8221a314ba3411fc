//! One sentence for what matters at a time, two where the focus task is touched. The first that holds is said; the list
//! is in the order of how much it matters, and looks back at most a hundredth of the visible range.

use super::board::Board;
use super::timeline::{Fate, Mark, Moment, TaskState, Wait, WorkState};
use super::why::where_they_were;
use crate::id::{ThreadId, WorkerId};
use crate::time::{Nanos, Time};
use crate::trace::{Ended, Place, PollEnd, Role, Waits};
use crate::words::number::count;
use crate::words::{Arg, Rich, fill, policies};

/// Waits shorter than this share of the visible range are not worth a sentence of their own.
const SHARE: u64 = 100;

/// What is so at `t`, and what it means for the focus task.
#[must_use]
pub fn caption(board: &Board, t: Time) -> Rich {
    if board.is_foreign() {
        return slices(board, t);
    }
    let back = Nanos(board.to.since(board.from).0 / SHARE);
    let marks = board.line.marks(t - back, t);
    let say = Say { board, t, back, marks };
    say.ends()
        .or_else(|| say.finding())
        .or_else(|| say.machine())
        .or_else(|| say.focus())
        .or_else(|| say.threads())
        .unwrap_or_else(|| say.steady())
}

/// A foreign trace: where the focus is, or how many threads are in a slice.
fn slices(board: &Board, t: Time) -> Rich {
    let words = board.words();
    let focus = board.focus_task().and_then(|task| board.line.task(task));
    let begun = focus.map_or(0, |lane| lane.polls.partition_point(|&poll| board.line.poll(poll).start <= t));
    let last = focus.and_then(|lane| Some(board.line.poll(lane.polls[begun.checked_sub(1)?])));
    if let Some((poll, thread)) = last.filter(|poll| poll.to > t).and_then(|poll| Some((poll, poll.thread?))) {
        let args = [
            ("task", board.link(poll.task)),
            ("thread", board.thread(thread).into()),
            ("x", board.scale.length(t.since(poll.start)).into()),
        ];
        return fill(words.cap_slice, &args);
    }
    let threads = board.line.slices.iter().enumerate().filter(|(_, slices)| !slices.is_empty());
    let (mut inside, mut all) = (0u64, 0u64);
    for (thread, _) in threads {
        all += 1;
        inside += u64::from(!board.line.slices_at(ThreadId(thread as u16), t).is_empty());
    }
    fill(words.cap_slices, &[("n", count(inside).into()), ("w", count(all).into())])
}

struct Say<'a> {
    board: &'a Board,
    t: Time,
    back: Nanos,
    marks: &'a [Mark],
}

impl Say<'_> {
    /// The last mark of a kind that was not long ago.
    fn last<R>(&self, pick: impl Fn(&Mark) -> Option<R>) -> Option<R> {
        self.marks.iter().rev().find_map(pick)
    }

    fn worker(&self, worker: WorkerId) -> (&'static str, Arg) {
        ("who", self.board.worker_start(worker).into())
    }

    /// A limit, a panic, a deadlock, a task that nobody can wake.
    fn ends(&self) -> Option<Rich> {
        let (board, words) = (self.board, self.board.words());
        let count = || ("n", Arg::from(crate::words::number::count(board.times.len() as u64)));
        self.last(|mark| match mark.what {
            Moment::End(Ended::Events) => Some(fill(words.cap_limit, &[count()])),
            Moment::End(Ended::Instant) => Some(fill(words.cap_instant, &[count()])),
            Moment::End(Ended::Deadlock) => {
                let left = board.line.ended.map_or(0, |(_, left)| left);
                Some(fill(words.cap_deadlock, &[("n", left.to_string().into())]))
            }
            Moment::Panicked { task } => Some(fill(words.cap_panic, &[("task", board.link(task))])),
            Moment::Gap { count } => Some(fill(words.cap_gap, &[("n", count.to_string().into())])),
            _ => None,
        })
        .or_else(|| {
            let task = board.focus_task()?;
            let lane = board.line.task(task)?;
            let last_poll = lane.polls.last().is_some_and(|&poll| board.line.poll(poll).to <= self.t);
            let lost = last_poll && lane.stuck == Some(Waits::Nobody);
            lost.then(|| fill(words.cap_lost, &[("task", board.link(task))]))
        })
    }

    /// The focus task waits, and not for a moment only.
    fn finding(&self) -> Option<Rich> {
        let board = self.board;
        let task = board.focus_task()?;
        let wait = board.line.wait_at(task, self.t).filter(|wait| self.t < wait.until)?;
        if wait.length() <= self.back || self.t.since(wait.due) == Nanos::ZERO {
            return None;
        }
        let state = board.line.task(task)?.track.at(self.t)?.state;
        match state {
            TaskState::Unnoticed => self.unnoticed(wait),
            TaskState::Ready(place) => Some(self.queued(wait, place)),
            _ => None,
        }
    }

    fn unnoticed(&self, wait: &Wait) -> Option<Rich> {
        let (board, words) = (self.board, self.board.words());
        let late = [("task", board.link(wait.task)), ("x", board.scale.length(self.t.since(wait.due)).into())];
        if let Some(held) = board.line.driver.held.at(self.t) {
            let who = ("who", board.holder(held.state, self.t, true).into());
            return Some(fill(words.cap_waking, &with(who, late)));
        }
        let who = super::explain::whereabouts(&board.line, self.t, Time(self.t.0 + 1));
        let workers = board.line.workers.len();
        let all = who.len() == workers && who.iter().all(|who| who.blocked);
        match (all, workers) {
            _ if who.is_empty() => None,
            (true, 1) => Some(fill(words.cap_blocked_one, &with(self.worker(who[0].worker), late))),
            (true, 2) => Some(fill(words.cap_blocked_both, &late)),
            (true, n) => Some(fill(words.cap_blocked_all, &with(("n", n.to_string().into()), late))),
            _ => {
                let list = where_they_were(board, &who, true);
                Some(fill(words.cap_busy, &with(("who", list.into()), late)))
            }
        }
    }

    fn queued(&self, wait: &Wait, place: Place) -> Rich {
        let (board, words) = (self.board, self.board.words());
        let args = |n: usize| {
            [
                ("task", board.link(wait.task)),
                ("place", board.place(place).into()),
                ("n", n.to_string().into()),
                ("x", board.scale.length(self.t.since(wait.due)).into()),
            ]
        };
        let queue = match place {
            Place::Lifo(_) => return fill(words.cap_slot, &args(0)),
            Place::Local(worker) => &board.line.workers[worker.index()].queue,
            Place::Global => &board.line.global,
            Place::Deferred(_) => &board.line.deferred,
            Place::Pool => &board.line.pool,
        };
        let ahead = queue.at(self.t, 10_000).iter().position(|&task| task == wait.task).unwrap_or(0);
        let template = match ahead {
            0 => words.cap_next,
            1 => words.cap_queued_one,
            _ => words.cap_queued,
        };
        fill(template, &args(ahead))
    }

    /// Forced yield, pre-emption, hand-off, retake; then steal and overflow.
    fn machine(&self) -> Option<Rich> {
        let (board, words) = (self.board, self.board.words());
        let thread = |thread| ("thread", Arg::from(board.thread(thread)));
        let first = self.last(|mark| match mark.what {
            Moment::Forced { task } => {
                let lane = board.line.task(task)?;
                let poll =
                    lane.polls.iter().rev().map(|&poll| board.line.poll(poll)).find(|poll| poll.start <= mark.at)?;
                Some(fill(words.cap_forced, &[("task", board.link(task)), ("b", poll.budget.to_string().into())]))
            }
            Moment::Preempted { task } => Some(fill(words.cap_preempted, &[("task", board.link(task))])),
            Moment::HandOff { worker, from, retaken: false } => {
                Some(fill(words.cap_handoff, &[("who", board.worker(worker).into()), thread(from)]))
            }
            Moment::HandOff { worker, from, retaken: true } => {
                let monitor = ("monitor", Arg::from(policies::noun(board.lang, board.facts.nouns.monitor)));
                Some(fill(words.cap_retaken, &[monitor, ("who", board.worker(worker).into()), thread(from)]))
            }
            Moment::Took { worker } => {
                let name = super::board::capital(board.thread(mark.thread?), true);
                Some(fill(words.cap_took, &[("thread", name.into()), ("who", board.worker(worker).into())]))
            }
            _ => None,
        });
        first.or_else(|| {
            self.last(|mark| match mark.what {
                Moment::Steal { victim, count } => {
                    // What the victim had just before; equal times may hide it.
                    let before =
                        board.line.workers.get(victim.index())?.queue.depth.at(Time(mark.at.0.saturating_sub(1)));
                    let who = self.worker(mark.worker?);
                    let victim = ("victim", Arg::from(board.worker(victim)));
                    let n = ("n", Arg::from(count.to_string()));
                    if before < count {
                        return Some(fill(words.cap_steal, &[who, victim, n]));
                    }
                    Some(fill(words.cap_steal_of, &[who, victim, n, ("m", before.to_string().into())]))
                }
                Moment::Overflow { count } => {
                    let who = ("who", Arg::from(board.worker(mark.worker?)));
                    Some(fill(words.cap_overflow, &[who, ("n", count.to_string().into())]))
                }
                _ => None,
            })
        })
    }

    /// The focus task is woken, polled, or done.
    fn focus(&self) -> Option<Rich> {
        let (board, words) = (self.board, self.board.words());
        let task = board.focus_task()?;
        let lane = board.line.task(task)?;
        let link = || ("task", board.link(task));
        let recent = |at: Time| at <= self.t && self.t.since(at) <= self.back;
        if let Some((_, fate)) = lane.ended.filter(|&(at, _)| recent(at)) {
            let template = if fate == Fate::Cancelled { words.cap_cancelled } else { words.cap_done };
            return Some(fill(template, &[link()]));
        }
        let wait = board.line.wait_at(task, self.t)?;
        if let Some(poll) = wait.poll.map(|poll| board.line.poll(poll)).filter(|poll| recent(poll.start)) {
            let who = match (poll.worker, poll.thread) {
                (Some(worker), _) => board.worker_start(worker),
                (None, Some(thread)) => super::board::capital(board.thread(thread), true),
                (None, None) => return None,
            };
            if wait.length() > self.back {
                let x = ("x", board.scale.length(wait.length()).into());
                return Some(fill(words.cap_poll_late, &[("who", who.into()), link(), x]));
            }
            if poll.to <= self.t && poll.end == Some(PollEnd::Pending) {
                return Some(fill(words.cap_polled, &[link()]));
            }
            return Some(fill(words.cap_poll, &[("who", who.into()), link()]));
        }
        wait.wake.filter(|&at| recent(at) && self.t < wait.until)?;
        Some(fill(words.cap_wake, &[link(), ("cause", board.cause(wait.cause, wait.by).into())]))
    }

    /// A thread starts, other than the first ones.
    fn threads(&self) -> Option<Rich> {
        let (board, words) = (self.board, self.board.words());
        self.last(|mark| match mark.what {
            Moment::Thread { thread, role } if mark.at > Time::ZERO => {
                let role = match role {
                    Role::Worker => words.role_worker,
                    Role::Pool => words.role_pool,
                    Role::Driver => words.role_driver,
                    Role::Monitor => words.role_monitor,
                    Role::Outside => words.role_outside,
                };
                Some(fill(words.cap_thread, &[("role", role.into()), ("thread", board.thread(thread).into())]))
            }
            _ => None,
        })
    }

    fn steady(&self) -> Rich {
        let (board, words) = (self.board, self.board.words());
        let (mut run, mut blocked) = (0u32, 0u32);
        let mut ready = board.line.global.depth.at(self.t) + board.line.deferred.depth.at(self.t);
        for lane in &board.line.workers {
            ready += lane.queue.depth.at(self.t) + lane.slot.depth.at(self.t);
            match lane.track.at(self.t).map(|span| span.state) {
                Some(state) if state.blocks() => blocked += 1,
                Some(WorkState::Poll { .. }) => run += 1,
                _ => {}
            }
        }
        let w = board.line.workers.len();
        let args = [
            ("n", run.to_string().into()),
            ("w", w.to_string().into()),
            ("m", blocked.to_string().into()),
            ("k", ready.to_string().into()),
        ];
        match (run + blocked + ready, blocked) {
            (0, _) => fill(words.cap_idle, &args),
            (_, 0) => fill(words.cap_steady, &args),
            _ => fill(words.cap_steady_blocked, &args),
        }
    }
}

fn with<'a>(first: (&'a str, Arg), rest: [(&'a str, Arg); 2]) -> [(&'a str, Arg); 3] {
    let [second, third] = rest;
    [first, second, third]
}
