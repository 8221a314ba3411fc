//! A thread of the runtime: it holds a worker, asks it what to do and does it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;
use std::thread::JoinHandle;

use super::driver::{NOBODY, Turner};
use super::here::{HERE, Here};
use super::monitor;
use super::runnable::{Meta, Runnable};
use super::shared::{Lane, Shared};
use crate::id::{KindId, TaskId, ThreadId, WorkerId};
use crate::policy::{Budget, DriverBy, Entry, Origin, Step, Worker};
use crate::sync::{Arc, Ordering};
use crate::time::{Nanos, Time};
use crate::trace::{Cause, Event, Line, PollEnd, Release, Role, Sink, Sleep};

/// What a thread begins with.
pub(super) enum Start {
    /// To hold this worker.
    With(Box<dyn Worker<Runnable>>),
    /// To claim a worker that was given away.
    For(WorkerId),
    /// For a job.
    Job(Runnable),
}

/// Starts a thread of the runtime. A panic that reaches its end is a bug; it closes the runtime and is passed on to
/// whoever waits for a scenario.
pub(super) fn start(
    lane: Arc<Lane>,
    id: ThreadId,
    role: Role,
    body: impl FnOnce(&Arc<Lane>) + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    let shared = lane.shared.clone();
    shared.thread_starts();
    let main = move || {
        HERE.with(|here| {
            let shared = &lane.shared;
            here.enter(&lane, id, shared.tracer().map(|tracer| tracer.buffer()));
            shared.trace(Some(here), |pen| pen.record(Event::ThreadStart { thread: id, role }));
            let result = catch_unwind(AssertUnwindSafe(|| body(&lane)));
            here.stamp.set(Time::ZERO);
            shared.trace(Some(here), |pen| pen.record(Event::ThreadEnd));
            here.leave();
            if let Err(payload) = result {
                shared.watch.0.fail(payload);
                shared.close();
            }
            shared.thread_ends();
        });
    };
    let started = std::thread::Builder::new().name(format!("{}-{}", shared.thread_name, id.0)).spawn(main);
    if started.is_err() {
        shared.thread_ends();
    }
    started
}

/// Does what a thread of the pool was woken for.
pub(super) fn run(lane: &Arc<Lane>, start: Start) {
    HERE.with(|here| match start {
        Start::With(worker) => work(&lane.shared, here, worker),
        Start::For(worker) => {
            if let Some(worker) = claim(&lane.shared, here, worker) {
                work(&lane.shared, here, worker);
            }
        }
        Start::Job(job) => run_job(&lane.shared, here, job),
    });
}

/// The whole life of a driver that has a thread of its own.
pub(super) fn drive(lane: &Arc<Lane>) {
    let shared = &lane.shared;
    let mut turner = shared.driver.0.take_to_wait().expect("a driver with a thread of its own is taken by nobody else");
    HERE.with(|here| {
        shared.trace(Some(here), |pen| pen.record(Event::DriverHeld));
        while shared.is_open() {
            shared.driver.0.wait(&mut turner, shared.clock);
            shared.driver.0.collect(&mut turner, shared.clock);
            if turner.has_news() {
                fire(shared, here, &mut turner);
            }
        }
        shared.trace(Some(here), |pen| pen.record(Event::DriverReleased));
    });
    shared.driver.0.put_back(turner);
}

pub(super) fn claim(shared: &Shared, here: &Here, had: WorkerId) -> Option<Box<dyn Worker<Runnable>>> {
    shared.hook(Some(here), None, |_| {}, |ctl| shared.policy.claim(here.thread.get(), Some(had), ctl))
}

/// Holds a worker until it retires, is lost or the runtime closes.
fn work(shared: &Shared, here: &Here, worker: Box<dyn Worker<Runnable>>) {
    acquire(shared, here, worker);
    if shared.tracer().is_some() { hold::<true>(shared, here) } else { hold::<false>(shared, here) }
}

/// The loop of a thread with a worker in its seat, once for those that record and once for those that do not.
fn hold<const TRACED: bool>(shared: &Shared, here: &Here) {
    let mut line: Option<Line> = None;
    while shared.is_open() {
        let step = {
            let mut seat = here.seat.borrow_mut();
            let worker = seat.as_mut().expect("a thread that works holds a worker");
            shared.hook_as::<TRACED, _>(Some(here), line.take(), |_| {}, |ctl| worker.step(ctl))
        };
        match step {
            Step::Run(entry, budget) => {
                if !poll::<TRACED>(shared, here, entry, budget) {
                    return;
                }
            }
            // What is found there was put there by others: its stamps may be later than ours.
            Step::Look(wanted) | Step::Try(wanted) => {
                line = Some(wanted);
                here.stamp.set(Time::ZERO);
            }
            Step::Drain => drain(here),
            Step::Drive => look(shared, here),
            Step::Pause(length) => pause(shared, here, length),
            Step::Park(Sleep::Poll) => look(shared, here),
            Step::Park(sleep) => park(shared, here, sleep),
            Step::Retire => {
                drain(here);
                return release(shared, here, Release::Retire);
            }
        }
    }
    // Their tasks are dropped with all others.
    let deferred = here.deferred.take();
    release(shared, here, Release::Shutdown);
    drop(deferred);
}

pub(super) fn acquire(shared: &Shared, here: &Here, worker: Box<dyn Worker<Runnable>>) {
    here.stamp.set(Time::ZERO);
    let id = worker.id();
    here.sit(worker);
    shared.trace(Some(here), |pen| pen.record(Event::Acquire { worker: id }));
}

/// Gives the worker in the seat to the policy. At the end of the runtime its entries are dropped, after every lock.
fn release(shared: &Shared, here: &Here, why: Release) {
    let Some(mut worker) = here.stand_up() else { return };
    let id = worker.id();
    shared.publish(here, id);
    let entries = if why == Release::Shutdown { worker.drain() } else { Vec::new() };
    here.stamp.set(Time::ZERO);
    shared.hook(
        Some(here),
        None,
        |pen| pen.record_as(Some(id), Event::Release { worker: id, why }),
        |ctl| shared.policy.release(worker, why, ctl),
    );
    drop(entries);
}

/// Polls a task. False: the worker was given away in the poll and another thread has it.
#[inline]
fn poll<const TRACED: bool>(shared: &Shared, here: &Here, entry: Runnable, budget: Budget) -> bool {
    match budget {
        Budget::Fresh(units) => {
            here.budget.set(units);
            here.budget_fresh.set(units);
        }
        Budget::Rest => {}
        Budget::Unlimited => here.budget.set(u32::MAX),
    }
    if shared.has_aborts() && is_aborted(shared, &entry) {
        return cancel(shared, here, entry);
    }
    let task = if TRACED { poll_starts(shared, here, &entry) } else { TaskId(0) };
    here.end.set(None);
    here.yielded.set(false);
    here.polls.set(here.polls.get() + 1);
    if shared.shape.retakes {
        monitor::shelve(here);
    }
    let meta = entry.0.metadata();
    here.polled.set(std::ptr::from_ref(meta).addr());
    let is_first_poll = meta.is_first_poll();
    here.is_first_poll.set(is_first_poll);
    here.ends_aside.set(TRACED || is_first_poll);
    // A panic stays in the task.
    let is_rewoken = entry.0.run();
    let known = here.end.get();
    let end = match known {
        Some(end) => end,
        None if is_rewoken => PollEnd::Rewoken,
        None if here.yielded.get() => PollEnd::Deferred,
        None => PollEnd::Pending,
    };
    if TRACED {
        poll_ended(shared, here, task, end, known.is_some());
    }
    after_poll::<TRACED>(shared, here, end)
}

/// The policy hears of the end of a poll. False: another thread has the worker.
#[inline]
fn after_poll<const TRACED: bool>(shared: &Shared, here: &Here, end: PollEnd) -> bool {
    if here.away.get() > 0 {
        // It panicked between leaving and returning.
        here.away.set(0);
        come_back(shared, here);
    }
    if shared.shape.retakes && here.seat.borrow().is_none() && !monitor::unshelve(shared, here) {
        here.is_orphan.set(false);
        return monitor::ask_for_another(shared, here);
    }
    let mut seat = here.seat.borrow_mut();
    let Some(worker) = &mut *seat else {
        here.is_orphan.set(false);
        return false;
    };
    shared.hook_as::<TRACED, _>(Some(here), None, |_| {}, |ctl| worker.polled(end, here.budget.get(), ctl));
    true
}

#[cold]
#[inline(never)]
fn is_aborted(shared: &Shared, entry: &Runnable) -> bool {
    shared.owned.0.is_aborted(entry.0.metadata().key)
}

/// Drops an aborted task in place of its poll. The policy is told of a poll that was the last.
#[cold]
#[inline(never)]
fn cancel(shared: &Shared, here: &Here, entry: Runnable) -> bool {
    drop_aborted(shared, here, entry);
    after_poll::<true>(shared, here, PollEnd::Ready)
}

fn drop_aborted(shared: &Shared, here: &Here, entry: Runnable) {
    let task = entry.task();
    here.stamp.set(Time::ZERO);
    shared.trace(Some(here), |pen| pen.record(Event::Cancel { task }));
    // Whoever awaits the handle is woken by the drop.
    here.cause.set(Cause::Join);
    drop(entry);
    here.cause.set(Cause::Task);
}

/// Polls a job of the blocking pool, which has no worker.
pub(super) fn run_job(shared: &Shared, here: &Here, entry: Runnable) {
    if shared.has_aborts() && is_aborted(shared, &entry) {
        return drop_aborted(shared, here, entry);
    }
    let task = entry.task();
    here.budget.set(u32::MAX);
    here.stamp.set(Time::ZERO);
    shared.trace(Some(here), |pen| pen.record(Event::PollStart { task, budget: u32::MAX, tick: 0 }));
    here.begin(task, Cause::Pool);
    here.end.set(None);
    entry.0.run();
    // Its end was recorded in the poll: a job does not wait.
    here.finish();
    here.away.set(0);
}

#[cold]
#[inline(never)]
fn poll_starts(shared: &Shared, here: &Here, entry: &Runnable) -> TaskId {
    let task = entry.task();
    shared.trace(Some(here), |pen| {
        let tick = here.seat.borrow().as_ref().map_or(0, |worker| worker.tick());
        pen.record(Event::PollStart { task, budget: here.budget.get(), tick });
    });
    here.begin(task, Cause::Task);
    task
}

#[cold]
#[inline(never)]
fn poll_ended(shared: &Shared, here: &Here, task: TaskId, end: PollEnd, is_recorded: bool) {
    if !is_recorded {
        shared.trace(Some(here), |pen| {
            pen.poll_end(task, end);
            here.stamp.set(pen.stamp());
        });
    }
    here.finish();
}

/// Wakes the tasks that yielded on this thread, newest first.
pub(super) fn drain(here: &Here) {
    let mut list = here.deferred.take();
    if list.is_empty() {
        return;
    }
    let task = here.task.take();
    let cause = here.cause.replace(Cause::Deferred);
    here.origin.set(Origin::Deferred);
    while let Some(waker) = list.pop() {
        waker.wake();
    }
    here.origin.set(Origin::Wake);
    here.cause.set(cause);
    here.task.set(task);
    // Keeps the allocation.
    here.deferred.replace(list);
}

/// `block_in_place` begins: the worker goes to the policy.
pub(super) fn go_away(shared: &Shared, here: &Here) {
    let nested = here.away.get();
    here.away.set(nested + 1);
    if nested > 0 {
        return;
    }
    here.budget_kept.set(here.budget.replace(u32::MAX));
    if shared.shape.retakes {
        monitor::unshelve(shared, here);
    }
    here.left_as.set(here.worker.get());
    if here.worker.get().is_some() {
        drain(here);
        release(shared, here, Release::BlockInPlace);
    }
}

/// `block_in_place` ends: asks for the worker back. Without it the poll goes on as an orphan: its wakes go to `inject`,
/// and when it ends the thread joins the pool.
pub(super) fn return_from_away(shared: &Shared, here: &Here) {
    let nested = here.away.get().saturating_sub(1);
    here.away.set(nested);
    if nested == 0 {
        here.budget.set(here.budget_kept.get());
        come_back(shared, here);
    }
}

fn come_back(shared: &Shared, here: &Here) {
    let Some(had) = here.left_as.take() else { return };
    match claim(shared, here, had) {
        Some(worker) => acquire(shared, here, worker),
        None => here.is_orphan.set(true),
    }
}

/// Whether that is the waker of the task that this thread polls, and not one of an executor inside of the task.
pub(super) fn is_own_waker(here: &Here, waker: &Waker) -> bool {
    waker.data().addr().wrapping_add(distance()) == here.polled.get()
}

/// How far a task's metadata lies behind what its waker points to: both lie in the head of its allocation, which is alike
/// for all tasks. Measured once, on a task that never runs.
fn distance() -> usize {
    static DISTANCE: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    *DISTANCE.get_or_init(|| {
        let meta = Meta::new(TaskId(0), 0, 0, KindId(0), false);
        let (runnable, handle) = async_task::Builder::new().metadata(meta).spawn(|_| async {}, |_| {});
        handle.detach();
        let meta: *const Meta = runnable.metadata();
        meta.addr().wrapping_sub(runnable.waker().data().addr())
    })
}

/// A task yields on the deferred list of this thread. False: there is no list here, or the waker is not the task's own,
/// whose executor may sleep on this thread and never come back to the list; it wakes itself.
pub(super) fn defer(shared: &Shared, here: &Here, waker: &Waker) -> bool {
    if shared.shape.yield_by != crate::policy::YieldBy::Defer || here.worker.get().is_none() {
        return false;
    }
    if !is_own_waker(here, waker) {
        return false;
    }
    here.yielded.set(true);
    let mut list = here.deferred.borrow_mut();
    if !list.last().is_some_and(|last| last.will_wake(waker)) {
        list.push(waker.clone());
    }
    true
}

/// Naps below this length are spun: the system would sleep longer. Taste, from the 50 us of timer slack on Linux.
const SPIN: Nanos = Nanos::from_micros(20);

fn pause(shared: &Shared, here: &Here, length: Nanos) {
    here.stamp.set(Time::ZERO);
    if length >= SPIN {
        return std::thread::sleep(length.into());
    }
    let until = shared.clock.now() + length;
    while shared.clock.now() < until {
        std::hint::spin_loop();
    }
}

/// Sleeps with the worker.
fn park(shared: &Shared, here: &Here, sleep: Sleep) {
    here.stamp.set(Time::ZERO);
    let worker = here.worker.get().expect("only a worker parks");
    shared.publish(here, worker);
    let parks = &shared.counts[worker.index()].0.parks_and_unparks;
    parks.store(parks.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    sleep_with(shared, here, worker, sleep);
    parks.store(parks.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

fn sleep_with(shared: &Shared, here: &Here, worker: WorkerId, sleep: Sleep) {
    let parker = shared.parker(worker);
    let may_drive = sleep == Sleep::DriverIfFree && shared.shape.driver == DriverBy::ParkedWorker;
    let Some(mut turner) = may_drive.then(|| shared.driver.0.take_to_wait()).flatten() else {
        shared.trace(Some(here), |pen| pen.record(Event::Park { sleep: Sleep::Plain }));
        parker.park();
        shared.trace(Some(here), |pen| pen.record(Event::Unparked { driver: false }));
        return unparked(shared, here, None);
    };
    shared.trace(Some(here), |pen| {
        pen.record(Event::Park { sleep: Sleep::DriverIfFree });
        pen.record(Event::DriverHeld);
    });
    // An interrupt for an earlier deadline wakes nobody: the driver sleeps again, until then.
    let by_token = loop {
        if !parker.enter_driver() {
            break true;
        }
        shared.driver.0.wait(&mut turner, shared.clock);
        let has_token = parker.leave_driver();
        shared.driver.0.collect(&mut turner, shared.clock);
        if has_token || turner.has_news() {
            break has_token;
        }
    };
    shared.trace(Some(here), |pen| pen.record(Event::Unparked { driver: !by_token }));
    let woken = fire(shared, here, &mut turner);
    // Recorded before somebody else may take it.
    shared.trace(Some(here), |pen| pen.record(Event::DriverReleased));
    shared.driver.0.put_back(turner);
    unparked(shared, here, Some(woken));
}

/// A look at I/O by a thread without a worker, if nobody has the driver.
pub(super) fn look_at_io(shared: &Shared, here: &Here) {
    here.stamp.set(Time::ZERO);
    let Some(mut turner) = shared.driver.0.try_take() else { return };
    shared.trace(Some(here), |pen| pen.record(Event::DriverHeld));
    shared.driver.0.look(&mut turner);
    shared.driver.0.collect_io(&mut turner, shared.clock);
    fire(shared, here, &mut turner);
    // Recorded before somebody else may take it.
    shared.trace(Some(here), |pen| pen.record(Event::DriverReleased));
    shared.driver.0.put_back(turner);
}

/// One turn of the driver without waiting, if nobody has it.
fn look(shared: &Shared, here: &Here) {
    here.stamp.set(Time::ZERO);
    if let Some(worker) = here.worker.get() {
        shared.publish(here, worker);
    }
    let is_ours = shared.shape.driver == DriverBy::ParkedWorker;
    let Some(mut turner) = is_ours.then(|| shared.driver.0.try_take()).flatten() else {
        return unparked(shared, here, None);
    };
    shared.trace(Some(here), |pen| pen.record(Event::DriverHeld));
    shared.driver.0.look(&mut turner);
    shared.driver.0.collect(&mut turner, shared.clock);
    let woken = fire(shared, here, &mut turner);
    // Recorded before somebody else may take it.
    shared.trace(Some(here), |pen| pen.record(Event::DriverReleased));
    shared.driver.0.put_back(turner);
    unparked(shared, here, Some(woken));
}

fn unparked(shared: &Shared, here: &Here, driver: Option<u32>) {
    let mut seat = here.seat.borrow_mut();
    let worker = seat.as_mut().expect("a worker stays in its seat while it sleeps");
    shared.hook(Some(here), None, |_| {}, |ctl| worker.unparked(driver, ctl));
}

/// Wakes whoever waits for what is due. Returns how many.
fn fire(shared: &Shared, here: &Here, turner: &mut Turner) -> u32 {
    let mut wakers: Vec<(Waker, Cause)> = Vec::new();
    for due in turner.due.drain(..) {
        let (task, cause) = (due.timer.task, due.timer.cause);
        if task != NOBODY {
            shared.trace(Some(here), |pen| pen.due(due.since, Event::Due { task, cause }));
        }
        wakers.extend(due.timer.fire().map(|waker| (waker, cause)));
    }
    wakers.extend(turner.ready.drain(..).map(|waker| (waker, Cause::Io)));
    let woken = wakers.len() as u32;
    shared.trace(Some(here), |pen| pen.record(Event::DriverTurn { woken }));
    here.origin.set(Origin::Driver);
    for (waker, cause) in wakers {
        here.cause.set(cause);
        waker.wake();
    }
    here.origin.set(Origin::Wake);
    here.cause.set(Cause::Task);
    woken
}
