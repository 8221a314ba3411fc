//! The async fn that runs a program, in either world.
//!
//! Everything that a step does to its world goes through [`Env`], and everything that is not already a leaf (notes,
//! spawns, the time of a `measure`) stands behind a gate where another branch of the same task may be frozen. So a
//! world can stop any program at any step, and the freeze rule holds for all of them.
//!
//! *Notes.* `At{task, step}` is noted when a task begins a step other than the one that it began last: for every step
//! that waits, takes time or spawns. `repeat`, `forever`, `measure`, `join!` and `select!` are not steps in this sense,
//! only what is inside them. A step that is repeated notes nothing new.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::ops::Range;
use std::pin::Pin;

use super::code::{Act, Code, Draw, Op};
use super::model::{Length, ParkToken};
use super::program::Prepared;
use crate::id::KindId;
use crate::sync::{Arc, AtomicU32, AtomicU64, Mutex, Ordering, lock};
use crate::task::{Aborter, Env, Join, Token, join_all, select_first};
use crate::time::{Nanos, Time};
use crate::trace::Event;

/// No step was begun yet.
const NONE: u32 = u32::MAX;

/// Runs the program of the task's kind.
#[expect(clippy::manual_async_fn, reason = "programs spawn programs, so that the result is Send must be spelled out")]
pub(super) fn run(prepared: Arc<Prepared>, env: Env) -> impl Future<Output = ()> + Send + 'static {
    async move {
        let task = Task::new(prepared, env);
        task.walk(task.code().main.clone(), false).await;
    }
}

/// Runs the body of a `spawn_blocking` as a job of the pool. The job is a task of its own, with its own draws.
async fn run_job(prepared: Arc<Prepared>, env: Env, body: Range<u32>) {
    let task = Task::new(prepared, env);
    task.body(body, false).await;
}

/// One task under way: what all its branches share.
struct Task {
    prepared: Arc<Prepared>,
    env: Env,
    kind: KindId,
    /// The step begun last.
    at: AtomicU32,
    /// When its first step began; zero unless the program has a schedule.
    born: Time,
    /// See [`Code::cells`]. Atomics only because a task moves between threads: nobody else sees them, so they are read
    /// and written one after the other.
    cells: Box<[AtomicU64]>,
    /// Spawned and not yet joined; empty unless the program joins.
    joins: Mutex<VecDeque<Join>>,
    /// What is needed to end those; empty unless the program aborts.
    aborts: Mutex<Vec<Aborter>>,
    /// The token of the thread, if some step parks on it. A task that parks keeps its thread to itself, so that all who
    /// share the thread's token meanwhile are calls of this task.
    thread: Option<Arc<Token>>,
}

impl Task {
    fn new(prepared: Arc<Prepared>, env: Env) -> Task {
        let kind = env.kind();
        let code = prepared.code(kind);
        let cells = (0..code.cells).map(|_| AtomicU64::new(0)).collect();
        let born = if code.ticks { env.now() } else { Time::ZERO };
        let (joins, aborts) = (Mutex::default(), Mutex::default());
        let thread = code.parks.then(Arc::default);
        Task { prepared, env, kind, at: AtomicU32::new(NONE), born, cells, joins, aborts, thread }
    }

    fn code(&self) -> &Code {
        self.prepared.code(self.kind)
    }

    /// Walks over a stretch of code. `branch`: a sibling may be frozen, so plain code stands behind a gate.
    async fn walk(&self, range: Range<u32>, branch: bool) {
        let ops = &self.code().ops;
        let mut stack: Vec<u64> = Vec::new();
        let mut pc = range.start;
        while pc < range.end {
            match &ops[pc as usize] {
                Op::Do { step, act } => {
                    if branch {
                        self.pass().await;
                    }
                    self.begin(*step);
                    // What programs do most often stands here: every async fn in between costs each poll its share.
                    match act {
                        Act::Sleep(draw) => self.env.sleep(self.length(draw, *step)).await,
                        Act::Cpu(draw) => self.env.cpu(self.length(draw, *step)).await,
                        Act::YieldNow => self.env.yield_now().await,
                        Act::WakeSelf => self.env.wake_self().await,
                        other => self.act(*step, other, branch).await,
                    }
                }
                Op::JoinAll { branches } => join_all(self.branches(branches)).await,
                Op::Select { branches } if branches.is_empty() => {}
                Op::Select { branches } => {
                    select_first(self.branches(branches)).await;
                }
                control => {
                    if is_gated(control, branch) {
                        self.pass().await;
                    }
                    pc = self.control(control, pc, &mut stack);
                    continue;
                }
            }
            pc += 1;
        }
    }

    /// The body of a `spawn_blocking` or `block_in_place`: synchronous steps only, so it needs no recursion.
    async fn body(&self, range: Range<u32>, branch: bool) {
        let ops = &self.code().ops;
        let mut stack: Vec<u64> = Vec::new();
        let mut pc = range.start;
        while pc < range.end {
            match &ops[pc as usize] {
                Op::Do { step, act } => {
                    if branch {
                        self.pass().await;
                    }
                    self.begin(*step);
                    match act {
                        Act::Cpu(draw) => self.env.cpu(self.length(draw, *step)).await,
                        Act::Block(draw) => self.env.block(self.length(draw, *step)).await,
                        Act::Syscall(draw) => self.env.syscall(self.length(draw, *step)).await,
                        Act::Send { channel, count } => {
                            for _ in 0..*count {
                                self.prepared.channel(*channel).send(&self.env).await;
                            }
                        }
                        Act::Lock { mutex, body } => {
                            let guard = self.prepared.mutex(*mutex).lock(&self.env).await;
                            self.nested_body(body.clone(), branch).await;
                            drop(guard);
                        }
                        Act::Panic => self.env.panic().await,
                        other => panic!("step {step} of kind {}: {other:?} waits, a blocking body cannot", self.kind),
                    }
                    pc += 1;
                }
                control => {
                    if is_gated(control, branch) {
                        self.pass().await;
                    }
                    pc = self.control(control, pc, &mut stack);
                }
            }
        }
    }

    /// Loops and measures. Returns where to go on.
    #[inline(always)]
    fn control(&self, op: &Op, pc: u32, stack: &mut Vec<u64>) -> u32 {
        match *op {
            Op::Repeat { times: 0, end } => return end,
            Op::Repeat { times, .. } => stack.push(times.into()),
            Op::Again { start } => {
                let left = stack.last_mut().expect("Repeat pushed it");
                *left -= 1;
                if *left > 0 {
                    return start;
                }
                stack.pop();
            }
            Op::Jump { to } => return to,
            Op::Chance { step, probability, cell, other } => {
                let round = self.round(cell);
                if self.env.stream().unit(step, round) >= probability {
                    return other;
                }
            }
            Op::Pass => {}
            Op::Measure => stack.push(self.env.now().0),
            Op::Measured { label } => {
                let start = Time(stack.pop().expect("Measure pushed it"));
                let took = self.env.now().since(start);
                if !self.env.panics() {
                    self.env.note(Event::Measure { task: self.env.task(), label, took });
                }
            }
            ref other => panic!("{other:?} cannot stand in the body of kind {}", self.kind),
        }
        pc + 1
    }

    async fn act(&self, step: u32, act: &Act, branch: bool) {
        let env = &self.env;
        match act {
            Act::Block(draw) => env.block(self.length(draw, step)).await,
            Act::Syscall(draw) => env.syscall(self.length(draw, step)).await,
            Act::Io(draw) => env.io(self.length(draw, step)).await,
            Act::Tick { period, cell } => self.tick(*period, &self.cells[*cell as usize]).await,
            Act::Send { channel, count } => {
                for _ in 0..*count {
                    self.prepared.channel(*channel).send(env).await;
                }
            }
            Act::Recv { channel, count } => {
                for _ in 0..*count {
                    self.prepared.channel(*channel).recv(env).await;
                }
            }
            Act::StartRecv { channel, count } => {
                for _ in 0..*count {
                    self.prepared.channel(*channel).start_recv(env).await;
                }
            }
            Act::FinishRecv { channel, count } => {
                for _ in 0..*count {
                    self.prepared.channel(*channel).finish_recv(env).await;
                }
            }
            Act::Read { socket, count } => {
                for _ in 0..*count {
                    self.prepared.socket(*socket).read(env).await;
                }
            }
            Act::Spawn { kind, count } => self.spawn(*kind, *count).await,
            Act::Join => self.join().await,
            Act::Abort => self.abort().await,
            Act::Panic => env.panic().await,
            Act::Lock { mutex, body } => {
                let guard = self.prepared.mutex(*mutex).lock(env).await;
                self.nested(body.clone(), branch).await;
                drop(guard);
            }
            Act::BlockOn { token, body } => {
                let token = match token {
                    ParkToken::Own => Arc::default(),
                    ParkToken::Thread => self.thread().clone(),
                };
                env.block_on(&token, self.nested(body.clone(), branch)).await;
            }
            Act::Park => env.park(self.thread()).await,
            Act::Timeout { after, parts: [body, otherwise] } => {
                let after = self.length(after, step);
                // What does not come to its end in time is polled beside the deadline: it is a branch.
                if !env.timeout(after, self.branch(body.clone())).await {
                    self.nested(otherwise.clone(), branch).await;
                }
            }
            Act::BlockingJob(body) => {
                self.pass().await;
                let (prepared, body) = (self.prepared.clone(), body.clone());
                self.keep(env.spawn_blocking(|env| run_job(prepared, env, body)));
            }
            Act::ForgetWaker => env.forget_waker().await,
            Act::SpawnBlocking(body) => {
                let (prepared, body) = (self.prepared.clone(), body.clone());
                env.spawn_blocking(|env| run_job(prepared, env, body)).await;
            }
            // In a box, because every task would have to have room for it.
            Act::BlockInPlace(body) => env.block_in_place(Box::pin(self.body(body.clone(), branch))).await,
            Act::Sleep(_) | Act::Cpu(_) | Act::YieldNow | Act::WakeSelf => unreachable!("done by `walk`"),
        }
    }

    fn thread(&self) -> &Arc<Token> {
        self.thread.as_ref().expect("the code says that some step parks")
    }

    /// Notes where the task is, once. In a branch it stands behind a gate.
    #[inline]
    fn begin(&self, step: u32) {
        if self.at.load(Ordering::Relaxed) != step && !self.env.panics() {
            self.at.store(step, Ordering::Relaxed);
            self.env.note(Event::At { task: self.env.task(), step });
        }
    }

    /// A leaf without an effect: Pending while the world does not let the task act.
    async fn pass(&self) {
        let leaf = self.env.leaf();
        poll_fn(|cx| self.env.gate(leaf, cx)).await;
    }

    fn branches(&self, branches: &[Range<u32>]) -> Vec<Pin<Box<dyn Future<Output = ()> + Send + '_>>> {
        branches.iter().map(|range| self.branch(range.clone())).collect()
    }

    fn branch(&self, range: Range<u32>) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.nested(range, true)
    }

    /// Steps inside a step.
    fn nested(&self, range: Range<u32>, branch: bool) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.walk(range, branch))
    }

    /// Steps inside a step of a blocking body.
    fn nested_body(&self, range: Range<u32>, branch: bool) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.body(range, branch))
    }

    /// The length of this round of a step: a function of seed, task, step and round.
    #[inline]
    fn length(&self, draw: &Draw, step: u32) -> Nanos {
        match draw {
            Draw::Constant(length) => *length,
            Draw::Drawn { length, cell } => self.drawn(length, *cell, step),
            Draw::List { lengths, cell } => {
                let cell = &self.cells[*cell as usize];
                let at = cell.load(Ordering::Relaxed) as usize;
                let next = if at + 1 == lengths.len() { 0 } else { at + 1 };
                cell.store(next as u64, Ordering::Relaxed);
                lengths[at]
            }
        }
    }

    #[inline(never)]
    fn drawn(&self, length: &Length, cell: u32, step: u32) -> Nanos {
        let round = self.round(cell);
        length.draw(self.env.stream(), step, round)
    }

    /// How often the task did what this cell counts; once more from here on.
    fn round(&self, cell: u32) -> u64 {
        let cell = &self.cells[cell as usize];
        let round = cell.load(Ordering::Relaxed);
        cell.store(round + 1, Ordering::Relaxed);
        round
    }

    /// Waits for the next point of the schedule. The first is the next multiple of the period since the task's first
    /// step, each further one a period after the last; after one that came more than a period late the schedule starts
    /// again from there.
    async fn tick(&self, period: Nanos, last: &AtomicU64) {
        let due = match last.load(Ordering::Relaxed) {
            0 => {
                let rounds = self.env.now().since(self.born).0 / period.0.max(1);
                self.born + period.times(rounds + 1)
            }
            last => Time(last) + period,
        };
        self.env.sleep_until(due).await;
        let now = self.env.now();
        let from = if now.since(due) > period { now } else { due };
        last.store(from.0, Ordering::Relaxed);
    }

    async fn spawn(&self, kind: KindId, count: u32) {
        let deadline = self.prepared.scenario().kinds[kind.index()].deadline;
        for _ in 0..count {
            self.pass().await;
            let prepared = self.prepared.clone();
            self.keep(self.env.spawn(kind, deadline, |env| run(prepared, env)));
        }
    }

    /// Keeps what later steps need of a child.
    fn keep(&self, join: Join) {
        if self.code().aborts {
            let mut aborts = lock(&self.aborts);
            // Now and then, so that a loop that never aborts does not keep everything that it ever spawned.
            if aborts.len() == aborts.capacity() {
                aborts.retain(|handle| !handle.is_over());
            }
            aborts.push(join.aborter());
        }
        if self.code().joins {
            lock(&self.joins).push_back(join);
        }
    }

    async fn abort(&self) {
        let handles = std::mem::take(&mut *lock(&self.aborts));
        for handle in handles {
            self.pass().await;
            self.env.abort(&handle);
        }
    }

    async fn join(&self) {
        loop {
            let next = lock(&self.joins).pop_front();
            let Some(join) = next else { return };
            Joining { joins: &self.joins, join: Some(join) }.finish().await;
        }
    }
}

/// Whether an instruction of control stands behind a gate: one without an effect on the world must let the world stop
/// the task, and in a branch a sibling may be frozen.
#[inline]
fn is_gated(control: &Op, branch: bool) -> bool {
    match control {
        Op::Pass => true,
        Op::Measure | Op::Measured { .. } => branch,
        _ => false,
    }
}

/// A handle that is being awaited. Dropped before its end, by a `select!`, it goes back to the front.
struct Joining<'a> {
    joins: &'a Mutex<VecDeque<Join>>,
    join: Option<Join>,
}

impl Joining<'_> {
    async fn finish(mut self) {
        if let Some(join) = &mut self.join {
            // However it ended: a program that goes on after a panic of its child is the rule.
            join.await;
        }
        self.join = None;
    }
}

impl Drop for Joining<'_> {
    fn drop(&mut self) {
        if let Some(join) = self.join.take() {
            lock(self.joins).push_front(join);
        }
    }
}
