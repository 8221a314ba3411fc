//! What all threads of a runtime share, the acts that policies ask for, and the end.
//!
//! # The end
//!
//! 1. [`Shared::close`]: the phase is *closing*; every sleeper is woken, long stretches end early, the pool drops what
//!    waits in it.
//! 2. Each thread, between polls, drains its worker, hands it to the policy and drops the entries, outside of every
//!    lock. From here on wakes go to `inject`.
//! 3. The last thread that leaves, or whoever waits for it, buries ([`Shared::bury`]): closes the lists of tasks, wakes
//!    every task so that its entry comes to the policy, drains the policy and drops the entries. Dropping a future may
//!    wake other tasks and spawn: a task that comes too late is dropped where it is spawned.
//! 4. The phase is *buried*: whoever still pushes an entry drains the policy itself.

use std::sync::Weak;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::clock::Clock;
use super::context::{Blocked, Handle};
use super::driver::{Driver, NOBODY};
use super::existing;
use super::here::{HERE, Here};
use super::metrics::{Totals, WorkerCounts};
use super::monitor::{self, Monitor};
use super::owned::Owned;
use super::parker::Parker;
use super::pool::{self, Item, Pool};
use super::runnable::Runnable;
use super::tracer::{Pen, Tracer};
use super::watch::Watch;
use crate::id::{TaskId, ThreadId, WorkerId};
use crate::policy::{Control, DriverBy, Entry, Op, Origin, Policy, Shape, ThreadView, Worker, World};
use crate::sync::{Apart, Arc, AtomicU32, AtomicU64, Condvar, Mutex, Ordering, lock};
use crate::task::{Timer, Token};
use crate::time::{Nanos, Time};
use crate::trace::{Cause, Event, Line, PollEnd, Sink};

/// Bits of the phase. None: tasks are taken and polled. This one: threads leave.
const CLOSING: u32 = 1;
/// And this one: every task is dropped.
const BURIED: u32 = 2;
/// One task that was aborted and is not dropped yet: counted in the same word, so that a poll that nobody aborts looks
/// at nothing else.
const ABORT: u32 = 4;

/// What all threads of a runtime share. Read by everybody, written rarely: what is written often stands apart.
pub(super) struct Shared {
    /// Itself, for the threads that it starts.
    me: Weak<Shared>,
    /// Different for each runtime of the process, never 0.
    pub(super) id: u32,
    pub(super) policy: Box<dyn Policy<Runnable>>,
    pub(super) shape: Shape,
    /// Every blocking call announces itself.
    pub(super) brackets: bool,
    pub(super) offers: Offers,
    pub(super) seed: u64,
    pub(super) clock: Clock,
    /// Workers look at it in turns: its locks are written all the time.
    pub(super) driver: Apart<Driver>,
    tracer: Option<Tracer>,
    /// Counts the tasks of a scenario; `None`: nobody waits for a number.
    pub(super) watch: Apart<Watch>,
    pub(super) monitor: Apart<Monitor>,
    /// Bits as above. Read at every poll, written rarely.
    phase: AtomicU32,
    parkers: Box<[Apart<Parker>]>,
    pub(super) pool: Apart<Pool>,
    /// All tasks, so that they can be dropped.
    pub(super) owned: Apart<Owned>,
    tasks: Apart<AtomicU64>,
    pub(super) policy_name: String,
    /// What threads are called, before their number.
    pub(super) thread_name: String,
    /// What is counted for each worker, by whoever holds it.
    pub(super) counts: Box<[Apart<WorkerCounts>]>,
    pub(super) totals: Apart<Totals>,
    /// Threads that have not left; the last one buries.
    threads: AtomicU32,
    /// For who waits until the last thread has left, and the tasks are dropped.
    left: (Mutex<bool>, Condvar),
    pub(super) alarm: Mutex<Option<JoinHandle<()>>>,
    /// Blocking stretches wait here, so that the end of the runtime ends them.
    stretches: (Mutex<()>, Condvar),
    /// What threads are held for, for the same reason.
    held: Mutex<Vec<Arc<Token>>>,
    /// Its own threads that block on a future.
    pub(super) blocked: Blocked,
}

/// One thread's own reference to the runtime: what its tasks hold of the runtime, as timers do, counts on this, and not on
/// one number that all threads write.
pub(super) struct Lane {
    pub(super) shared: Arc<Shared>,
}

impl Lane {
    pub(super) fn new(shared: Arc<Shared>) -> Arc<Lane> {
        Arc::new(Lane { shared })
    }
}

/// What a policy has for code that blocks, by its description.
#[derive(Clone, Copy)]
pub(super) struct Offers {
    /// A blocking pool. Without one a closure for it is a task like any other.
    pub(super) pool: bool,
    /// Threads that take over a worker. Without them `block_in_place` only calls its closure.
    pub(super) hand_over: bool,
}

/// What a runtime is made of, besides the policy's own facts.
pub(super) struct Parts {
    pub(super) policy: Box<dyn Policy<Runnable>>,
    /// The policy's, perhaps with other bounds for the pool.
    pub(super) shape: Shape,
    pub(super) seed: u64,
    pub(super) policy_name: String,
    pub(super) thread_name: String,
    pub(super) offers: Offers,
    /// Records that are kept; `None`: none.
    pub(super) records: Option<u64>,
}

#[cold]
#[inline(never)]
fn traced(tracer: &Tracer, here: Option<&Here>, write: impl FnOnce(&mut Pen<'_>)) {
    write(&mut tracer.pen(here));
}

/// A task's waker was called; or its poll ended and it had been woken in it: `rewoken`. Called by `async-task`.
pub(super) fn schedule(entry: Runnable, rewoken: bool) {
    let runtime = entry.0.metadata().runtime;
    let mut entry = Some(entry);
    // Fails while the thread's locals are destroyed: then it counts as a thread outside.
    let _ = HERE.try_with(|here| {
        if here.runtime.get() == runtime {
            let Some(entry) = entry.take() else { return };
            // The short way: nobody traces, and there is a worker.
            if !here.is_traced()
                && let Some(worker) = &mut *here.seat.borrow_mut()
            {
                let origin = if rewoken { Origin::SelfWake } else { here.origin.get() };
                let mut acts = Acts { shared: Of::Thread(here), here: Some(here) };
                return worker.wake(entry, origin, &mut Control::new(None, &mut acts, None));
            }
            let lane = here.lane.borrow();
            let shared = &lane.as_ref().expect("a thread of a runtime has a lane").shared;
            shared.woken(Some(here), entry, rewoken);
        }
    });
    if let Some(entry) = entry {
        match existing::find(runtime) {
            Some(shared) => shared.woken(None, entry, false),
            // Nobody is left who could poll it.
            None => drop(entry),
        }
    }
}

impl Shared {
    pub(super) fn new(parts: Parts) -> std::io::Result<Arc<Shared>> {
        let Parts { policy, shape, seed, policy_name, thread_name, offers, records } = parts;
        let driver = Driver::new(shape.timer_grain)?;
        let clock = Clock::start();
        let id = existing::name();
        let (workers, brackets) = (usize::from(shape.workers), policy.brackets());
        let shared = Arc::new_cyclic(|me| Shared {
            me: me.clone(),
            id,
            policy,
            shape,
            brackets,
            offers,
            seed,
            clock,
            driver: Apart(driver),
            tracer: records.map(|records| Tracer::new(clock, records)),
            watch: Apart(Watch::default()),
            monitor: Apart(Monitor::default()),
            phase: AtomicU32::new(0),
            parkers: (0..shape.workers).map(|_| Apart(Parker::new())).collect(),
            pool: Apart(Pool::default()),
            owned: Apart(Owned::default()),
            tasks: Apart(AtomicU64::new(0)),
            policy_name,
            thread_name,
            counts: (0..workers).map(|_| Apart::default()).collect(),
            totals: Apart::default(),
            threads: AtomicU32::new(0),
            left: (Mutex::new(false), Condvar::new()),
            alarm: Mutex::new(None),
            stretches: (Mutex::new(()), Condvar::new()),
            held: Mutex::new(Vec::new()),
            blocked: Blocked::default(),
        });
        existing::add(&shared);
        Ok(shared)
    }

    /// A reference to itself.
    pub(super) fn arc(&self) -> Arc<Shared> {
        self.me.upgrade().expect("a runtime that is in use exists")
    }

    /// What records, if somebody does. With `--cfg untraced` nobody can: against such a build is measured what recording costs
    /// those who do not record (`scripts/tracing-cost`).
    #[inline(always)]
    pub(super) fn tracer(&self) -> Option<&Tracer> {
        if cfg!(untraced) { None } else { self.tracer.as_ref() }
    }

    #[inline]
    pub(super) fn is_open(&self) -> bool {
        self.phase.load(Ordering::Relaxed) & CLOSING == 0
    }

    /// Whether some task is aborted and not dropped yet.
    #[inline]
    pub(super) fn has_aborts(&self) -> bool {
        self.phase.load(Ordering::Relaxed) >= ABORT
    }

    /// The task at that place is to end, if it is still this one.
    pub(super) fn abort(&self, key: u32, task: TaskId) {
        if !self.owned.0.can_abort(key, task) {
            return;
        }
        // Told before the mark: who ends a task that is marked takes it back, and the poll that the wake causes must see it.
        self.phase.fetch_add(ABORT, Ordering::SeqCst);
        match self.owned.0.abort(key, task) {
            Some(Some(waker)) => waker.wake(),
            // It is in a queue or in its first poll.
            Some(None) => {}
            None => self.abort_done(),
        }
    }

    /// A task that was aborted is over.
    pub(super) fn abort_done(&self) {
        self.phase.fetch_sub(ABORT, Ordering::SeqCst);
    }

    pub(super) fn reserve(&self) -> TaskId {
        // After four billion they come again; among those that exist at a time they are different.
        TaskId(self.tasks.0.fetch_add(1, Ordering::Relaxed) as u32)
    }

    /// A number for a task that is spawned here. In the order of all spawns if somebody records them.
    #[inline]
    pub(super) fn number(&self) -> TaskId {
        // A worker that a monitor may take is not surely in the hands that believe to have it.
        if self.tracer().is_some() || self.shape.retakes {
            return self.reserve();
        }
        self.on_thread(|here| match here.and_then(|here| here.worker.get()) {
            Some(worker) => self.counts[worker.index()].0.numbers.take(&self.tasks.0),
            None => self.reserve(),
        })
    }

    /// How many tasks and jobs there ever were.
    pub(super) fn spawned(&self) -> u64 {
        let unused: u64 = self.counts.iter().map(|counts| counts.0.numbers.left()).sum();
        self.tasks.0.load(Ordering::Relaxed).saturating_sub(unused)
    }

    /// The name of the `number`-th thread of the pool, from 1: after the world outside, and driver and monitor if those
    /// have threads. Names come again after 65,000 threads.
    pub(super) fn thread_id(&self, number: u32) -> ThreadId {
        let first = u16::from(self.shape.driver == DriverBy::Thread) + u16::from(self.shape.retakes);
        ThreadId(first + 1 + ((number - 1) % 65_000) as u16)
    }

    /// A thread is about to start.
    pub(super) fn thread_starts(&self) {
        self.threads.fetch_add(1, Ordering::AcqRel);
    }

    /// A thread has left, or did not start.
    pub(super) fn thread_ends(&self) {
        if self.threads.fetch_sub(1, Ordering::AcqRel) == 1 && !self.is_open() {
            self.bury();
            *lock(&self.left.0) = true;
            self.left.1.notify_all();
        }
    }

    /// Waits until the last thread has left and every task is dropped, or until then. Whether they have.
    pub(super) fn wait_left(&self, until: Instant) -> bool {
        let mut has_left = lock(&self.left.0);
        while !*has_left && self.threads.load(Ordering::Acquire) > 0 {
            let now = Instant::now();
            if now >= until {
                return false;
            }
            // In pieces, because a system need not sleep for centuries at once.
            let piece = (until - now).min(Duration::from_secs(3600));
            has_left = self.left.1.wait_timeout(has_left, piece).unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
        true
    }

    pub(super) fn parker(&self, worker: WorkerId) -> &Parker {
        &self.parkers[worker.index()].0
    }

    /// Calls a hook. `before` records what leads to it, with the same stamp.
    #[inline(always)]
    pub(super) fn hook<R>(
        &self,
        here: Option<&Here>,
        line: Option<Line>,
        before: impl FnOnce(&mut Pen<'_>),
        call: impl FnOnce(&mut Control<'_, Runnable>) -> R,
    ) -> R {
        self.hook_as::<true, R>(here, line, before, call)
    }

    /// The same, where it is known that nobody traces: `MAY_TRACE` is false. A loop that is compiled for that case does not
    /// look again at every step.
    #[inline(always)]
    pub(super) fn hook_as<const MAY_TRACE: bool, R>(
        &self,
        here: Option<&Here>,
        line: Option<Line>,
        before: impl FnOnce(&mut Pen<'_>),
        call: impl FnOnce(&mut Control<'_, Runnable>) -> R,
    ) -> R {
        match self.tracer().filter(|_| MAY_TRACE) {
            None => call(&mut Control::new(None, &mut Acts { shared: Of::Known(self), here }, line)),
            Some(tracer) => self.traced_hook(tracer, here, line, before, call),
        }
    }

    /// Apart, so that the path of a run that nobody traces stays short.
    #[cold]
    #[inline(never)]
    fn traced_hook<R>(
        &self,
        tracer: &Tracer,
        here: Option<&Here>,
        line: Option<Line>,
        before: impl FnOnce(&mut Pen<'_>),
        call: impl FnOnce(&mut Control<'_, Runnable>) -> R,
    ) -> R {
        let mut pen = tracer.pen(here);
        before(&mut pen);
        call(&mut Control::new(Some(&mut pen), &mut Acts { shared: Of::Known(self), here }, line))
    }

    /// Records, if somebody traces.
    #[inline(always)]
    pub(super) fn trace(&self, here: Option<&Here>, write: impl FnOnce(&mut Pen<'_>)) {
        if let Some(tracer) = self.tracer() {
            traced(tracer, here, write);
        }
    }

    /// Calls `act` with this thread's part in this runtime; `None`: it has none.
    #[inline]
    pub(super) fn on_thread<R>(&self, act: impl FnOnce(Option<&Here>) -> R) -> R {
        let mut act = Some(act);
        let done = HERE.try_with(|here| {
            let act = act.take().expect("called once");
            act((here.runtime.get() == self.id).then_some(here))
        });
        match (done, act) {
            (Ok(result), _) => result,
            (Err(_), Some(act)) => act(None),
            (Err(_), None) => unreachable!("the thread's locals fail before the call or not at all"),
        }
    }

    /// Makes the polls of this thread since the last time public.
    pub(super) fn publish(&self, here: &Here, worker: WorkerId) {
        let counts = &self.counts[worker.index()].0;
        // Only who holds the worker writes: no read-modify-write is needed.
        let polls = counts.polls.load(Ordering::Relaxed) + here.polls.take();
        counts.polls.store(polls, Ordering::Relaxed);
    }

    /// As [`Shared::on_thread`], for an entry.
    #[inline]
    fn on_this_thread(&self, entry: Runnable, act: impl Fn(Option<&Here>, Runnable)) {
        let mut entry = Some(entry);
        // Fails while the thread's locals are destroyed: then it counts as a thread outside.
        let _ = HERE.try_with(|here| {
            if here.runtime.get() == self.id
                && let Some(entry) = entry.take()
            {
                act(Some(here), entry);
            }
        });
        if let Some(entry) = entry {
            act(None, entry);
        }
    }

    #[inline(never)]
    fn woken(&self, here: Option<&Here>, entry: Runnable, rewoken: bool) {
        let task = entry.task();
        let origin = match here {
            Some(_) if rewoken => Origin::SelfWake,
            Some(here) => here.origin.get(),
            None => Origin::Outside,
        };
        let before = |pen: &mut Pen<'_>| {
            let (mut cause, mut by) = (Cause::Task, None);
            if let Some(here) = here {
                (cause, by) = (here.cause.get(), here.task.get());
                if rewoken {
                    // The end of the poll comes before the wake that it delivers.
                    pen.poll_end(task, PollEnd::Rewoken);
                    here.end.set(Some(PollEnd::Rewoken));
                    here.stamp.set(pen.stamp());
                    // Another thread woke it: who, and why, is not known here.
                    (cause, by) = here.rewoken.get().map_or((Cause::Task, None), |cause| (cause, by));
                    if cause == Cause::Deferred {
                        by = None;
                    }
                }
            }
            pen.record(Event::Wake { task, cause, by });
        };
        self.deliver(here, entry, origin, before);
    }

    /// Hands a ready task to the worker of this thread, or to the policy.
    #[inline(always)]
    pub(super) fn deliver(
        &self,
        here: Option<&Here>,
        entry: Runnable,
        origin: Origin,
        before: impl FnOnce(&mut Pen<'_>),
    ) {
        if let Some(here) = here {
            let mut seat = here.seat.borrow_mut();
            if let Some(worker) = &mut *seat {
                return self.hook(Some(here), None, before, |ctl| worker.wake(entry, origin, ctl));
            }
            drop(seat);
            if self.shape.retakes {
                return self.deliver_in_poll(here, entry, origin, before);
            }
        }
        self.inject(here, entry, origin, before);
    }

    /// The same on a thread whose worker may be on its shelf.
    #[cold]
    #[inline(never)]
    fn deliver_in_poll(&self, here: &Here, entry: Runnable, origin: Origin, before: impl FnOnce(&mut Pen<'_>)) {
        let mut before = Some(before);
        let refused = monitor::wake_on_shelf(here, entry, |worker, entry| {
            let before = before.take().expect("called once");
            self.hook(Some(here), None, before, |ctl| worker.wake(entry, origin, ctl));
        });
        if let (Some(entry), Some(before)) = (refused, before) {
            self.inject(Some(here), entry, origin, before);
        }
    }

    /// For a thread without a worker.
    #[inline(never)]
    fn inject(&self, here: Option<&Here>, entry: Runnable, origin: Origin, before: impl FnOnce(&mut Pen<'_>)) {
        let origin = if origin == Origin::Driver { origin } else { Origin::Outside };
        self.hook(here, None, before, |ctl| self.policy.inject(entry, origin, ctl));
        self.totals.0.remote_schedules.fetch_add(1, Ordering::Relaxed);
        #[cfg(all(test, loom))]
        if super::loom_models::mutant() == super::loom_models::Mutant::NoLookAfterPush {
            return;
        }
        if self.phase.load(Ordering::SeqCst) & BURIED != 0 {
            let entries = self.policy.drain();
            self.within(|| drop(entries));
        }
    }

    /// The first delivery of a task.
    pub(super) fn launch(&self, entry: Runnable, before: impl Fn(&mut Pen<'_>)) {
        self.on_this_thread(entry, |here, entry| self.deliver(here, entry, Origin::Spawn, &before));
    }

    /// Blocks this thread for so long, or until the runtime closes.
    pub(super) fn block(&self, length: Nanos) {
        let until = self.clock.now() + length;
        let (mutex, closing) = &self.stretches;
        let mut guard = lock(mutex);
        while self.is_open() {
            let left = self.clock.until(until);
            if left.is_zero() {
                break;
            }
            guard = closing.wait_timeout(guard, left).unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
    }

    /// Holds this thread until the token is given, or until the runtime closes.
    pub(super) fn hold(&self, token: &Arc<Token>) {
        lock(&self.held).push(token.clone());
        token.wait(|| !self.is_open());
        lock(&self.held).retain(|held| !Arc::ptr_eq(held, token));
    }

    /// Registers a timer with the driver.
    pub(super) fn arm(&self, lane: &Arc<Lane>, timer: &Arc<Timer>) {
        let (task, cause, due) = (timer.task, timer.cause, timer.due);
        if self.tracer().is_some() && task != NOBODY {
            let fires = self.driver.0.fires(timer);
            self.on_thread(|here| self.trace(here, |pen| pen.record(Event::Timer { task, cause, due, fires })));
        }
        if self.driver.0.arm(timer, self.clock.now()) {
            let lane = lane.clone();
            let alarm = std::thread::Builder::new()
                .name(format!("{}-alarm", self.thread_name))
                .spawn(move || lane.shared.driver.0.ring(lane.shared.clock))
                .unwrap_or_else(|error| panic!("{task}: no thread could be started for the alarm: {error}"));
            *lock(&self.alarm) = Some(alarm);
        }
    }

    /// Begins the end: no thread takes anything new. Returns at once.
    pub(super) fn close(&self) {
        if self.phase.fetch_or(CLOSING, Ordering::SeqCst) & CLOSING != 0 {
            return;
        }
        drop(lock(&self.stretches.0));
        self.stretches.1.notify_all();
        // After the phase: who is not in the list yet sees it.
        lock(&self.held).iter().for_each(|token| token.poke());
        for parker in &self.parkers {
            parker.0.unpark(|| self.driver.0.poke());
        }
        // A driver with a thread of its own has no parker.
        self.driver.0.poke();
        self.driver.0.close();
        self.monitor.0.rouse();
        self.blocked.wake_all();
        let waits = self.pool.0.close();
        self.within(|| drop(waits));
    }

    /// Does something in the context of this runtime: what a user's destructor sees.
    fn within(&self, does: impl FnOnce()) {
        let handle = Handle { lane: Lane::new(self.arc()) };
        let _entered = handle.enter();
        does();
    }

    /// Drops every task. Only after the last thread has left.
    pub(super) fn bury(&self) {
        debug_assert!(!self.is_open(), "buried alive");
        self.driver.0.close();
        self.within(|| {
            for waker in self.owned.0.close() {
                waker.wake();
            }
            // Every task is in the policy's queues now, or its entry is in the hands of somebody who pushes it there.
            while self.drop_entries() {}
            self.phase.fetch_or(BURIED, Ordering::SeqCst);
            while self.drop_entries() {}
        });
    }

    fn drop_entries(&self) -> bool {
        let entries = self.policy.drain();
        let found = !entries.is_empty();
        drop(entries);
        found
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        existing::remove(self.id);
    }
}

/// The acts that hooks ask for.
struct Acts<'a> {
    shared: Of<'a>,
    here: Option<&'a Here>,
}

/// Which runtime's acts.
enum Of<'a> {
    Known(&'a Shared),
    /// That of the thread: looked up when a hook asks for an act, which a wake almost never does.
    Thread(&'a Here),
}

impl Acts<'_> {
    fn shared<R>(&self, act: impl FnOnce(&Shared) -> R) -> R {
        match self.shared {
            Of::Known(shared) => act(shared),
            Of::Thread(here) => act(&here.lane.borrow().as_ref().expect("a thread of a runtime has a lane").shared),
        }
    }
}

impl World<Runnable> for Acts<'_> {
    fn now(&mut self) -> Time {
        self.shared(|shared| shared.clock.now())
    }

    fn deferred(&self) -> usize {
        self.here.map_or(0, |here| here.deferred.borrow().len())
    }

    fn unpark(&mut self, worker: WorkerId) {
        self.shared(|shared| shared.parker(worker).unpark(|| shared.driver.0.poke()));
    }

    fn start(&mut self, worker: WorkerId) {
        // If no thread can be started the worker waits in the pool's queue, and the thread that gave it away takes it
        // back when it returns.
        self.shared(|shared| {
            let refused = pool::submit(shared, Item::Worker(worker));
            debug_assert!(refused.is_ok() || !shared.is_open(), "the pool refused a worker");
        });
    }

    fn retake(&mut self, seen: &ThreadView) -> Option<Box<dyn Worker<Runnable>>> {
        self.shared(|shared| shared.monitor.0.retake(seen))
    }

    fn preempt(&mut self, _seen: &ThreadView) -> bool {
        false
    }

    fn computes(&mut self, thread: ThreadId) -> Option<bool> {
        self.shared(|shared| shared.monitor.0.computes(thread))
    }

    fn rouse(&mut self) {
        self.shared(|shared| shared.monitor.0.rouse());
    }

    fn drive_io(&mut self) {
        self.shared(|shared| shared.monitor.0.want_io());
    }

    fn driver_is_held(&mut self) -> bool {
        self.shared(|shared| shared.driver.0.is_held())
    }

    fn next_timer(&mut self) -> Option<Time> {
        self.shared(|shared| shared.driver.0.next())
    }

    fn pay(&mut self, _op: Op) {}
}
