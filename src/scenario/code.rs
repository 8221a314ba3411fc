//! Programs laid out flat: what the interpreter walks over. Loops become counters and jumps, so that an iteration
//! costs no allocation and no recursion.

use std::ops::Range;

use crate::id::{ChannelId, KindId, MutexId};
use crate::scenario::model::{Does, Length, ParkToken, Step};
use crate::time::Nanos;

/// The program of a kind.
#[derive(Debug, Default)]
pub(super) struct Code {
    /// One after the other; jumps are indices into it.
    pub(super) ops: Vec<Op>,
    /// The kind's own program within `ops`; bodies and branches lie behind it.
    pub(super) main: Range<u32>,
    /// Numbers that a task must remember between rounds: how often a drawn step was done, where a schedule is.
    pub(super) cells: u32,
    /// Some step waits for spawned tasks, so their handles are kept.
    pub(super) joins: bool,
    /// Some step ends spawned tasks, so what is needed for that is kept.
    pub(super) aborts: bool,
    /// Some step parks on the thread's token, so there is one.
    pub(super) parks: bool,
    /// Some step follows a schedule, so the time of the first step is kept.
    pub(super) ticks: bool,
}

/// One instruction.
#[derive(Debug)]
pub(super) enum Op {
    /// A step that waits, takes time or has an effect. `step` is its number in the kind.
    Do { step: u32, act: Act },
    /// The body up to `end` (the index behind its `Again`) follows, so many times.
    Repeat { times: u32, end: u32 },
    /// End of a `Repeat`'s body: back to `start` or on.
    Again { start: u32 },
    /// End of a `Forever`'s body.
    Jump { to: u32 },
    /// What follows, up to `other`, or what lies from there on: as a draw of this step says. `cell` counts draws.
    Chance { step: u32, probability: f64, cell: u32, other: u32 },
    /// A loop whose body may have no effect gives its world a chance to stop it.
    Pass,
    /// Takes the time.
    Measure,
    /// Notes how long it was since the matching `Measure`.
    Measured { label: u32 },
    /// All branches until each is done.
    JoinAll { branches: Vec<Range<u32>> },
    /// All branches until the first is done.
    Select { branches: Vec<Range<u32>> },
}

/// What a step does, with everything looked up.
#[derive(Debug)]
pub(super) enum Act {
    Cpu(Draw),
    Block(Draw),
    Syscall(Draw),
    Sleep(Draw),
    Io(Draw),
    /// `cell` holds the last point of the schedule, 0 before the first.
    Tick {
        period: Nanos,
        cell: u32,
    },
    Send {
        channel: ChannelId,
        count: u32,
    },
    Recv {
        channel: ChannelId,
        count: u32,
    },
    StartRecv {
        channel: ChannelId,
        count: u32,
    },
    FinishRecv {
        channel: ChannelId,
        count: u32,
    },
    Read {
        socket: u16,
        count: u32,
    },
    Spawn {
        kind: KindId,
        count: u32,
    },
    Join,
    Abort,
    Panic,
    YieldNow,
    WakeSelf,
    ForgetWaker,
    SpawnBlocking(Range<u32>),
    BlockingJob(Range<u32>),
    Lock {
        mutex: MutexId,
        body: Range<u32>,
    },
    BlockOn {
        token: ParkToken,
        body: Range<u32>,
    },
    Park,
    /// The body, and what is done if the deadline came first.
    Timeout {
        after: Draw,
        parts: [Range<u32>; 2],
    },
    BlockInPlace(Range<u32>),
}

/// Where a length comes from.
#[derive(Debug)]
pub(super) enum Draw {
    Constant(Nanos),
    /// `cell` counts how often the task did this step. In a box, because a distribution would make every step large.
    Drawn {
        length: Box<Length>,
        cell: u32,
    },
    /// `cell` is where in the list the task is.
    List {
        lengths: Vec<Nanos>,
        cell: u32,
    },
}

impl Code {
    /// Lays a program out.
    pub(super) fn of(program: &[Step]) -> Code {
        let mut code = Code::default();
        let mut later = Vec::new();
        code.main = code.block(program, &mut later);
        // Bodies and branches lie behind the program that needs them; each may need further ones.
        while let Some((at, part, body)) = later.pop() {
            let range = code.block(body, &mut later);
            match (&mut code.ops[at], part) {
                (Op::Do { act: Act::Timeout { parts, .. }, .. }, part) => parts[part] = range,
                (
                    Op::Do {
                        act:
                            Act::SpawnBlocking(hole)
                            | Act::BlockingJob(hole)
                            | Act::BlockInPlace(hole)
                            | Act::BlockOn { body: hole, .. }
                            | Act::Lock { body: hole, .. },
                        ..
                    },
                    _,
                ) => *hole = range,
                (Op::JoinAll { branches } | Op::Select { branches }, part) => branches[part] = range,
                (other, _) => unreachable!("{other:?} has no body of its own"),
            }
        }
        code
    }

    fn block<'a>(&mut self, steps: &'a [Step], later: &mut Vec<(usize, usize, &'a [Step])>) -> Range<u32> {
        let start = self.here();
        self.steps(steps, later);
        start..self.here()
    }

    fn steps<'a>(&mut self, steps: &'a [Step], later: &mut Vec<(usize, usize, &'a [Step])>) {
        for step in steps {
            match &step.does {
                Does::Repeat { times, body } => {
                    let at = self.ops.len();
                    self.ops.push(Op::Repeat { times: *times, end: 0 });
                    let start = self.here();
                    self.body(body, later);
                    self.ops.push(Op::Again { start });
                    self.ops[at] = Op::Repeat { times: *times, end: self.here() };
                }
                Does::Forever(body) => {
                    let to = self.here();
                    self.body(body, later);
                    self.ops.push(Op::Jump { to });
                }
                Does::Measure { label, body } => {
                    self.ops.push(Op::Measure);
                    self.steps(body, later);
                    self.ops.push(Op::Measured { label: *label });
                }
                Does::JoinAll(branches) => {
                    self.later(branches, later);
                    self.ops.push(Op::JoinAll { branches: vec![0..0; branches.len()] });
                }
                Does::Select(branches) => {
                    self.later(branches, later);
                    self.ops.push(Op::Select { branches: vec![0..0; branches.len()] });
                }
                Does::Chance { probability, body, otherwise } => {
                    self.chance((step.id, *probability), body, otherwise, later);
                }
                Does::Timeout { after, body, otherwise } => {
                    later.push((self.ops.len(), 0, body));
                    later.push((self.ops.len(), 1, otherwise));
                    let act = Act::Timeout { after: self.draw(after), parts: [0..0, 0..0] };
                    self.ops.push(Op::Do { step: step.id, act });
                }
                Does::SpawnBlocking(body) => self.whole(step.id, Act::SpawnBlocking(0..0), body, later),
                Does::BlockingJob(body) => self.whole(step.id, Act::BlockingJob(0..0), body, later),
                Does::BlockInPlace(body) => self.whole(step.id, Act::BlockInPlace(0..0), body, later),
                Does::BlockOn { token, body } => {
                    self.parks |= *token == ParkToken::Thread;
                    self.whole(step.id, Act::BlockOn { token: *token, body: 0..0 }, body, later);
                }
                Does::Lock { mutex, body } => {
                    self.whole(step.id, Act::Lock { mutex: *mutex, body: 0..0 }, body, later);
                }
                other => {
                    let act = self.act(other);
                    self.ops.push(Op::Do { step: step.id, act });
                }
            }
        }
    }

    /// A step with a body of its own, which lies behind the program.
    fn whole<'a>(&mut self, step: u32, act: Act, body: &'a [Step], later: &mut Vec<(usize, usize, &'a [Step])>) {
        later.push((self.ops.len(), 0, body));
        self.ops.push(Op::Do { step, act });
    }

    fn chance<'a>(
        &mut self,
        (step, probability): (u32, f64),
        body: &'a [Step],
        otherwise: &'a [Step],
        later: &mut Vec<(usize, usize, &'a [Step])>,
    ) {
        let (at, cell) = (self.ops.len(), self.cell());
        self.ops.push(Op::Chance { step, probability, cell, other: 0 });
        self.steps(body, later);
        let jump = self.ops.len();
        self.ops.push(Op::Jump { to: 0 });
        self.ops[at] = Op::Chance { step, probability, cell, other: self.here() };
        self.steps(otherwise, later);
        self.ops[jump] = Op::Jump { to: self.here() };
    }

    /// The body of a loop. One that may go round without touching the world gets a `Pass`.
    fn body<'a>(&mut self, steps: &'a [Step], later: &mut Vec<(usize, usize, &'a [Step])>) {
        if !steps.iter().any(|step| touches(&step.does)) {
            self.ops.push(Op::Pass);
        }
        self.steps(steps, later);
    }

    fn later<'a>(&self, branches: &'a [Vec<Step>], later: &mut Vec<(usize, usize, &'a [Step])>) {
        for (part, branch) in branches.iter().enumerate() {
            later.push((self.ops.len(), part, branch));
        }
    }

    fn act(&mut self, does: &Does) -> Act {
        match does {
            Does::Cpu(length) => Act::Cpu(self.draw(length)),
            Does::Block(length) => Act::Block(self.draw(length)),
            Does::Syscall(length) => Act::Syscall(self.draw(length)),
            Does::Sleep(length) => Act::Sleep(self.draw(length)),
            Does::Io(length) => Act::Io(self.draw(length)),
            Does::Tick(period) => {
                self.ticks = true;
                Act::Tick { period: *period, cell: self.cell() }
            }
            Does::Send { channel, count } => Act::Send { channel: *channel, count: *count },
            Does::Recv { channel, count } => Act::Recv { channel: *channel, count: *count },
            Does::StartRecv { channel, count } => Act::StartRecv { channel: *channel, count: *count },
            Does::FinishRecv { channel, count } => Act::FinishRecv { channel: *channel, count: *count },
            Does::Read { socket, count } => Act::Read { socket: *socket, count: *count },
            Does::Spawn { kind, count } => Act::Spawn { kind: *kind, count: *count },
            Does::Join => {
                self.joins = true;
                Act::Join
            }
            Does::Abort => {
                self.aborts = true;
                Act::Abort
            }
            Does::Panic => Act::Panic,
            Does::Park => {
                self.parks = true;
                Act::Park
            }
            Does::YieldNow => Act::YieldNow,
            Does::WakeSelf => Act::WakeSelf,
            Does::ForgetWaker => Act::ForgetWaker,
            other => unreachable!("{other:?} is laid out by its caller"),
        }
    }

    fn draw(&mut self, length: &Length) -> Draw {
        match length {
            Length::Constant(length) => Draw::Constant(*length),
            Length::List(lengths) => Draw::List { lengths: lengths.clone(), cell: self.cell() },
            drawn => Draw::Drawn { length: Box::new(drawn.clone()), cell: self.cell() },
        }
    }

    fn cell(&mut self) -> u32 {
        self.cells += 1;
        self.cells - 1
    }

    fn here(&self) -> u32 {
        u32::try_from(self.ops.len()).expect("a program has at most some thousands of steps")
    }
}

/// Whether a step passes at least one leaf whenever it is done.
fn touches(does: &Does) -> bool {
    match does {
        Does::Send { count, .. }
        | Does::Recv { count, .. }
        | Does::StartRecv { count, .. }
        | Does::FinishRecv { count, .. }
        | Does::Read { count, .. }
        | Does::Spawn { count, .. } => *count > 0,
        Does::Join | Does::Abort => false,
        Does::Chance { body, otherwise, .. } => {
            [body, otherwise].into_iter().all(|steps| steps.iter().any(|step| touches(&step.does)))
        }
        Does::Repeat { times, body } => *times > 0 && body.iter().any(|step| touches(&step.does)),
        Does::Forever(_) => true,
        Does::Measure { body, .. } => body.iter().any(|step| touches(&step.does)),
        Does::JoinAll(branches) => branches.iter().flatten().any(|step| touches(&step.does)),
        Does::Select(branches) => {
            !branches.is_empty() && branches.iter().all(|branch| branch.iter().any(|step| touches(&step.does)))
        }
        _ => true,
    }
}
