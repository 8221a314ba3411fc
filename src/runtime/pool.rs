//! The blocking pool: one mutex, one queue, one condition variable. Threads come as the policy says and end after
//! idling; the threads that hold workers are threads of the pool, too.
//!
//! A thread that idles is woken by whoever queues something: it takes one off the count of idle threads and leaves one
//! notification. So a wake of the system that nobody sent is slept through, and no thread is counted twice.

use std::collections::{BTreeMap, VecDeque};
use std::thread::JoinHandle;

#[cfg(all(test, loom))]
use super::loom_models::{Mutant, mutant};
use super::runnable::Runnable;
use super::shared::{Lane, Shared};
use super::thread;
use crate::id::WorkerId;
use crate::policy::{PoolView, Worker};
use crate::sync::{Arc, Condvar, Mutex, lock, nap};
use crate::time::Nanos;
use crate::trace::Role;

/// What waits for a thread of the pool.
pub(super) enum Item {
    /// A closure.
    Job(Runnable),
    /// A worker that was given away.
    Worker(WorkerId),
}

/// Why the pool did not take something.
pub(super) enum Refused {
    /// The runtime is closing: the job is dropped by whoever wanted it.
    Closed(Item),
    /// No thread could be started, and there is none that will come.
    NoThread(Item, std::io::Error),
}

/// The pool's queue and its threads.
#[derive(Default)]
pub(super) struct Pool {
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<(u64, Item)>,
    /// Numbers what was queued.
    queued: u64,
    idle: u32,
    /// Threads that were woken and have not noticed.
    notified: u32,
    /// Threads that were started for the queue and have not come to it yet.
    starting: u32,
    /// All threads, with those that are being started and those that hold workers.
    threads: u32,
    /// Threads that hold workers, and will not come for a job before they give them away.
    holding: u32,
    /// Threads that were ever started here, for their numbers.
    started: u32,
    is_closed: bool,
    handles: BTreeMap<u32, JoinHandle<()>>,
    /// The thread that ended last: the next to end waits for it, so that at most one is left unjoined.
    ended: Option<JoinHandle<()>>,
}

/// Queues something and sees to it that a thread comes.
pub(super) fn submit(shared: &Shared, item: Item) -> Result<(), Refused> {
    let pool = &shared.pool.0;
    let (number, view) = pool.push(item).map_err(Refused::Closed)?;
    // Asked without the lock. An idle thread that ends meanwhile looks at the queue before it does.
    for _ in 0..shared.policy.grow(view) {
        if let Err(error) = pool.add(shared, None) {
            return pool.take_back(number, error);
        }
    }
    Ok(())
}

impl State {
    fn view(&self) -> PoolView {
        let coming = self.notified + self.starting;
        PoolView { queued: self.queue.len() as u32, idle: self.idle, coming, threads: self.threads }
    }
}

impl Pool {
    /// Queues something and wakes a thread that idles, if there is one. Its number, and the pool as it was found; the
    /// item again if the pool is closed.
    fn push(&self, item: Item) -> Result<(u64, PoolView), Item> {
        let mut state = lock(&self.state);
        if state.is_closed {
            return Err(item);
        }
        let number = state.queued;
        state.queued += 1;
        state.queue.push_back((number, item));
        let view = state.view();
        if state.idle > 0 {
            state.idle -= 1;
            state.notified += 1;
            self.work.notify_one();
        }
        Ok((number, view))
    }

    /// Counts a thread that is about to start, with a worker or for the queue: its number. `None`: the pool is full, or
    /// closed.
    fn admit(&self, has_worker: bool, most: u32) -> Option<u32> {
        let mut state = lock(&self.state);
        let is_full = !has_worker && state.threads >= most;
        if state.is_closed || is_full {
            return None;
        }
        state.threads += 1;
        state.holding += u32::from(has_worker);
        state.starting += u32::from(!has_worker);
        state.started += 1;
        Some(state.started)
    }

    /// Starts a thread, with a worker or for whatever is queued; nothing if the pool is full or closed.
    pub(super) fn add(&self, shared: &Shared, worker: Option<Box<dyn Worker<Runnable>>>) -> std::io::Result<()> {
        let Some(number) = self.admit(worker.is_some(), shared.shape.pool_max) else { return Ok(()) };
        let role = if worker.is_some() { Role::Worker } else { Role::Pool };
        let holds = u32::from(worker.is_some());
        let id = shared.thread_id(number);
        let lane = Lane::new(shared.arc());
        let body = move |lane: &Arc<Lane>| {
            let (shared, mut is_new) = (&lane.shared, worker.is_none());
            let mut next = worker.map(thread::Start::With);
            loop {
                let start = match next.take() {
                    Some(start) => start,
                    None => {
                        let Some((item, view)) = shared.pool.0.take(number, is_new, shared.shape.keep_alive) else {
                            return;
                        };
                        is_new = false;
                        match item {
                            Item::Job(job) => {
                                shared.pool.0.grow(shared, shared.policy.grow_on_take(view));
                                thread::Start::Job(job)
                            }
                            Item::Worker(worker) => thread::Start::For(worker),
                        }
                    }
                };
                let held = matches!(start, thread::Start::With(_) | thread::Start::For(_));
                thread::run(lane, start);
                if held {
                    lock(&lane.shared.pool.0.state).holding -= 1;
                }
            }
        };
        match thread::start(lane, id, role, body) {
            Ok(handle) => {
                let mut state = lock(&self.state);
                // If it has ended already, the end of the runtime joins it.
                state.handles.insert(number, handle);
                Ok(())
            }
            Err(error) => {
                let mut state = lock(&self.state);
                state.threads -= 1;
                state.holding -= holds;
                state.starting -= 1 - holds;
                Err(error)
            }
        }
    }

    /// Its numbers now, without the threads that hold workers.
    pub(super) fn view(&self) -> PoolView {
        let state = lock(&self.state);
        let threads = state.threads.saturating_sub(state.holding);
        PoolView { threads, ..state.view() }
    }

    /// A thread could not be started. What was queued for it may wait for another thread, if there is one to come.
    fn take_back(&self, number: u64, error: std::io::Error) -> Result<(), Refused> {
        let mut state = lock(&self.state);
        if state.threads > state.holding {
            return Ok(());
        }
        // A worker waits: the thread that gave it away takes it back when it returns.
        let at = state.queue.iter().position(|(queued, item)| *queued == number && matches!(item, Item::Job(_)));
        match at.and_then(|at| state.queue.remove(at)) {
            Some((_, item)) => Err(Refused::NoThread(item, error)),
            None => Ok(()),
        }
    }

    /// Adds threads because the queue is long. That the system refuses one matters to nobody: what waits is not lost.
    fn grow(&self, shared: &Shared, threads: u32) {
        for _ in 0..threads {
            if self.add(shared, None).is_err() {
                return;
            }
        }
    }

    /// The next thing for a thread of the pool, and what it leaves behind; `None`: the thread ends. `is_new`: it was
    /// started for the queue and comes for the first time.
    fn take(&self, number: u32, is_new: bool, keep_alive: Nanos) -> Option<(Item, PoolView)> {
        let mut state = lock(&self.state);
        state.starting -= u32::from(is_new);
        loop {
            if let Some((_, item)) = state.queue.pop_front() {
                state.holding += u32::from(matches!(item, Item::Worker(_)));
                return Some((item, state.view()));
            }
            if state.is_closed {
                state.threads -= 1;
                return None;
            }
            state.idle += 1;
            loop {
                let is_over;
                (state, is_over) = nap(&self.work, &self.state, state, keep_alive.into());
                let is_notified = state.notified > 0;
                #[cfg(all(test, loom))]
                let is_notified = is_notified && !(is_over && mutant() == Mutant::TimeFirst);
                if is_notified {
                    state.notified -= 1;
                    break;
                }
                if state.is_closed || is_over {
                    state.idle -= 1;
                    if state.queue.is_empty() {
                        state.threads -= 1;
                        if !state.is_closed {
                            self.retire(state, number);
                        }
                        return None;
                    }
                    break;
                }
            }
        }
    }

    /// A thread ends by itself: it joins the one before it.
    fn retire(&self, mut state: crate::sync::MutexGuard<'_, State>, number: u32) {
        let own = state.handles.remove(&number);
        let before = std::mem::replace(&mut state.ended, own);
        drop(state);
        if let Some(before) = before {
            // It panicked only if the runtime has a bug, and has said so.
            let _ = before.join();
        }
    }

    /// No thread starts any more and those there are end. Returns what was queued: dropping it runs user code.
    pub(super) fn close(&self) -> Vec<Item> {
        let mut state = lock(&self.state);
        state.is_closed = true;
        let queue = std::mem::take(&mut state.queue);
        #[cfg(all(test, loom))]
        if mutant() == Mutant::SilentEnd {
            return Vec::new();
        }
        self.work.notify_all();
        drop(state);
        queue.into_iter().map(|(_, item)| item).collect()
    }

    /// The handles of all threads, to wait for their end.
    pub(super) fn handles(&self) -> Vec<JoinHandle<()>> {
        let mut state = lock(&self.state);
        let mut handles: Vec<_> = std::mem::take(&mut state.handles).into_values().collect();
        handles.extend(state.ended.take());
        handles
    }
}

#[cfg(all(test, loom))]
mod loom_models {
    //! A thread that idles too long ends while something is queued: it is never left behind, and no thread is counted
    //! twice.

    use std::sync::Arc;

    use super::*;
    use crate::runtime::loom_models::set_mutant;

    /// What a thread of the pool does, until it ends. How many items it took.
    fn thread(pool: &Pool, number: u32, is_new: bool, keep_alive: Nanos) -> u32 {
        let (mut taken, mut is_new) = (0, is_new);
        while let Some((item, view)) = pool.take(number, is_new, keep_alive) {
            assert!(matches!(item, Item::Worker(WorkerId(7))));
            assert!(view.idle <= view.threads, "more threads idle than there are");
            lock(&pool.state).holding -= 1;
            (taken, is_new) = (taken + 1, false);
        }
        taken
    }

    /// Queues an item; the thread that the rule of tokio's pool wants for it, if it wants one.
    fn submit(pool: &Arc<Pool>, keep_alive: Nanos) -> Option<loom::thread::JoinHandle<u32>> {
        let (_, view) = pool.push(Item::Worker(WorkerId(7))).ok().expect("it is open");
        let grows = crate::policy::parts::blocking::one_if_nobody_idles(view);
        (grows > 0).then(|| {
            let (number, pool) = (pool.admit(false, 8).expect("there is room"), pool.clone());
            loom::thread::spawn(move || thread(&pool, number, true, keep_alive))
        })
    }

    fn growth_against_retirement(mutant: Mutant) {
        loom::model(move || {
            set_mutant(mutant);
            let (pool, at_once) = (Arc::new(Pool::default()), Nanos::ZERO);
            let idles = {
                let (number, pool) = (pool.admit(false, 8).expect("there is room"), pool.clone());
                loom::thread::spawn(move || thread(&pool, number, true, at_once))
            };
            let started = submit(&pool, at_once);
            let taken = idles.join().unwrap() + started.map_or(0, |started| started.join().unwrap());
            let state = lock(&pool.state);
            assert_eq!((taken, state.queue.len()), (1, 0), "a job waits and no thread will come");
            assert_eq!((state.idle, state.notified, state.starting, state.threads), (0, 0, 0, 0));
        });
    }

    #[test]
    fn loom_a_job_is_never_left_by_a_thread_that_ends() {
        growth_against_retirement(Mutant::Sound);
    }

    #[test]
    #[should_panic(expected = "more threads idle than there are")]
    fn loom_a_thread_that_looks_at_the_time_before_its_notification_is_counted_twice() {
        growth_against_retirement(Mutant::TimeFirst);
    }

    /// The end against a thread that idles for ever: only the notification ends it.
    fn end_against_idling(mutant: Mutant) {
        loom::model(move || {
            set_mutant(mutant);
            let (pool, long) = (Arc::new(Pool::default()), Nanos::from_secs(10));
            let idles = {
                let (number, pool) = (pool.admit(false, 8).expect("there is room"), pool.clone());
                loom::thread::spawn(move || thread(&pool, number, true, long))
            };
            let left = pool.close();
            assert_eq!(idles.join().unwrap(), 0);
            assert!(left.is_empty() && pool.push(Item::Worker(WorkerId(7))).is_err());
        });
    }

    #[test]
    fn loom_the_end_of_the_pool_wakes_who_idles() {
        end_against_idling(Mutant::Sound);
    }

    #[test]
    #[should_panic(expected = "deadlock")]
    fn loom_an_end_that_tells_nobody_leaves_who_idles_for_ever() {
        end_against_idling(Mutant::SilentEnd);
    }
}
