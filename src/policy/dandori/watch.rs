//! The monitor: looks for threads that are stuck in a poll, and gives their workers to others.
//!
//! ```text
//! a look, every `period` while there is something to find:
//!   threads without a worker: which of them compute? more than may: workers start nothing new
//!   somebody sleeps and a task lies before nobody, or behind a stuck poll: wake one, who takes it
//!   nobody sleeps or searches: replace every worker that is stuck, if somebody waits; if all are stuck and nobody
//!       waits, one of them, so that somebody sleeps on the driver
//!   a task in a stuck worker's slot: replace that worker, nobody else can take it
//! ```
//!
//! Stuck is who is in the same poll, and in the same call, for `patience`. Whether it computes or sleeps the machine
//! knows ([`World::computes`](crate::policy::World::computes)). A thread that sleeps costs nothing, so any number may be
//! replaced. Threads that compute share the CPUs: `max_computing` of them per worker may go on without a worker. At the
//! limit a stuck worker that computes keeps its worker; so that it never comes to all of them being stuck there, workers
//! start nothing new while fewer than `workers` more could be replaced.

use super::{Scheduler, Shared};
use crate::id::{ThreadId, WorkerId};
use crate::policy::parts::Ring;
use crate::policy::{Control, Doing, Entry, Op, ThreadView};
use crate::sync::{Mutex, Ordering, lock};
use crate::time::{Nanos, Time};
use crate::trace::Release;

/// What the monitor remembers.
pub(super) struct Watch<E> {
    state: Mutex<State<E>>,
    /// Threads whose worker it took, until they are back.
    orphans: Mutex<Vec<Orphan>>,
}

struct State<E> {
    /// Looks in a row that found nothing to watch.
    quiet: u32,
    /// It has said that it is about to sleep.
    has_said: bool,
    /// Which orphan it looks at next.
    turn: usize,
    /// To look into rings with; nothing is ever put in it.
    eye: Ring<E>,
}

#[derive(Clone, Copy)]
struct Orphan {
    thread: ThreadId,
    computes: bool,
}

/// What a look has found.
#[derive(Default)]
struct Found {
    /// Some task waits.
    anything: bool,
    /// One waits for which somebody must come.
    waits: bool,
}

impl<E: Entry> Watch<E> {
    pub(super) fn new(workers: u16) -> Watch<E> {
        let state = State { quiet: 0, has_said: false, turn: 0, eye: Ring::new(1) };
        Watch { state: Mutex::new(state), orphans: Mutex::new(Vec::with_capacity(workers.into())) }
    }

    /// A thread asks for a worker: it is not stuck any more. Whether workers may start something new again, and there is.
    pub(super) fn is_back(&self, thread: ThreadId, shared: &Shared<E>) -> bool {
        let mut orphans = lock(&self.orphans);
        let before = orphans.len();
        orphans.retain(|orphan| orphan.thread != thread);
        if orphans.len() == before || !shared.is_saturated() {
            return false;
        }
        let computing = orphans.iter().filter(|orphan| orphan.computes).count() as u32;
        shared.saturate(computing);
        !shared.is_saturated()
    }
}

impl<E: Entry> Shared<E> {
    /// So many threads compute without a worker.
    fn saturate(&self, computing: u32) {
        let spare = self.rules.max_computing.saturating_sub(computing);
        self.signs.0.is_saturated.store((spare as usize) < self.peers.len(), Ordering::Relaxed);
    }
}

impl<E: Entry> Scheduler<E> {
    /// One look. Returns the pause before the next.
    pub(super) fn look(&self, threads: &[ThreadView], ctl: &mut Control<'_, E>) -> Option<Nanos> {
        let shared = &self.shared;
        let mut state = lock(&self.watch.state);
        if state.has_said && !shared.signs.0.is_asleep.load(Ordering::Acquire) {
            (state.has_said, state.quiet) = (false, 0);
        }
        let mut computing = self.recheck(&mut state, ctl);
        shared.saturate(computing);
        let now = ctl.world().now();
        let is_busy = |view: &&ThreadView| matches!(view.doing, Doing::Polling | Doing::Blocking);
        let is_stuck = |view: &&ThreadView| is_busy(view) && now.since(view.first) >= shared.rules.patience;
        let stuck: Vec<&ThreadView> = threads.iter().filter(is_stuck).collect();
        let found = self.waiting(&state.eye, &stuck, now, ctl);
        let asleep = shared.peers.len() - shared.idle.awake();
        if asleep == 0 {
            shared.signs.0.beat.fetch_add(1, Ordering::Relaxed);
        }
        if shared.idle.searching() == 0 {
            if asleep > 0 && found.waits {
                shared.rescue(ctl);
            }
            let all_are = stuck.len() == shared.peers.len();
            for (index, view) in stuck.iter().enumerate() {
                let Some(worker) = view.worker else { continue };
                let has_slot = shared.peers[worker.index()].has_slot.load(Ordering::Relaxed);
                let is_due = if asleep > 0 { has_slot } else { found.waits || all_are && index == 0 };
                if is_due {
                    self.replace(view, &mut computing, ctl);
                }
            }
            shared.saturate(computing);
        }
        let is_quiet = asleep > 0 && !found.anything && !shared.is_saturated();
        self.rest(&mut state, is_quiet)
    }

    /// Which of the threads without a worker compute; a few are asked at each look. How many do.
    fn recheck(&self, state: &mut State<E>, ctl: &mut Control<'_, E>) -> u32 {
        let mut known = lock(&self.watch.orphans).clone();
        let few = known.len().min(self.shared.rules.max_computing.max(1) as usize);
        for _ in 0..few {
            state.turn = (state.turn + 1) % known.len();
            let orphan = &mut known[state.turn];
            orphan.computes = computes(orphan.thread, ctl);
        }
        let mut orphans = lock(&self.watch.orphans);
        for orphan in orphans.iter_mut() {
            if let Some(asked) = known.iter().find(|asked| asked.thread == orphan.thread) {
                orphan.computes = asked.computes;
            }
        }
        orphans.iter().filter(|orphan| orphan.computes).count() as u32
    }

    /// Who waits. A worker that makes progress will come to what it has; one that is stuck or sleeps will not.
    fn waiting(&self, eye: &Ring<E>, stuck: &[&ThreadView], now: Time, ctl: &mut Control<'_, E>) -> Found {
        let shared = &self.shared;
        let saturated = shared.is_saturated();
        let mut found = Found::default();
        ctl.pay(Op::Rescan);
        let progressing = shared.idle.awake().saturating_sub(stuck.len());
        let sleeping: Vec<WorkerId> = shared.inject.0.beside(|sleepers| sleepers.iter().collect());
        for (index, peer) in shared.peers.iter().enumerate() {
            let presses = !peer.due.is_empty() || peer.has_slot.load(Ordering::Relaxed);
            let lies = !saturated && !eye.sees_empty(&peer.ring);
            let is_it = |worker: WorkerId| worker.index() == index;
            let is_left =
                stuck.iter().any(|view| view.worker.is_some_and(is_it)) || sleeping.iter().copied().any(is_it);
            found.anything |= presses || lies;
            found.waits |= (presses || lies) && (is_left || progressing == 0);
        }
        let outside = if saturated { 0 } else { shared.inject.0.len() };
        found.anything |= outside > 0;
        found.waits |= outside > 0 && (progressing == 0 || shared.is_worth(outside));
        if ctl.world().next_timer().is_some_and(|at| at <= now) && !ctl.world().driver_is_held() {
            found.anything = true;
            found.waits |= progressing == 0;
        }
        found
    }

    /// Another thread goes on with the worker; at the limit, not if this one computes.
    fn replace(&self, view: &ThreadView, computing: &mut u32, ctl: &mut Control<'_, E>) {
        let computes = view.doing == Doing::Polling && computes(view.thread, ctl);
        if computes && *computing >= self.shared.rules.max_computing {
            return;
        }
        // Before it can be back.
        lock(&self.watch.orphans).push(Orphan { thread: view.thread, computes });
        match ctl.retake(view) {
            Some(worker) => {
                *computing += u32::from(computes);
                super::Policy::release(self, worker, Release::Retaken, ctl);
            }
            None => lock(&self.watch.orphans).retain(|orphan| orphan.thread != view.thread),
        }
    }

    /// How long to sleep: for ever if there is nothing to find, after it has said so and looked once more.
    fn rest(&self, state: &mut State<E>, is_quiet: bool) -> Option<Nanos> {
        let (rules, signs) = (&self.shared.rules, &self.shared.signs.0);
        if !is_quiet {
            state.quiet = 0;
            if std::mem::take(&mut state.has_said) {
                signs.is_asleep.store(false, Ordering::Relaxed);
            }
            return Some(rules.period);
        }
        state.quiet += 1;
        if rules.period.times(u64::from(state.quiet)) < rules.linger {
            return Some(rules.period);
        }
        if std::mem::replace(&mut state.has_said, true) {
            return None;
        }
        signs.is_asleep.store(true, Ordering::Release);
        Some(rules.period)
    }
}

fn computes<E: Entry>(thread: ThreadId, ctl: &mut Control<'_, E>) -> bool {
    ctl.pay(Op::Notify);
    ctl.world().computes(thread).unwrap_or(false)
}
