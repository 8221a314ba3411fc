//! Policies: where a runnable task waits, and which one a worker polls next.
//!
//! A policy decides and never acts. It is written once and runs in both worlds: the simulator does not imitate a
//! scheduler, it runs it. A policy sees queue entries and ids, never futures, clocks or threads.
//!
//! # How a world drives a policy
//!
//! ```text
//! thread starts        -> Policy::claim(thread, had)          Some(worker): the thread holds it in its seat
//! with a worker        -> Worker::step                        answered by a Step; the world does it and asks again
//! Step::Run(entry, b)  -> poll; wakes during the poll arrive as Worker::wake; then Worker::polled
//! Step::Look(line)     -> step again when that shared line is mine (threads at once, simulator when granted)
//! Step::Drain          -> each deferred waker, newest first, arrives as Worker::wake(.., Deferred)
//! Step::Drive, Park    -> due timers and I/O arrive as Worker::wake(.., Driver), then Worker::unparked
//! Step::Retire         -> Policy::release(worker, Retire)
//! no worker in hand    -> wakes and spawns arrive as Policy::inject
//! ```
//!
//! Rules for hooks: touch at most one shared line per call; never call a waker; never drop an entry (dropping runs
//! user code); hold at most one lock, and none across a call into [`Control`].

pub mod async_std;
pub mod block_on;
// Not public: with `use dandori::policy::*` its name would hide the crate's.
pub(crate) mod dandori;
pub mod event_loop;
pub mod global_queue;
pub mod go;
pub mod parts;
pub mod registry;
pub mod sharded;
pub mod smol;
pub mod spec;
#[cfg(all(test, not(loom)))]
mod test_world;
pub mod thread_per_core;
pub mod thread_per_task;
pub mod tokio;
pub mod tokio_0_1;
pub mod tokio_current_thread;
pub mod work_stealing;

use crate::id::{KindId, TaskId, ThreadId, WorkerId};
use crate::time::{Nanos, Time};
use crate::trace::{Event, Line, PollEnd, Release, Sink, Sleep};

pub use registry::{Design, Registry};
pub use spec::{Args, Params, Spec};

/// What waits in a queue: a [`Ticket`] in the simulator, a runnable task on threads. A hook moves entries and never
/// drops one.
pub trait Entry: Send + 'static {
    /// The task.
    fn task(&self) -> TaskId;
    /// Its kind: what a policy may know about what it does.
    fn kind(&self) -> KindId;
    /// When its kind wants to be done with it; `None`: whenever.
    fn deadline(&self) -> Option<Time>;
}

/// The simulator's entry: only the names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ticket {
    /// The task.
    pub task: TaskId,
    /// Its kind.
    pub kind: KindId,
    /// Spawn time plus the kind's `deadline`; [`Time::MAX`]: none.
    pub deadline: Time,
}

impl Entry for Ticket {
    fn task(&self) -> TaskId {
        self.task
    }
    fn kind(&self) -> KindId {
        self.kind
    }
    fn deadline(&self) -> Option<Time> {
        (self.deadline != Time::MAX).then_some(self.deadline)
    }
}

/// The right to run tasks, as a value: LIFO slot, tick, owner end of the ring. Moves between threads in its `Box`, so
/// its hooks take `&mut self` and no lock.
pub trait Worker<E: Entry>: Send {
    /// Which worker this is; constant.
    fn id(&self) -> WorkerId;
    /// A task became runnable while this thread held the worker. Never called from inside another hook.
    fn wake(&mut self, entry: E, from: Origin, ctl: &mut Control<'_, E>);
    /// What next?
    fn step(&mut self, ctl: &mut Control<'_, E>) -> Step<E>;
    /// A poll ended and the worker is still here. `budget_left`: what the poll left of its budget (`u32::MAX`:
    /// unlimited).
    fn polled(&mut self, end: PollEnd, budget_left: u32, ctl: &mut Control<'_, E>);
    /// A `Park` or `Drive` is over. `driver`: `Some(n)` if this thread held the driver and it made `n` wakes.
    fn unparked(&mut self, driver: Option<u32>, ctl: &mut Control<'_, E>);
    /// The worker's tick, for the record of a poll; 0 where the policy has none.
    fn tick(&self) -> u32 {
        0
    }
    /// The worker leaves its thread. Called by the policy's own [`Policy::release`], never by a world: `release` sees
    /// only the trait, and this is where a worker puts what nobody else could reach (a LIFO slot) where others can.
    fn leaving(&mut self, _why: Release, _ctl: &mut Control<'_, E>) {}
    /// Shutdown: the entries go back to the world, which drops them outside every lock.
    fn drain(&mut self) -> Vec<E>;
}

/// What all workers share: global queue, sleepers, idle workers.
pub trait Policy<E: Entry>: Send + Sync {
    /// The line that a wake takes first. The simulator queues for it before the hook runs, so contention is exact.
    /// `has_worker`: the wake arrives at a worker (else at [`Policy::inject`]).
    fn line(&self, from: Origin, has_worker: bool) -> Option<Line>;
    /// A wake or spawn on a thread without a worker: outside, pool, orphaned, caller of `block_on`.
    fn inject(&self, entry: E, from: Origin, ctl: &mut Control<'_, E>);
    /// A thread asks to be a worker: at start (`had`: which one it was started for), or back from blocking (`had`: as
    /// whom it left).
    fn claim(&self, thread: ThreadId, had: Option<WorkerId>, ctl: &mut Control<'_, E>) -> Option<Box<dyn Worker<E>>>;
    /// A worker comes loose. Keep it idle, or start a thread for it through [`World::start`].
    fn release(&self, worker: Box<dyn Worker<E>>, why: Release, ctl: &mut Control<'_, E>);
    /// One look of the monitor, on a thread of its own, at every thread that holds a worker; only where
    /// [`Shape::retakes`]. Returns the pause before the next look, which [`World::rouse`] cuts short; `None`: it sleeps
    /// until it is roused. A worker that it takes with [`Control::retake`] it hands to its own [`Policy::release`].
    fn monitor(&self, _threads: &[ThreadView], _ctl: &mut Control<'_, E>) -> Option<Nanos> {
        None
    }
    /// How many threads to add to the blocking pool now, asked after every job that is queued.
    fn grow(&self, pool: PoolView) -> u32;
    /// The same, asked after a thread of the pool has taken a job; the job is not in the view any more.
    fn grow_on_take(&self, _pool: PoolView) -> u32 {
        0
    }
    /// Every blocking call of a task announces itself, because the language brackets it (Go): then
    /// [`Doing::Blocking`] is said of all of them, not only of those that a program announces.
    fn brackets(&self) -> bool {
        false
    }
    /// A task on a worker begins an announced blocking call, or is back from it. Only where [`Shape::retakes`].
    fn announced(&self, _ctl: &mut Control<'_, E>) {}
    /// Facts that a world reads once.
    fn shape(&self) -> Shape;
    /// Tasks in the queue that all workers share, as of some recent moment; `None`: there is no such queue, or its length
    /// is not known without its lock.
    fn global_queue_depth(&self) -> Option<usize> {
        None
    }
    /// Shutdown: entries that lie in shared queues.
    fn drain(&self) -> Vec<E>;
}

/// The blocking pool as `grow` sees it.
#[derive(Clone, Copy, Debug)]
pub struct PoolView {
    /// Jobs that wait, with the one just queued.
    pub queued: u32,
    /// Threads that wait for a job.
    pub idle: u32,
    /// Threads that were started or woken and have not come yet.
    pub coming: u32,
    /// Threads of the pool in all.
    pub threads: u32,
}

/// Facts a world reads once.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Number of workers.
    pub workers: u16,
    /// Threads that are started before the first task, each asking `claim` for a worker.
    pub threads_at_start: u16,
    /// There is a monitor, on a thread of its own, that may take workers from threads in the middle of a poll.
    pub retakes: bool,
    /// Who looks after timers and I/O.
    pub driver: DriverBy,
    /// The driver counts time in this grain and rounds up; zero: exact.
    pub timer_grain: Nanos,
    /// A thread of the blocking pool ends after idling this long.
    pub keep_alive: Nanos,
    /// What `yield_now` and an empty budget do.
    pub yield_by: YieldBy,
    /// Most threads of the blocking pool, with those that hold workers if they come from it.
    pub pool_max: u32,
    /// Tasks are polled again and again without being woken: the world wakes a task itself, with
    /// [`Cause::SelfWake`](crate::trace::Cause), at the end of every poll that is pending, so that the poll ends
    /// [`PollEnd::Rewoken`]. A wake by anybody else then finds the task woken already and does nothing.
    pub busy_poll: bool,
}

/// Who looks after timers and I/O.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DriverBy {
    /// A worker that parks takes the driver with it if it is free (tokio).
    ParkedWorker,
    /// A thread of its own.
    Thread,
}

/// What `yield_now` and an empty budget do with the task.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum YieldBy {
    /// Its waker goes on the thread's deferred list, until the policy says [`Step::Drain`].
    Defer,
    /// It wakes itself: it is queued again as soon as the poll ends.
    SelfWake,
}

/// From where a wake comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// A new task.
    Spawn,
    /// A waker called on this thread.
    Wake,
    /// The task woke itself during its own poll, which has ended.
    SelfWake,
    /// The deferred list is drained.
    Deferred,
    /// A turn of the driver on this thread.
    Driver,
    /// A monitor cut its poll short.
    Preempted,
    /// A thread that holds no worker.
    Outside,
}

/// What a worker does next.
#[derive(Debug)]
pub enum Step<E> {
    /// Poll it.
    Run(E, Budget),
    /// Call `step` again when this line is mine.
    Look(Line),
    /// As `Look`, but do not queue: if somebody uses the line, `step` is called with [`Control::line`] `None`.
    Try(Line),
    /// Wake the deferred wakers, newest first, then `step`.
    Drain,
    /// One driver turn without waiting, then `step`.
    Drive,
    /// Spin or nap, then `step`.
    Pause(Nanos),
    /// Sleep, keeping the worker, until unparked; then `unparked`, then `step`.
    Park(Sleep),
    /// The worker goes to `release`; the thread waits in the pool or ends.
    Retire,
}

/// How many budgeted operations a poll may make.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Budget {
    /// A new budget of so many.
    Fresh(u32),
    /// What the last poll left.
    Rest,
    /// No limit.
    Unlimited,
}

/// A thread as the monitor sees it: counters, never clocks.
#[derive(Clone, Copy, Debug)]
pub struct ThreadView {
    /// The thread.
    pub thread: ThreadId,
    /// The worker that it holds.
    pub worker: Option<WorkerId>,
    /// Polls that it has started; wraps around.
    pub polls: u32,
    /// Announced blocking calls that it has begun; wraps around.
    pub calls: u32,
    /// When the monitor first saw it with these counters: for the record of a retake.
    pub first: Time,
    /// What it does.
    pub doing: Doing,
}

/// What a thread does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Doing {
    /// It is between polls.
    Deciding,
    /// It polls a task.
    Polling,
    /// It is in a stretch that announced itself as blocking.
    Blocking,
    /// It sleeps.
    Parked,
}

/// A small operation that costs time and is not worth a record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Op {
    /// Looked at a victim that had nothing.
    Probe,
    /// Looked at an atomic length.
    Peek,
    /// Took one task from the global queue.
    InjectPop,
    /// Went through the sleepers or scanned the queues before sleeping.
    Rescan,
    /// Interrupted a selector in which nobody waits: a system call.
    Notify,
}

/// What a hook may do besides deciding. `emit` is one branch when nobody listens; in the simulator the listener also
/// charges the cost.
pub struct Control<'a, E: Entry> {
    sink: Option<&'a mut dyn Sink>,
    world: &'a mut dyn World<E>,
    line: Option<Line>,
}

impl<'a, E: Entry> Control<'a, E> {
    /// A control over a world; `line`: the shared line that this hook holds.
    pub fn new(sink: Option<&'a mut dyn Sink>, world: &'a mut dyn World<E>, line: Option<Line>) -> Self {
        Control { sink, world, line }
    }

    /// Records an event, and in the simulator charges its cost.
    #[inline(always)]
    pub fn emit(&mut self, event: Event) {
        if let Some(sink) = &mut self.sink {
            sink.record(event);
        }
    }

    /// Whether somebody listens: work that is done only for [`Control::emit`] can be left out if not.
    #[inline(always)]
    #[must_use]
    pub fn is_traced(&self) -> bool {
        self.sink.is_some()
    }

    /// Charges an operation that is not worth a record. Costs nothing on threads, where it takes its time by itself.
    #[inline(always)]
    pub fn pay(&mut self, op: Op) {
        if self.sink.is_some() {
            self.world.pay(op);
        }
    }

    /// The shared line that this hook holds: what the last `Look` or `Try` asked for and got.
    #[must_use]
    pub fn line(&self) -> Option<Line> {
        self.line
    }

    /// Takes a worker from a thread in the middle of a poll, and records it. `None`: the thread does something else by
    /// now, or a hook has the worker in hand: look again later.
    pub fn retake(&mut self, seen: &ThreadView) -> Option<Box<dyn Worker<E>>> {
        let taken = self.world.retake(seen)?;
        let worker = taken.id();
        self.emit(Event::Retake { target: seen.thread, worker, first: seen.first });
        self.emit(Event::Release { worker, why: Release::Retaken });
        Some(taken)
    }

    /// The acts.
    pub fn world(&mut self) -> &mut dyn World<E> {
        self.world
    }
}

/// The acts behind [`Control`], implemented by the simulator, by the threads and by the inline test host.
pub trait World<E: Entry> {
    /// The time. A clock read on threads (25 to 50 ns): per batch or monitor look, never per poll.
    fn now(&mut self) -> Time;
    /// Wakers that wait for [`Step::Drain`] on this thread.
    fn deferred(&self) -> usize;
    /// Wakes the thread that parks with this worker. A token: it counts even before the park.
    fn unpark(&mut self, worker: WorkerId);
    /// Finds or makes a thread that will `claim` this worker; queued if the pool is full.
    fn start(&mut self, worker: WorkerId);
    /// Takes a worker from a thread: only in the middle of a poll, only if the counters still match. Policies call
    /// [`Control::retake`], which records it.
    fn retake(&mut self, seen: &ThreadView) -> Option<Box<dyn Worker<E>>>;
    /// Cuts the poll of a thread short: in a computing stretch at once, else before the next one. The task comes back
    /// through [`Worker::wake`] with [`Origin::Preempted`] and goes on later in the same poll. Always false on threads.
    fn preempt(&mut self, seen: &ThreadView) -> bool;
    /// The same at the end of the computing stretch under way. Always false on threads.
    fn preempt_later(&mut self, _seen: &ThreadView) -> bool {
        false
    }
    /// Whether a thread wants a CPU at this moment, rather than sleep; for the monitor's hook. `None`: nobody knows.
    /// A system call on threads.
    fn computes(&mut self, _thread: ThreadId) -> Option<bool> {
        None
    }
    /// Wakes the monitor, if it sleeps.
    fn rouse(&mut self) {}
    /// A turn of the driver for I/O, without waiting and without its timers, on the monitor's own thread after its hook:
    /// what it wakes goes to [`Policy::inject`] with [`Origin::Driver`]. Nothing if somebody else has the driver.
    fn drive_io(&mut self) {}
    /// Whether a thread has the driver: it sleeps on it, and will wake for what is due, or it looks at it just now.
    fn driver_is_held(&mut self) -> bool {
        false
    }
    /// When the first timer fires, for a policy that looks at timers whenever it decides; `None`: none is registered.
    fn next_timer(&mut self) -> Option<Time> {
        None
    }
    /// Charges an operation. Nothing on threads.
    fn pay(&mut self, op: Op);
}
