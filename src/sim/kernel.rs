//! The simulated machine: threads, CPUs shared by a fair queue, shared lines that threads spin and sleep for.
//!
//! # A thread
//!
//! ```text
//! runnable -> on a CPU -> pays for what it did -> does the next thing -> ... -> off (parked, blocked, idle) -> runnable
//!                 |  ^
//!                 v  |  another thread waits and the slice is over
//!              queued by virtual runtime
//! ```
//!
//! Fair queue by virtual runtime, as the kernel's CFS and EEVDF: a waking thread stands where it stood when it went to
//! sleep: at the mean, less what it was owed (at most a slice). So a worker that sleeps and wakes does not wait behind a
//! hundred hogs as in a round robin. One queue for all CPUs (assumption: the kernel balances).

mod lines;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use self::lines::{LineState, line_index};
use super::agenda::{Agenda, Entry};
use super::recorder::Recorder;
use crate::id::{CpuId, TaskId, ThreadId, WorkerId};
use crate::policy::{Control, Op, ThreadView, Ticket, Worker, World};
use crate::scenario::Costs;
use crate::time::{Nanos, Time};
use crate::trace::{Event, Line, OffCpu, Role};

/// Where a thread is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Where {
    /// On a CPU.
    Running,
    /// Has work, waits for a CPU.
    Ready,
    /// Sleeps, blocks, idles.
    Off,
    /// Ended.
    Ended,
}

/// A simulated thread, as far as the machine is concerned.
pub(super) struct Thread {
    pub(super) place: Where,
    /// The worker that it holds, for records.
    pub(super) worker: Option<WorkerId>,
    /// CPU time still to be paid before the thread does the next thing.
    pub(super) left: Nanos,
    /// Since when `left` runs down.
    pub(super) since: Time,
    /// Agenda entries of older generations are stale.
    pub(super) generation: u32,
    vruntime: u64,
    /// What it was behind (positive) or ahead of its fair share when it went off: at most a slice.
    lag: i64,
    cpu: Option<CpuId>,
    last_cpu: Option<CpuId>,
    /// It waits for a line, on its CPU.
    pub(super) waits_for: Option<Line>,
    /// The line that it holds until what it did there is paid.
    pub(super) holds: Option<Line>,
    /// It has the line, and has not yet done what it wanted it for.
    fresh: bool,
    /// The stream says that it waits for a line, and not yet that it has it.
    is_told_waiting: bool,
    /// It belongs to the world outside and needs no CPU of this machine.
    outside: bool,
    /// Agenda entry for its blocking call or timed sleep is pending.
    timed: bool,
}

#[derive(Default)]
struct Cpu {
    thread: Option<ThreadId>,
    last: Option<ThreadId>,
    slice_end: Time,
    /// A slice entry is in the agenda, of this generation.
    armed: bool,
    generation: u32,
}

/// What hooks did to the world, to be carried out when the hook has returned.
#[derive(Clone, Copy, Debug)]
pub(super) enum Intent {
    Unpark(WorkerId),
    Start(WorkerId),
    Rouse,
    /// The monitor turns the driver, for I/O.
    DriveIo,
}

/// The machine, and what hooks may touch of it.
pub(super) struct Kernel {
    pub(super) agenda: Agenda,
    pub(super) now: Time,
    pub(super) threads: Vec<Thread>,
    cpus: Vec<Cpu>,
    /// Threads that wait for a CPU, least virtual runtime first.
    ready: BinaryHeap<Reverse<(u64, u64, ThreadId)>>,
    /// Their virtual runtimes together.
    ready_sum: u128,
    ready_seq: u64,
    /// Indexed by the number of the line.
    lines: Vec<LineState>,
    /// How many threads hold one.
    held: u32,
    slice: Nanos,
    /// Silent operations of the present hook.
    paid: Nanos,
    pub(super) intents: Vec<Intent>,
    /// Deferred wakers per thread, oldest first.
    pub(super) deferred: Vec<Vec<TaskId>>,
    pub(super) current: ThreadId,
    /// When the first timer fires; kept only for policies with a monitor.
    pub(super) next_timer: Option<Time>,
    /// A thread has the driver.
    pub(super) driver_is_held: bool,
    costs: Costs,
}

impl Kernel {
    pub(super) fn new(cpus: u16, costs: Costs) -> Kernel {
        Kernel {
            agenda: Agenda::default(),
            now: Time::ZERO,
            threads: Vec::new(),
            cpus: (0..cpus).map(|_| Cpu::default()).collect(),
            ready: BinaryHeap::new(),
            ready_sum: 0,
            ready_seq: 0,
            lines: Vec::new(),
            held: 0,
            slice: costs.slice_on(cpus),
            paid: Nanos::ZERO,
            intents: Vec::new(),
            deferred: Vec::new(),
            current: ThreadId(0),
            next_timer: None,
            driver_is_held: false,
            costs,
        }
    }

    /// A new thread, off. Its number.
    pub(super) fn add_thread(&mut self, role: Role) -> ThreadId {
        let id = ThreadId(u16::try_from(self.threads.len()).expect("thread numbers are bounded by the pool's limit"));
        self.threads.push(Thread {
            place: Where::Off,
            worker: None,
            left: Nanos::ZERO,
            since: self.now,
            generation: 0,
            vruntime: 0,
            lag: 0,
            cpu: None,
            last_cpu: None,
            waits_for: None,
            holds: None,
            fresh: false,
            is_told_waiting: false,
            outside: role == Role::Outside,
            timed: false,
        });
        self.deferred.push(Vec::new());
        id
    }

    pub(super) fn thread(&mut self, id: ThreadId) -> &mut Thread {
        &mut self.threads[id.index()]
    }

    /// Whether there is something to pay for what was done last.
    #[inline(always)]
    pub(super) fn has_cost(&self, recorder: &Recorder) -> bool {
        recorder.cost.0 | self.paid.0 != 0
    }

    /// Whether the thread, on its CPU, keeps nobody waiting for the line that it holds. If so it lets go of it.
    #[inline(always)]
    pub(super) fn is_uncontended(&mut self, id: ThreadId) -> bool {
        self.held == 0 || self.is_uncontended_line(id)
    }

    #[inline]
    fn is_uncontended_line(&mut self, id: ThreadId) -> bool {
        let thread = &mut self.threads[id.index()];
        debug_assert!(thread.left == Nanos::ZERO && thread.place == Where::Running, "{id} has paid and runs");
        let Some(line) = thread.holds else { return true };
        let state = &mut self.lines[line_index(line)];
        if !state.waiting.is_empty() {
            return false;
        }
        if !thread.fresh {
            debug_assert_eq!(state.holder, Some(id), "a line is let go by its holder");
            thread.holds = None;
            self.held -= 1;
            state.holder = None;
        }
        true
    }

    /// What the hook that just returned costs: its events and its silent operations.
    #[inline(always)]
    pub(super) fn take_cost(&mut self, recorder: &mut Recorder) -> Nanos {
        recorder.take_cost() + std::mem::take(&mut self.paid)
    }

    // ---- time on a CPU -------------------------------------------------------------------------------------------

    /// The thread has to pay so much CPU time before it does the next thing. True: it has done so already, nothing
    /// else could have happened in between, and time has moved.
    #[inline(always)]
    pub(super) fn pay(&mut self, id: ThreadId, cost: Nanos, end: Time) -> bool {
        let thread = &self.threads[id.index()];
        let is_free = cost == Nanos::ZERO && thread.left == Nanos::ZERO && thread.place == Where::Running;
        is_free || self.pay_time(id, cost, end)
    }

    #[inline]
    fn pay_time(&mut self, id: ThreadId, cost: Nanos, end: Time) -> bool {
        let now = self.now;
        let thread = &mut self.threads[id.index()];
        thread.left += cost;
        thread.since = now;
        if thread.place != Where::Running {
            debug_assert_eq!(thread.place, Where::Ready, "a thread pays on a CPU or while it waits for one");
            return false;
        }
        let done = now + thread.left;
        // The entry would be the last of its time, so it is next only if everything else is strictly later.
        if done <= end && self.agenda.next_at().is_none_or(|next| next > done) {
            thread.left = Nanos::ZERO;
            self.now = done;
            self.agenda.skipped += 1;
            return true;
        }
        thread.generation += 1;
        let generation = thread.generation;
        self.agenda.push(done, Entry::Thread(id, generation));
        false
    }

    /// The thread does not go on now. What it did before it began to wait for a line it pays when it has the line.
    pub(super) fn owe(&mut self, id: ThreadId, recorder: &mut Recorder) {
        let cost = self.take_cost(recorder);
        let thread = &mut self.threads[id.index()];
        if thread.waits_for.is_some() {
            thread.left += cost;
        }
    }

    /// Whether an agenda entry of a thread is still meant; if so, what it had to pay is paid.
    pub(super) fn is_due(&mut self, id: ThreadId, generation: u32) -> bool {
        let thread = &mut self.threads[id.index()];
        if thread.generation != generation {
            return false;
        }
        thread.timed = false;
        // A thread that slept pays what it still owes when it has a CPU.
        if thread.place == Where::Running {
            thread.left = Nanos::ZERO;
        }
        true
    }

    /// The generation of a thread's agenda entries.
    pub(super) fn generation(&self, id: ThreadId) -> u32 {
        self.threads[id.index()].generation
    }

    /// The CPU that the thread is on, or was last; `None`: the world outside has none.
    #[inline(always)]
    pub(super) fn cpu_of(&self, id: ThreadId) -> Option<CpuId> {
        self.threads[id.index()].last_cpu
    }

    /// A task is polled whose data is in the cache of another CPU.
    #[inline(always)]
    pub(super) fn pay_migration(&mut self) {
        self.paid += Nanos(self.costs.migration);
    }

    /// The thread pays for the wake of another one when it has let go of its line.
    #[inline(always)]
    pub(super) fn pay_signal(&mut self, price: Nanos) {
        self.paid += price;
    }

    /// The thread leaves its CPU.
    pub(super) fn off(&mut self, id: ThreadId, recorder: &mut Recorder) {
        self.note_lag(id);
        let thread = &mut self.threads[id.index()];
        thread.place = Where::Off;
        thread.generation += 1;
        thread.left = Nanos::ZERO;
        self.leave_cpu(id, OffCpu::Blocked, recorder);
    }

    /// The thread ends.
    pub(super) fn end(&mut self, id: ThreadId, recorder: &mut Recorder) {
        self.emit_for(id, Event::ThreadEnd, recorder);
        self.off(id, recorder);
        self.threads[id.index()].place = Where::Ended;
    }

    /// A thread that is off goes on at `at`.
    pub(super) fn resume_at(&mut self, id: ThreadId, at: Time) {
        self.resume_with(id, at, Entry::Thread);
    }

    /// The same, through this kind of agenda entry.
    pub(super) fn resume_with(&mut self, id: ThreadId, at: Time, entry: fn(ThreadId, u32) -> Entry) {
        let thread = &mut self.threads[id.index()];
        debug_assert_eq!(thread.place, Where::Off, "only a thread that is off can be resumed");
        thread.generation += 1;
        thread.timed = true;
        let generation = thread.generation;
        self.agenda.push(at, entry(id, generation));
    }

    /// The thread wants a CPU from now on. True: it has one and can go on at once.
    pub(super) fn ready(&mut self, id: ThreadId, recorder: &mut Recorder) -> bool {
        if self.threads[id.index()].outside {
            self.threads[id.index()].place = Where::Running;
            return true;
        }
        let free = self.free_cpu(id);
        self.place(id);
        if let Some(cpu) = free {
            self.enter_cpu(id, cpu, recorder);
            return true;
        }
        self.queue(id);
        self.arm_slices();
        false
    }

    /// A thread that goes off keeps what it was behind or ahead of the others, at most a slice of it.
    fn note_lag(&mut self, id: ThreadId) {
        if self.threads[id.index()].outside {
            return;
        }
        let Some(cpu) = self.threads[id.index()].cpu else { return };
        // Alone nobody is behind.
        let lag = if self.ready.is_empty() {
            0
        } else {
            let used = self.now.since(self.cpus[cpu.index()].slice_end - self.slice).0;
            let own = self.threads[id.index()].vruntime + used;
            let fair = self.fair_vruntime().unwrap_or(own);
            let slice = self.slice.0 as i64;
            (fair as i64 - own as i64).clamp(-slice, slice)
        };
        self.threads[id.index()].lag = lag;
    }

    /// A thread that wants a CPU again stands where it stood among the others when it went off; a new one at the mean.
    fn place(&mut self, id: ThreadId) {
        if let Some(fair) = self.fair_vruntime() {
            let lag = self.threads[id.index()].lag;
            self.threads[id.index()].vruntime = fair.saturating_add_signed(-lag);
        }
    }

    /// The slice of a CPU is over. Returns the thread that got the CPU and can go on, if there was one waiting.
    pub(super) fn slice(&mut self, cpu: CpuId, generation: u32, recorder: &mut Recorder) -> Option<ThreadId> {
        let state = &mut self.cpus[cpu.index()];
        if state.generation != generation {
            return None;
        }
        state.armed = false;
        if self.ready.is_empty() {
            return None;
        }
        if self.now < self.cpus[cpu.index()].slice_end {
            self.arm_slices();
            return None;
        }
        let running = self.cpus[cpu.index()].thread?;
        let now = self.now;
        let thread = &mut self.threads[running.index()];
        let used = now.since(thread.since);
        // A thread that spins for a lock has nothing to pay; its time is used all the same.
        if thread.left > Nanos::ZERO {
            thread.left = Nanos(thread.left.0.saturating_sub(used.0).max(1));
        }
        thread.generation += 1;
        thread.place = Where::Ready;
        self.leave_cpu_quietly(running, OffCpu::Slice, recorder);
        self.queue(running);
        let next = self.give(cpu, recorder);
        if let Some(line) = self.threads[running.index()].holds {
            self.stop_spinning(line, recorder);
        }
        next
    }

    /// A thread that just got a CPU goes on: pays the switch and what is left.
    pub(super) fn go_on(&mut self, id: ThreadId, end: Time) -> bool {
        if self.threads[id.index()].waits_for.is_some() {
            return false;
        }
        self.pay(id, Nanos::ZERO, end)
    }

    fn free_cpu(&self, id: ThreadId) -> Option<CpuId> {
        let last = self.threads[id.index()].last_cpu;
        let is_free = |cpu: &CpuId| self.cpus[cpu.index()].thread.is_none();
        last.filter(is_free).or_else(|| (0..self.cpus.len() as u16).map(CpuId).find(is_free))
    }

    fn enter_cpu(&mut self, id: ThreadId, cpu: CpuId, recorder: &mut Recorder) {
        let now = self.now;
        let state = &mut self.cpus[cpu.index()];
        let switches = state.last.is_some_and(|last| last != id);
        state.thread = Some(id);
        state.last = Some(id);
        state.slice_end = now + self.slice;
        state.armed = false;
        state.generation += 1;
        let thread = &mut self.threads[id.index()];
        thread.place = Where::Running;
        thread.cpu = Some(cpu);
        thread.last_cpu = Some(cpu);
        thread.since = now;
        if switches {
            thread.left += Nanos(self.costs.context_switch);
        }
        self.emit_for(id, Event::CpuOn { cpu }, recorder);
        if !self.ready.is_empty() {
            self.arm_slices();
        }
    }

    /// Off the CPU, and the CPU to whoever waits. The newcomer goes on through its own agenda entry.
    fn leave_cpu(&mut self, id: ThreadId, why: OffCpu, recorder: &mut Recorder) {
        let Some(cpu) = self.leave_cpu_quietly(id, why, recorder) else { return };
        if let Some(next) = self.give(cpu, recorder) {
            let thread = &mut self.threads[next.index()];
            if thread.waits_for.is_none() {
                thread.generation += 1;
                let (at, generation) = (self.now + thread.left, thread.generation);
                self.agenda.push(at, Entry::Thread(next, generation));
            }
        }
    }

    fn leave_cpu_quietly(&mut self, id: ThreadId, why: OffCpu, recorder: &mut Recorder) -> Option<CpuId> {
        let cpu = self.threads[id.index()].cpu.take()?;
        self.emit_for(id, Event::CpuOff { why }, recorder);
        let entered = self.cpus[cpu.index()].slice_end - self.slice;
        let thread = &mut self.threads[id.index()];
        thread.vruntime += self.now.since(entered).0;
        let state = &mut self.cpus[cpu.index()];
        state.thread = None;
        state.generation += 1;
        state.armed = false;
        Some(cpu)
    }

    /// A free CPU goes to the waiting thread with the least virtual runtime.
    fn give(&mut self, cpu: CpuId, recorder: &mut Recorder) -> Option<ThreadId> {
        let Reverse((vruntime, _, id)) = self.ready.pop()?;
        self.ready_sum -= u128::from(vruntime);
        self.enter_cpu(id, cpu, recorder);
        Some(id)
    }

    fn queue(&mut self, id: ThreadId) {
        self.ready_seq += 1;
        let thread = &mut self.threads[id.index()];
        thread.place = Where::Ready;
        self.ready_sum += u128::from(thread.vruntime);
        self.ready.push(Reverse((thread.vruntime, self.ready_seq, id)));
    }

    /// Where a thread that has had just its share stands: the mean virtual runtime of those that run or wait. `None`:
    /// there are none.
    fn fair_vruntime(&self) -> Option<u64> {
        let running = self.cpus.iter().filter_map(|cpu| {
            let id = cpu.thread?;
            let entered = cpu.slice_end - self.slice;
            Some(self.threads[id.index()].vruntime + self.now.since(entered).0)
        });
        let (mut sum, mut count) = (self.ready_sum, self.ready.len() as u128);
        for vruntime in running {
            sum += u128::from(vruntime);
            count += 1;
        }
        // Mostly one, and a division of 128 bits is dear.
        (count > 0).then(|| if count == 1 { sum as u64 } else { (sum / count) as u64 })
    }

    /// Somebody waits for a CPU: every CPU's slice must end at its time.
    fn arm_slices(&mut self) {
        for index in 0..self.cpus.len() {
            let state = &mut self.cpus[index];
            if state.armed || state.thread.is_none() {
                continue;
            }
            state.armed = true;
            let at = state.slice_end.max(self.now);
            let generation = state.generation;
            self.agenda.push(at, Entry::Slice(CpuId(index as u16), generation));
        }
    }

    // ---- records -------------------------------------------------------------------------------------------------

    /// Records an event of another thread than the present one; costs nothing.
    fn emit_for(&self, id: ThreadId, event: Event, recorder: &mut Recorder) {
        recorder.free(self.now, Some(id), self.threads[id.index()].worker, event);
    }
}

impl World<Ticket> for Kernel {
    fn now(&mut self) -> Time {
        self.now
    }

    fn deferred(&self) -> usize {
        self.deferred[self.current.index()].len()
    }

    fn unpark(&mut self, worker: WorkerId) {
        self.intents.push(Intent::Unpark(worker));
    }

    fn start(&mut self, worker: WorkerId) {
        self.intents.push(Intent::Start(worker));
    }

    fn retake(&mut self, _seen: &ThreadView) -> Option<Box<dyn Worker<Ticket>>> {
        None
    }

    fn preempt(&mut self, _seen: &ThreadView) -> bool {
        false
    }

    fn rouse(&mut self) {
        self.intents.push(Intent::Rouse);
    }

    fn driver_is_held(&mut self) -> bool {
        self.driver_is_held
    }

    fn next_timer(&mut self) -> Option<Time> {
        self.next_timer
    }

    fn pay(&mut self, op: Op) {
        self.paid += self.costs.op(op);
    }
}

/// A control for one hook call on the present thread.
pub(super) fn control<'a>(
    recorder: &'a mut Recorder,
    kernel: &'a mut Kernel,
    line: Option<Line>,
) -> Control<'a, Ticket> {
    Control::new(Some(recorder), kernel, line)
}
