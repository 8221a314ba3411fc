//! Who sleeps, and whether somebody has been notified: async-executor's `Sleepers` with its flag.
//!
//! A runner that finds nothing becomes a sleeper *and looks again*; only then it parks. One sleeper at a time is
//! notified: while the flag is up, pushes do nothing. It comes down when a runner that was notified has found something
//! (or has looked in vain) and others still sleep.
//!
//! The flag is swapped, not compared: with a swap that always writes, a push and a runner that lies down see each other
//! whichever comes first (async-executor has fences in its queue for that).

use crate::id::WorkerId;
use crate::sync::{AtomicBool, Mutex, Ordering, lock};

#[derive(Debug)]
pub(super) struct Tickers {
    /// Up while a sleeper is notified, or nobody sleeps.
    is_notified: AtomicBool,
    sleepers: Mutex<Sleepers>,
}

#[derive(Debug, Default)]
struct Sleepers {
    /// Those that sleep, notified or not.
    count: usize,
    /// Those that are not notified, the last to fall asleep at the end.
    waiting: Vec<WorkerId>,
}

impl Sleepers {
    fn is_notified(&self) -> bool {
        self.count == 0 || self.count > self.waiting.len()
    }
}

impl Default for Tickers {
    fn default() -> Tickers {
        Tickers { is_notified: AtomicBool::new(true), sleepers: Mutex::default() }
    }
}

impl Tickers {
    /// Whether the caller is the one to notify somebody, with [`Tickers::take`].
    pub(super) fn may_notify(&self) -> bool {
        !self.is_notified.swap(true, Ordering::SeqCst)
    }

    /// Whom to notify: the last that fell asleep, if nobody is notified yet.
    pub(super) fn take(&self) -> Option<WorkerId> {
        let mut sleepers = lock(&self.sleepers);
        if sleepers.waiting.len() == sleepers.count { sleepers.waiting.pop() } else { None }
    }

    /// A runner has found nothing. `sleeps`: it is a sleeper already. Whether it must look again; if not it parks.
    pub(super) fn sleep(&self, runner: WorkerId, sleeps: bool) -> bool {
        let mut sleepers = lock(&self.sleepers);
        if !sleeps {
            sleepers.count += 1;
        } else if sleepers.waiting.contains(&runner) {
            return false;
        }
        sleepers.waiting.push(runner);
        self.is_notified.swap(sleepers.is_notified(), Ordering::SeqCst);
        true
    }

    /// A sleeper has found something, or leaves.
    pub(super) fn wake(&self, runner: WorkerId) {
        let mut sleepers = lock(&self.sleepers);
        sleepers.count -= 1;
        sleepers.waiting.retain(|&waiting| waiting != runner);
        self.is_notified.swap(sleepers.is_notified(), Ordering::SeqCst);
    }
}
