//! One pass over a stream that moves every part through the table and compares what the laws relate.

mod mutexes;
mod tasks;

use std::collections::BTreeMap;

use super::bundle::Bundle;
use super::{
    CPU_TIME, DRIVER, END, Gap, IN_HAND, KEPT, LEFT, LINE, Law, ONE_THREAD, ONE_WORKER, On, PARK_WORKER, PLACE, Part,
    RETAKE, Report, State, TIMES, Violation, rule,
};
use crate::id::{CpuId, TaskId, ThreadId, WorkerId};
use crate::time::Time;
use crate::trace::recording::Origin;
use crate::trace::{Event, Line, Place, Record, Recording, Release, Trace, What, names};

/// Checks a whole recording.
#[must_use]
pub fn check(recording: &Recording) -> Report {
    check_trace(&recording.trace, recording.meta.origin)
}

/// Checks a stream of one world.
#[must_use]
pub fn check_trace(trace: &Trace, origin: Origin) -> Report {
    let mut checker = Checker { is_simulated: origin == Origin::Simulated, ..Checker::default() };
    for (index, record) in trace.iter().enumerate() {
        checker.index = index;
        checker.record(&record);
    }
    checker.index = trace.len();
    if checker.run != State::Done {
        checker.broken(END, "the stream ends without run_end".to_owned());
    }
    checker.report
}

struct Task {
    state: State,
    is_job: bool,
    /// Where it waits, while it is queued.
    place: Place,
    /// On which thread it is polled, while it is.
    thread: Option<ThreadId>,
    stretch: What,
}

struct Thread {
    life: State,
    lock: State,
    on_cpu: State,
    /// Its records are missing from somewhere on.
    is_lost: bool,
    worker: Option<WorkerId>,
    polls: Option<TaskId>,
    waits: Option<Line>,
    cpu: Option<CpuId>,
    /// Since when it is on its CPU.
    on_since: Time,
    /// CPU time before that, in nanoseconds.
    ran: u64,
    /// CPU time at which the open computing stretch is done.
    computes_until: u64,
    bundle: Bundle,
}

struct Worker {
    hold: State,
    search: State,
    holder: Option<ThreadId>,
    /// Tasks in its LIFO slot.
    slot: u32,
}

struct Checker {
    report: Report,
    is_simulated: bool,
    /// Records are missing somewhere: tasks, workers and the driver are not checked any more.
    is_lossy: bool,
    index: usize,
    now: Time,
    run: State,
    driver: State,
    driver_thread: Option<ThreadId>,
    tasks: BTreeMap<TaskId, Task>,
    threads: BTreeMap<ThreadId, Thread>,
    workers: BTreeMap<WorkerId, Worker>,
    cpus: BTreeMap<CpuId, State>,
    mutexes: mutexes::Mutexes,
    spawned: u64,
    over: u64,
}

impl Default for Checker {
    fn default() -> Checker {
        Checker {
            report: Report::default(),
            is_simulated: false,
            is_lossy: false,
            index: 0,
            now: Time::ZERO,
            run: State::Going,
            driver: State::Free,
            driver_thread: None,
            tasks: BTreeMap::new(),
            threads: BTreeMap::new(),
            workers: BTreeMap::new(),
            cpus: BTreeMap::new(),
            mutexes: mutexes::Mutexes::default(),
            spawned: 0,
            over: 0,
        }
    }
}

impl Checker {
    fn record(&mut self, record: &Record) {
        if record.at < self.now {
            let says = format!("the record before it is at {}, this one at {}", self.now, record.at);
            self.broken(TIMES, says);
        }
        self.now = self.now.max(record.at);
        let on = if matches!(record.event, Event::RunEnd { .. }) { On::RunEnd } else { On::Any };
        self.run = self.step(Part::Run, on, self.run, "the run", "");
        match record.event {
            Event::Dropped { count } => self.gap(record, count),
            Event::RunEnd { left, .. } => self.end(left),
            _ => {
                self.thread(record);
                if !self.is_lossy {
                    self.task(record);
                    self.worker(record);
                    self.mutex(record);
                }
            }
        }
    }

    /// What the record means for the thread on which it happens and for its CPU.
    fn thread(&mut self, record: &Record) {
        if let Event::ThreadStart { thread, .. } = record.event {
            let life = self.thread_row(thread).life;
            self.thread_row(thread).life = self.step(Part::Thread, On::ThreadStart, life, &thread.to_string(), "");
            if record.thread == Some(thread) {
                return;
            }
        }
        let Some(thread) = record.thread else {
            if must_name_a_thread(&record.event) {
                self.broken(PLACE, format!("{} without a thread", names::event(&record.event)));
            }
            return;
        };
        if self.thread_row(thread).is_lost {
            return;
        }
        match record.event {
            Event::CpuOn { cpu } => return self.cpu_on(thread, cpu),
            Event::CpuOff { .. } => return self.cpu_off(thread),
            _ => {}
        }
        let who = thread.to_string();
        let on = match record.event {
            Event::PollStart { .. } => On::PollStart,
            Event::PollEnd { .. } => On::PollEnd,
            Event::Park { .. } => On::Park,
            Event::Unparked { .. } => On::Unparked,
            Event::ThreadEnd => On::ThreadEnd,
            _ => On::Any,
        };
        let life = self.thread_row(thread).life;
        let next = self.step(Part::Thread, on, life, &who, names::event(&record.event));
        // A thread whose start is missing is named once.
        self.thread_row(thread).life = if next == State::Unborn { State::Awake } else { next };
        self.lock(thread, &record.event);
        if self.is_simulated && runs(&record.event) {
            let on_cpu = self.thread_row(thread).on_cpu;
            self.step(Part::OnCpu, On::Runs, on_cpu, &who, names::event(&record.event));
        }
        self.poll(thread, &record.event);
    }

    fn cpu_on(&mut self, thread: ThreadId, cpu: CpuId) {
        let now = self.now;
        let on_cpu = self.thread_row(thread).on_cpu;
        let next = self.step(Part::OnCpu, On::CpuOn, on_cpu, &thread.to_string(), "");
        let cpu_state = self.cpus.get(&cpu).copied().unwrap_or(State::Off);
        let cpu_state = self.step(Part::Cpu, On::CpuOn, cpu_state, &cpu.to_string(), "");
        self.cpus.insert(cpu, cpu_state);
        let row = self.thread_row(thread);
        (row.on_cpu, row.cpu, row.on_since) = (next, Some(cpu), now);
    }

    fn cpu_off(&mut self, thread: ThreadId) {
        let now = self.now;
        let on_cpu = self.thread_row(thread).on_cpu;
        let next = self.step(Part::OnCpu, On::CpuOff, on_cpu, &thread.to_string(), "");
        let row = self.thread_row(thread);
        row.ran = row.ran_at(now);
        row.on_cpu = next;
        if let Some(cpu) = row.cpu.take() {
            let state = self.cpus.get(&cpu).copied().unwrap_or(State::Off);
            let state = self.step(Part::Cpu, On::CpuOff, state, &cpu.to_string(), "");
            self.cpus.insert(cpu, state);
        }
    }

    fn lock(&mut self, thread: ThreadId, event: &Event) {
        let on = match event {
            Event::LockWait { .. } => On::LockWait,
            Event::LockHeld { .. } => On::LockHeld,
            _ => On::Any,
        };
        let state = self.thread_row(thread).lock;
        let next = self.step(Part::Lock, on, state, &thread.to_string(), names::event(event));
        let waited = self.thread_row(thread).waits;
        match *event {
            Event::LockWait { line, holder } => {
                self.thread_row(thread).waits = Some(line);
                if holder == thread {
                    self.broken(LINE, format!("{thread} waits for {}, which it holds itself", names::line(line)));
                }
            }
            Event::LockHeld { line } => {
                self.thread_row(thread).waits = None;
                if let Some(waited) = waited.filter(|&waited| waited != line) {
                    let says = format!("{thread} waited for {}, got {}", names::line(waited), names::line(line));
                    self.broken(LINE, says);
                }
            }
            _ => {}
        }
        self.thread_row(thread).lock = next;
    }

    /// Which poll the thread is in, and whether what happens belongs to it.
    fn poll(&mut self, thread: ThreadId, event: &Event) {
        let now = self.now;
        let polls = self.thread_row(thread).polls;
        match *event {
            Event::PollStart { task, .. } => self.thread_row(thread).polls = Some(task),
            Event::PollEnd { task, .. } => {
                self.thread_row(thread).polls = None;
                self.belongs(thread, polls, task, event);
            }
            Event::StretchStart { task, what, length } => {
                self.belongs(thread, polls, task, event);
                let row = self.thread_row(thread);
                row.computes_until = if what == What::Cpu { row.ran_at(now).saturating_add(length.0) } else { 0 };
            }
            Event::StretchEnd { task, what } => {
                self.belongs(thread, polls, task, event);
                let row = self.thread_row(thread);
                let missing = row.computes_until.saturating_sub(row.ran_at(now));
                if what == What::Cpu && missing > 0 && self.is_simulated {
                    self.broken(CPU_TIME, format!("{task} stops computing on {thread} {missing} ns of CPU time early"));
                }
            }
            _ if is_inside(event) => {
                let task = event.task().expect("what is inside a poll names its task");
                self.belongs(thread, polls, task, event);
            }
            _ => {}
        }
    }

    fn belongs(&mut self, thread: ThreadId, polls: Option<TaskId>, task: TaskId, event: &Event) {
        if polls != Some(task) {
            let what = names::event(event);
            let polled = polls.map_or("nothing".to_owned(), |task| task.to_string());
            self.broken(ONE_THREAD, format!("{what} of {task} on {thread}, which polls {polled}"));
        }
    }

    /// What the record means for workers, their searches and the driver.
    fn worker(&mut self, record: &Record) {
        let Some(thread) = record.thread else { return };
        let held = self.thread_row(thread).worker;
        match record.event {
            Event::Acquire { worker } => return self.acquire(thread, worker),
            Event::Release { worker, why } => return self.release(thread, worker, why),
            Event::Retake { target, worker, first } => return self.retake(target, worker, first),
            _ if record.worker != held => {
                let name = |worker: Option<WorkerId>| worker.map_or("no worker".to_owned(), |w| w.to_string());
                let says = format!("the record names {}, but {thread} holds {}", name(record.worker), name(held));
                self.broken(IN_HAND, says);
            }
            _ => {}
        }
        match record.event {
            Event::Search => self.search(thread, held, On::Search),
            Event::SearchEnd { .. } => self.search(thread, held, On::SearchEnd),
            Event::Steal { victim, count } => self.thread_row(thread).bundle.steal(victim, count),
            Event::Overflow { count } => self.thread_row(thread).bundle.overflow(count),
            Event::Batch { count } => self.thread_row(thread).bundle.batch(count),
            Event::Park { .. } => {
                if held.is_none() {
                    self.broken(PARK_WORKER, format!("{thread} parks without a worker"));
                }
                self.close(thread, None);
            }
            Event::Unparked { .. } | Event::ThreadEnd => self.close(thread, None),
            Event::DriverHeld => {
                self.driver = self.step(Part::Driver, On::DriverHeld, self.driver, "the driver", "");
                self.driver_thread = Some(thread);
            }
            Event::DriverReleased => {
                self.driver_by(thread, "released");
                self.driver = self.step(Part::Driver, On::DriverReleased, self.driver, "the driver", "");
                self.driver_thread = None;
            }
            Event::DriverTurn { .. } => self.driver_by(thread, "turned"),
            _ => {}
        }
    }

    fn driver_by(&mut self, thread: ThreadId, what: &str) {
        if let Some(holder) = self.driver_thread.filter(|&holder| holder != thread) {
            self.broken(DRIVER, format!("the driver is {what} by {thread} while {holder} holds it"));
        }
    }

    fn retake(&mut self, target: ThreadId, worker: WorkerId, first: Time) {
        let row = self.thread_row(target);
        // On real threads the poll may have ended before the monitor said what it did.
        let polls = row.polls.is_some();
        if row.worker != Some(worker) {
            self.broken(RETAKE, format!("{worker} is taken from {target}, which does not hold it"));
        } else if self.is_simulated && !polls {
            self.broken(RETAKE, format!("{worker} is taken from {target}, which polls nothing"));
        } else if first > self.now {
            self.broken(RETAKE, format!("{worker} is taken from {target}, which is first looked at at {first}"));
        }
    }

    fn acquire(&mut self, thread: ThreadId, worker: WorkerId) {
        if let Some(held) = self.thread_row(thread).worker {
            self.broken(ONE_WORKER, format!("{thread} takes {worker} while it holds {held}"));
        }
        let hold = self.worker_row(worker).hold;
        let next = self.step(Part::Worker, On::Acquire, hold, &worker.to_string(), "");
        let row = self.worker_row(worker);
        (row.hold, row.holder) = (next, Some(thread));
        self.thread_row(thread).worker = Some(worker);
    }

    fn release(&mut self, thread: ThreadId, worker: WorkerId, why: Release) {
        let hold = self.worker_row(worker).hold;
        let next = self.step(Part::Worker, On::Release, hold, &worker.to_string(), "");
        let row = self.worker_row(worker);
        row.hold = next;
        let holder = row.holder.take();
        if let Some(holder) = holder {
            if holder != thread && why != Release::Retaken {
                self.broken(ONE_WORKER, format!("{worker} is released on {thread} while {holder} holds it"));
            }
            self.close(holder, None);
            self.thread_row(holder).worker = None;
        }
    }

    fn search(&mut self, thread: ThreadId, held: Option<WorkerId>, on: On) {
        let Some(worker) = held else {
            return self.broken(PARK_WORKER, format!("{thread} searches without a worker"));
        };
        let search = self.worker_row(worker).search;
        self.worker_row(worker).search = self.step(Part::Search, on, search, &worker.to_string(), "");
    }

    fn gap(&mut self, record: &Record, count: u64) {
        self.report.gaps.push(Gap { record: self.index, at: record.at, thread: record.thread, count });
        self.is_lossy = true;
        match record.thread {
            Some(thread) => self.thread_row(thread).is_lost = true,
            None => self.threads.values_mut().for_each(|row| row.is_lost = true),
        }
    }

    fn end(&mut self, left: u32) {
        let alive = self.spawned.saturating_sub(self.over);
        if !self.is_lossy && alive != u64::from(left) {
            let (spawned, over) = (self.spawned, self.over);
            self.broken(
                LEFT,
                format!("{spawned} tasks were spawned and {over} are over, but {left} are said to be left"),
            );
        }
    }

    /// Moves a part by its row of the table and returns its new state; a move that is not in the table is a
    /// violation, after which the part is where the row leads, so that one fault is reported once.
    fn step(&mut self, part: Part, on: On, state: State, who: &str, how: &str) -> State {
        let Some(rule) = rule(part, on) else { return state };
        if !rule.from.contains(&state) {
            let how = if how.is_empty() { on.name() } else { how.to_owned() };
            let says = format!("{how} of {who} while it is {}: {}", state.name(), rule.says);
            self.violation(format!("{} {}", part.name(), on.name()), says);
        }
        rule.to.unwrap_or(state)
    }

    fn broken(&mut self, law: Law, says: String) {
        self.violation(law.name.to_owned(), format!("{says}: {}", law.says));
    }

    fn violation(&mut self, law: String, says: String) {
        self.report.count += 1;
        if self.report.violations.len() < KEPT {
            self.report.violations.push(Violation { record: self.index, at: self.now, law, says });
        }
    }

    fn thread_row(&mut self, thread: ThreadId) -> &mut Thread {
        self.threads.entry(thread).or_insert_with(|| Thread {
            life: State::Unborn,
            lock: State::Free,
            on_cpu: State::Off,
            is_lost: false,
            worker: None,
            polls: None,
            waits: None,
            cpu: None,
            on_since: Time::ZERO,
            ran: 0,
            computes_until: 0,
            bundle: Bundle::default(),
        })
    }

    fn worker_row(&mut self, worker: WorkerId) -> &mut Worker {
        self.workers.entry(worker).or_insert(Worker {
            hold: State::Free,
            search: State::Settled,
            holder: None,
            slot: 0,
        })
    }
}

impl Thread {
    /// CPU time that it has had until `now`, in nanoseconds.
    fn ran_at(&self, now: Time) -> u64 {
        let current = if self.on_cpu == State::On { now.since(self.on_since).0 } else { 0 };
        self.ran.saturating_add(current)
    }
}

/// Whether it is something that a program does inside its poll.
fn is_inside(event: &Event) -> bool {
    matches!(
        event,
        Event::At { .. }
            | Event::Timer { .. }
            | Event::Send { .. }
            | Event::Recv { .. }
            | Event::ForcedYield { .. }
            | Event::Measure { .. }
            | Event::MutexWait { .. }
            | Event::MutexHeld { .. }
    )
}

/// Whether it happens only on a CPU: polls and computing stretches.
fn runs(event: &Event) -> bool {
    match event {
        Event::PollStart { .. } | Event::PollEnd { .. } | Event::StretchStart { .. } => true,
        Event::StretchEnd { what, .. } => *what == What::Cpu,
        _ => false,
    }
}

/// Whether the record makes no sense without a thread. The others also happen outside of all threads: arrivals,
/// deadlines, cancellation.
fn must_name_a_thread(event: &Event) -> bool {
    !matches!(
        event,
        Event::Spawn { .. }
            | Event::Due { .. }
            | Event::Wake { .. }
            | Event::Enqueue { .. }
            | Event::Cancel { .. }
            | Event::Stuck { .. }
            | Event::Unpark { .. }
            | Event::ThreadStart { .. }
    )
}
