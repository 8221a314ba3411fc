//! The scheduler of pull request 631: machines, processors, and a monitor that replaces machines without progress.
//!
//! *Modelled after* async-std pull request 631 at its head (December 2019), `src/rt/runtime.rs`; every number is a parameter
//! with its source in [`super::MONITOR_SPEC`]. A processor is a worker, a machine the thread that runs it.
//!
//! *What to look for*:
//! - A machine that started no task between two looks of the monitor loses its processor to a new thread, whatever it
//!   does: a task that blocks and one that computes look the same. Sleepers are rescued within two looks; jobs that
//!   compute for 20 ms make hundreds of threads, and jobs of 2 ms are never seen.
//! - Nobody starts machines but the monitor, one at a look, and only while nobody waits in the reactor.
//! - One machine waits in the reactor; the others end when they find nothing to do.
//!
//! *Deviations*: see the assumptions of [`super::MONITOR_SPEC`].

use super::deque::{Deque, batch};
use super::spec::MONITORED;
use crate::id::{ThreadId, WorkerId};
use crate::policy::parts::{Inject, Victims};
use crate::policy::{
    Args, Budget, Control, Design, Doing, DriverBy, Entry, Op, Origin, Policy, PoolView, Shape, Spec, Step, ThreadView,
    Worker, YieldBy,
};
use crate::rng::FastRand;
use crate::sync::{Arc, AtomicBool, Mutex, Ordering, lock};
use crate::time::Nanos;
use crate::trace::{Event, Line, Place, PollEnd, Release, Sleep};

/// Whoever has what was found needs a moment: where nothing costs anything, this is one.
const TURN: Nanos = Nanos(1);
/// How long a yield of the thread takes: about a system call.
const YIELD: Nanos = Nanos(240);

/// The design behind the name.
pub struct AsyncStdMonitor;

impl Design for AsyncStdMonitor {
    fn spec() -> Spec {
        MONITORED
    }

    fn build<E: Entry>(args: &Args<'_>) -> Box<dyn Policy<E>> {
        Box::new(Runtime::new(args))
    }
}

#[derive(Clone, Copy, Debug)]
struct Rules {
    runs: u32,
    yields: u32,
    sleeps: u32,
    nap: Nanos,
    monitor_min: Nanos,
    monitor_max: Nanos,
    quiet_rounds: u32,
}

struct Shared<E> {
    rules: Rules,
    injector: Inject<E, ()>,
    deques: Vec<Deque<E>>,
    sched: Mutex<Sched<E>>,
    /// The reactor was interrupted: the machine that waits there comes back, or the next one does not wait.
    is_notified: AtomicBool,
}

/// What the scheduler's lock protects.
struct Sched<E> {
    /// The processor whose machine waits in the reactor.
    polling: Option<WorkerId>,
    /// A machine has come back from the reactor since the last look.
    progress: bool,
    /// Processors that no machine runs.
    bench: Vec<Option<Benched<E>>>,
}

struct Benched<E> {
    worker: Box<dyn Worker<E>>,
    promise: Promise,
}

/// Whether a thread is on its way to a processor.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Promise {
    /// No: the monitor may start one.
    No,
    /// Yes, and it is not this one, which lost it.
    Yes { not: Option<ThreadId> },
}

impl<E: Entry> Shared<E> {
    /// Interrupts the reactor: the machine that waits there, else the next wait.
    fn notify(&self, ctl: &mut Control<'_, E>) {
        let polling = if self.is_notified.swap(true, Ordering::SeqCst) { None } else { lock(&self.sched).polling };
        match polling {
            Some(worker) => {
                ctl.emit(Event::Unpark { target: worker });
                ctl.world().unpark(worker);
            }
            None => ctl.pay(Op::Notify),
        }
    }

    fn is_polled(&self) -> bool {
        lock(&self.sched).polling.is_some()
    }
}

/// What the monitor remembers.
struct Monitor {
    /// Looks in a row that started no machine.
    quiet: u32,
    delay: Nanos,
    /// Thread and polls of each processor at the last look: a flag that is still set as it was left.
    seen: Vec<Option<(ThreadId, u32)>>,
}

struct Runtime<E> {
    shared: Arc<Shared<E>>,
    monitor: Mutex<Monitor>,
    shape: Shape,
}

/// Processors on the bench have what they share, and what they share has them: nobody would free either.
impl<E> Drop for Runtime<E> {
    fn drop(&mut self) {
        let bench = std::mem::take(&mut lock(&self.shared.sched).bench);
        drop(bench);
    }
}

impl<E: Entry> Runtime<E> {
    fn new(args: &Args<'_>) -> Runtime<E> {
        let number = |name| u32::try_from(args.integer(name)).expect("validated against the range");
        let workers = u16::try_from(args.integer("workers")).expect("validated against the range");
        let rules = Rules {
            runs: number("runs"),
            yields: number("yields"),
            sleeps: number("sleeps"),
            nap: args.duration("sleep"),
            monitor_min: args.duration("monitor_min"),
            monitor_max: args.duration("monitor_max"),
            quiet_rounds: number("quiet_rounds"),
        };
        let shared = Arc::new(Shared {
            rules,
            injector: Inject::new(()),
            deques: (0..workers).map(|_| Deque::default()).collect(),
            sched: Mutex::new(Sched { polling: None, progress: false, bench: Vec::new() }),
            is_notified: AtomicBool::new(false),
        });
        let bench = (0..workers).map(|index| {
            let id = WorkerId(index);
            let worker: Box<dyn Worker<E>> = Box::new(Processor {
                id,
                shared: shared.clone(),
                phase: Phase::Begin,
                slot: None,
                runs: 0,
                fails: 0,
                yielded: false,
                staging: Vec::new(),
                rand: args.rand(id),
            });
            Some(Benched { worker, promise: Promise::No })
        });
        lock(&shared.sched).bench = bench.collect();
        let shape = Shape {
            workers,
            threads_at_start: 0,
            retakes: true,
            driver: DriverBy::ParkedWorker,
            timer_grain: Nanos(1),
            // Threads are never kept.
            keep_alive: Nanos(1),
            yield_by: YieldBy::SelfWake,
            pool_max: number("max_threads"),
            busy_poll: false,
        };
        let monitor = Monitor { quiet: 0, delay: rules.monitor_min, seen: vec![None; workers.into()] };
        Runtime { shared, monitor: Mutex::new(monitor), shape }
    }

    /// Puts a processor on the bench, for a thread that is started for it.
    fn replace(&self, worker: Box<dyn Worker<E>>, from: ThreadId, ctl: &mut Control<'_, E>) {
        let id = worker.id();
        let benched = Benched { worker, promise: Promise::Yes { not: Some(from) } };
        let before = lock(&self.shared.sched).bench[id.index()].replace(benched);
        assert!(before.is_none(), "processor {id} is there twice");
        ctl.world().start(id);
    }
}

impl<E: Entry> Policy<E> for Runtime<E> {
    fn line(&self, _from: Origin, has_worker: bool) -> Option<Line> {
        (!has_worker).then_some(Line::Inject)
    }

    fn inject(&self, entry: E, _from: Origin, ctl: &mut Control<'_, E>) {
        ctl.emit(Event::Enqueue { task: entry.task(), place: Place::Global });
        self.shared.injector.push(entry);
        self.shared.notify(ctl);
    }

    /// Only a thread that was started for a processor gets one: who lost its own ends.
    fn claim(&self, thread: ThreadId, had: Option<WorkerId>, _ctl: &mut Control<'_, E>) -> Option<Box<dyn Worker<E>>> {
        let mut sched = lock(&self.shared.sched);
        let slot = &mut sched.bench[had?.index()];
        let benched = slot.as_mut()?;
        match &mut benched.promise {
            Promise::No => None,
            // It asks for what it lost, once. If the pool sends the same thread later, that is another matter.
            Promise::Yes { not } if *not == Some(thread) => {
                *not = None;
                None
            }
            Promise::Yes { .. } => slot.take().map(|benched| benched.worker),
        }
    }

    /// A machine that ends gives its processor back.
    fn release(&self, mut worker: Box<dyn Worker<E>>, why: Release, ctl: &mut Control<'_, E>) {
        worker.leaving(why, ctl);
        let id = worker.id();
        lock(&self.shared.sched).bench[id.index()] = Some(Benched { worker, promise: Promise::No });
    }

    fn monitor(&self, threads: &[ThreadView], ctl: &mut Control<'_, E>) -> Option<Nanos> {
        let mut monitor = lock(&self.monitor);
        let mut started = 0;
        let mut held = vec![false; monitor.seen.len()];
        for view in threads {
            let Some(worker) = view.worker else { continue };
            held[worker.index()] = true;
            let is_busy = matches!(view.doing, Doing::Polling | Doing::Blocking);
            let now = is_busy.then_some((view.thread, view.polls));
            let before = std::mem::replace(&mut monitor.seen[worker.index()], now);
            // No task was started since the last look.
            if now.is_some()
                && now == before
                && let Some(mut worker) = ctl.retake(view)
            {
                monitor.seen[worker.id().index()] = None;
                worker.leaving(Release::Retaken, ctl);
                self.replace(worker, view.thread, ctl);
                started += 1;
            }
        }
        for (seen, held) in monitor.seen.iter_mut().zip(held) {
            *seen = seen.filter(|_| held);
        }
        // Nobody looks at the reactor: one more machine.
        let idle = {
            let mut sched = lock(&self.shared.sched);
            let is_overloaded = sched.polling.is_none() && !std::mem::take(&mut sched.progress);
            let is_idle = |benched: &&mut Benched<E>| benched.promise == Promise::No;
            let idle = sched.bench.iter_mut().rev().flatten().find(is_idle).filter(|_| is_overloaded);
            idle.map(|benched| {
                benched.promise = Promise::Yes { not: None };
                benched.worker.id()
            })
        };
        if let Some(worker) = idle {
            ctl.world().start(worker);
            started += 1;
        }
        let rules = &self.shared.rules;
        if started > 0 {
            monitor.quiet = 0;
        }
        if monitor.quiet > rules.quiet_rounds {
            monitor.delay = monitor.delay.times(2).min(rules.monitor_max);
        } else {
            monitor.quiet += 1;
            monitor.delay = rules.monitor_min;
        }
        Some(monitor.delay)
    }

    /// A new thread for each machine; none is kept.
    fn grow(&self, pool: PoolView) -> u32 {
        u32::from(pool.idle == 0)
    }

    fn shape(&self) -> Shape {
        self.shape
    }

    fn drain(&self) -> Vec<E> {
        let mut entries = Vec::new();
        self.shared.injector.pop_into(usize::MAX, &mut entries);
        entries.extend(self.shared.deques.iter().flat_map(Deque::drain));
        for benched in lock(&self.shared.sched).bench.iter_mut().flatten() {
            entries.append(&mut benched.worker.drain());
        }
        entries
    }
}

struct Processor<E> {
    id: WorkerId,
    shared: Arc<Shared<E>>,
    phase: Phase,
    /// The task woken last; travels with the processor, cannot be stolen.
    slot: Option<E>,
    /// Tasks run in a row.
    runs: u32,
    /// Searches in a row that found nothing.
    fails: u32,
    /// The last task yielded.
    yielded: bool,
    staging: Vec<E>,
    rand: FastRand,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// A pass of the machine's loop.
    Begin,
    /// After so many runs: the reactor was looked at.
    Checked,
    /// And the injector is this machine's for the moment.
    CheckGlobal,
    /// Looks at the slot and its own queue.
    Find,
    /// Has the injector.
    Global,
    /// The reactor was looked at.
    Polled,
    /// Goes through these queues.
    Victim(Victims),
    /// Has asked for a queue.
    Steal { victim: usize, rest: Victims },
    /// Has the scheduler's lock: one last look, then it waits in the reactor or ends.
    Last,
    /// Back from the reactor.
    Back,
    /// Polls a task.
    Polling,
}

impl<E: Entry> Processor<E> {
    fn deque(&self) -> &Deque<E> {
        &self.shared.deques[self.id.index()]
    }

    fn begin(&mut self, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        if std::mem::take(&mut self.yielded) {
            self.flush(ctl);
        }
        if self.runs < self.shared.rules.runs {
            self.phase = Phase::Find;
            return None;
        }
        self.runs = 0;
        self.phase = Phase::Checked;
        self.quick_poll()
    }

    /// A look at the reactor, unless a machine waits there.
    fn quick_poll(&mut self) -> Option<Step<E>> {
        if self.shared.is_polled() {
            return None;
        }
        self.shared.is_notified.store(false, Ordering::SeqCst);
        Some(Step::Drive)
    }

    /// What is in the slot goes to the end of the queue, where others can take it.
    fn flush(&mut self, ctl: &mut Control<'_, E>) {
        if let Some(entry) = self.slot.take() {
            ctl.emit(Event::Move { task: entry.task(), place: Place::Local(self.id) });
            self.deque().push(entry);
            self.shared.notify(ctl);
        }
    }

    fn run(&mut self, entry: E) -> Step<E> {
        self.fails = 0;
        self.runs += 1;
        self.phase = Phase::Polling;
        Step::Run(entry, Budget::Unlimited)
    }

    fn own(&mut self) -> Option<E> {
        self.slot.take().or_else(|| self.deque().pop())
    }

    fn find(&mut self, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        if let Some(entry) = self.own() {
            return Some(self.run(entry));
        }
        ctl.pay(Op::Peek);
        if !self.shared.injector.is_empty() {
            self.phase = Phase::Global;
            return Some(Step::Look(Line::Inject));
        }
        self.phase = Phase::Polled;
        self.quick_poll()
    }

    fn global(&mut self, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        if let Some(entry) = self.take_batch(true, ctl) {
            return Some(self.run(entry));
        }
        self.phase = Phase::Polled;
        self.quick_poll()
    }

    /// A batch from the injector. `runs`: the first of it runs at once.
    fn take_batch(&mut self, runs: bool, ctl: &mut Control<'_, E>) -> Option<E> {
        let count = batch(self.shared.injector.len());
        self.shared.injector.pop_into(count, &mut self.staging);
        if !runs && self.staging.len() == 1 {
            ctl.emit(Event::Batch { count: 1 });
        }
        self.keep(None, ctl)
    }

    /// The first of the batch is handed back, the others go to the own queue.
    fn keep(&mut self, victim: Option<usize>, ctl: &mut Control<'_, E>) -> Option<E> {
        let count = self.staging.len() as u32;
        match victim {
            Some(victim) if count > 0 => ctl.emit(Event::Steal { victim: WorkerId(victim as u16), count }),
            None if count > 1 => ctl.emit(Event::Batch { count }),
            None => ctl.pay(Op::InjectPop),
            Some(_) => {}
        }
        let place = Place::Local(self.id);
        let mut entries = self.staging.drain(..);
        let first = entries.next();
        let named = entries.inspect(|entry| ctl.emit(Event::Move { task: entry.task(), place }));
        self.shared.deques[self.id.index()].extend(named);
        first
    }

    fn polled_reactor(&mut self) -> Option<Step<E>> {
        if let Some(entry) = self.own() {
            return Some(self.run(entry));
        }
        self.phase = Phase::Victim(Victims::new(&mut self.rand, self.shared.deques.len()));
        None
    }

    fn victim(&mut self, mut rest: Victims) -> Option<Step<E>> {
        let Some(victim) = rest.next(self.id, self.shared.deques.len()) else { return self.failed() };
        self.phase = Phase::Steal { victim, rest };
        Some(Step::Try(Line::Ring(WorkerId(victim as u16))))
    }

    fn steal(&mut self, victim: usize, rest: Victims, mine: bool, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        if mine {
            self.shared.deques[victim].steal(&mut self.staging);
            if let Some(entry) = self.keep(Some(victim), ctl) {
                return Some(self.run(entry));
            }
        }
        ctl.pay(Op::Probe);
        self.phase = Phase::Victim(rest);
        None
    }

    /// Found nothing: yields its thread a few times, naps, then asks for the scheduler's lock.
    fn failed(&mut self) -> Option<Step<E>> {
        self.fails += 1;
        let rules = self.shared.rules;
        self.phase = Phase::Begin;
        if self.fails <= rules.yields {
            return Some(Step::Pause(YIELD));
        }
        if self.fails <= rules.yields + rules.sleeps {
            return Some(Step::Pause(rules.nap));
        }
        self.phase = Phase::Last;
        Some(Step::Look(Line::Sleepers))
    }

    /// With the scheduler's lock: a last look; then the machine ends if somebody waits in the reactor, else waits there.
    fn last(&mut self, ctl: &mut Control<'_, E>) -> Option<Step<E>> {
        ctl.pay(Op::Rescan);
        let mut sched = lock(&self.shared.sched);
        let has_work = !self.shared.injector.is_empty() || self.shared.deques.iter().any(|deque| !deque.is_empty());
        if has_work {
            self.phase = Phase::Begin;
            return Some(Step::Pause(TURN));
        }
        if sched.polling.is_some() {
            return Some(Step::Retire);
        }
        self.runs = 0;
        self.fails = 0;
        if self.shared.is_notified.swap(false, Ordering::SeqCst) {
            // The reactor returns at once.
            sched.progress = true;
            self.phase = Phase::Begin;
            return Some(Step::Drive);
        }
        sched.polling = Some(self.id);
        self.phase = Phase::Back;
        Some(Step::Park(Sleep::DriverIfFree))
    }

    fn back(&mut self) -> Option<Step<E>> {
        let mut sched = lock(&self.shared.sched);
        sched.polling = None;
        sched.progress = true;
        self.shared.is_notified.store(false, Ordering::SeqCst);
        self.phase = Phase::Begin;
        None
    }
}

impl<E: Entry> Worker<E> for Processor<E> {
    fn id(&self) -> WorkerId {
        self.id
    }

    /// Into the slot; what was there goes to the own queue, and the reactor is interrupted. Who yields is moved on from
    /// the slot when the machine's loop comes round.
    fn wake(&mut self, entry: E, from: Origin, ctl: &mut Control<'_, E>) {
        self.yielded |= from == Origin::SelfWake;
        let displaced = self.slot.take();
        if let Some(displaced) = &displaced {
            ctl.emit(Event::Move { task: displaced.task(), place: Place::Local(self.id) });
        }
        ctl.emit(Event::Enqueue { task: entry.task(), place: Place::Lifo(self.id) });
        self.slot = Some(entry);
        if let Some(displaced) = displaced {
            self.deque().push(displaced);
            self.shared.notify(ctl);
        }
    }

    fn step(&mut self, ctl: &mut Control<'_, E>) -> Step<E> {
        let mut line = ctl.line();
        loop {
            let step = match self.phase {
                Phase::Begin => self.begin(ctl),
                Phase::Checked => {
                    self.phase = Phase::CheckGlobal;
                    Some(Step::Look(Line::Inject))
                }
                Phase::CheckGlobal => {
                    self.phase = Phase::Find;
                    if let Some(entry) = self.take_batch(false, ctl) {
                        // Only moved, so that its record says where it waits.
                        self.reschedule(entry, ctl);
                    }
                    self.flush(ctl);
                    None
                }
                Phase::Find => self.find(ctl),
                Phase::Global => self.global(ctl),
                Phase::Polled => self.polled_reactor(),
                Phase::Victim(rest) => self.victim(rest),
                Phase::Steal { victim, rest } => {
                    let mine = line.take() == Some(Line::Ring(WorkerId(victim as u16)));
                    self.steal(victim, rest, mine, ctl)
                }
                Phase::Last => self.last(ctl),
                Phase::Back => self.back(),
                Phase::Polling => panic!("processor {} was asked for a step in the middle of a poll", self.id),
            };
            if let Some(step) = step {
                return step;
            }
        }
    }

    fn polled(&mut self, _end: PollEnd, _budget_left: u32, _ctl: &mut Control<'_, E>) {
        self.phase = Phase::Begin;
    }

    fn unparked(&mut self, _driver: Option<u32>, _ctl: &mut Control<'_, E>) {}

    fn leaving(&mut self, why: Release, _ctl: &mut Control<'_, E>) {
        if why != Release::Shutdown {
            self.phase = Phase::Begin;
            (self.runs, self.fails) = (0, 0);
        }
    }

    fn drain(&mut self) -> Vec<E> {
        self.slot.take().into_iter().chain(self.deque().drain()).collect()
    }
}

impl<E: Entry> Processor<E> {
    /// A task from the injector goes the way of a woken one: into the slot, and what was there to the queue.
    fn reschedule(&mut self, entry: E, ctl: &mut Control<'_, E>) {
        if let Some(displaced) = self.slot.take() {
            ctl.emit(Event::Move { task: displaced.task(), place: Place::Local(self.id) });
            self.deque().push(displaced);
            self.shared.notify(ctl);
        }
        ctl.emit(Event::Move { task: entry.task(), place: Place::Lifo(self.id) });
        self.slot = Some(entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Ticket;

    #[test]
    fn what_the_processors_share_is_freed_with_the_runtime() {
        let args = Args { spec: &MONITORED, params: &Default::default(), cpus: 2, seed: 1 };
        let runtime = Runtime::<Ticket>::new(&args);
        let shared = std::sync::Arc::downgrade(&runtime.shared);
        drop(runtime);
        assert_eq!(shared.strong_count(), 0);
    }
}
