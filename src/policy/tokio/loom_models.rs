//! Models of the sleeping protocol, run by loom through every order in which threads can meet:
//! `RUSTFLAGS="--cfg loom" cargo test --release --lib loom`.
//!
//! Under test is the policy itself, with the parts of `parts`; only the ring is a double. A worker thread runs its
//! steps until it polls (that poll then never ends) or sleeps without a token. Afterwards, sleepers with a token go on.
//! A model holds if every task is polled by then. Each model is shown to bite by a mutant: a rule broken on purpose, with
//! which it must fail.

use std::cell::Cell;

use loom::thread;

use super::{MultiThread, SPEC};
use crate::id::{KindId, TaskId, ThreadId, WorkerId};
use crate::policy::spec::{Args, Params};
use crate::policy::{Control, Op, Origin, Policy, Step, ThreadView, Ticket, Worker, World};
use crate::sync::{Arc, AtomicBool, Ordering};
use crate::time::Time;

/// A rule broken on purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mutant {
    /// None.
    Sound,
    /// The last searcher sleeps without looking again.
    NoRescan,
    /// The last searcher looks again before it stops being one, not after.
    RescanFirst,
    /// A push reads the counts by a plain load.
    PlainLoad,
    /// The last searcher that finds work wakes nobody.
    NoChain,
    /// A worker that is given away gets its thread before it lies where that thread looks.
    StartFirst,
}

impl Mutant {
    /// What the last look of the last searcher finds; `before`: what the same look found before it went to sleep.
    pub(super) fn rescan(self, found: bool, before: bool) -> bool {
        match self {
            Mutant::NoRescan => false,
            Mutant::RescanFirst => before,
            _ => found,
        }
    }
}

thread_local! {
    static MUTANT: Cell<Mutant> = const { Cell::new(Mutant::Sound) };
}

/// The mutant that policies are built with on this thread.
pub(super) fn mutant() -> Mutant {
    MUTANT.get()
}

/// One token per worker, set by `unpark`, consumed by the park.
struct Tokens(Arc<Vec<AtomicBool>>);

impl World<Ticket> for Tokens {
    fn now(&mut self) -> Time {
        Time::ZERO
    }
    fn deferred(&self) -> usize {
        0
    }
    fn unpark(&mut self, worker: WorkerId) {
        // A swap, as in a real parker: a plain store would not be ordered against the swap of the park.
        self.0[worker.index()].swap(true, Ordering::SeqCst);
    }
    fn start(&mut self, worker: WorkerId) {
        panic!("no model starts a thread for {worker}");
    }
    fn retake(&mut self, _seen: &ThreadView) -> Option<Box<dyn Worker<Ticket>>> {
        None
    }
    fn preempt(&mut self, _seen: &ThreadView) -> bool {
        false
    }
    fn pay(&mut self, _op: Op) {}
}

fn ticket(task: u32) -> Ticket {
    Ticket { task: TaskId(task), kind: KindId(0), deadline: Time::MAX }
}

/// A policy with its workers' tokens. Threads clone what they need.
#[derive(Clone)]
struct Model {
    policy: Arc<MultiThread<Ticket>>,
    tokens: Arc<Vec<AtomicBool>>,
}

/// A worker in the hands of a thread.
struct Held {
    worker: Box<dyn Worker<Ticket>>,
    /// The task that it polls, for ever.
    polls: Option<u32>,
}

impl Model {
    fn new(workers: u16, mutant: Mutant) -> Model {
        MUTANT.set(mutant);
        let params = Params(
            [("local_queue_capacity", "4".into()), ("global_queue_interval", 61.into())]
                .map(|(name, value): (&str, serde_json::Value)| (name.to_owned(), value))
                .into(),
        );
        let args = Args { spec: &SPEC, params: &params, cpus: workers, seed: 1 };
        let tokens = (0..workers).map(|_| AtomicBool::new(false)).collect();
        Model { policy: Arc::new(MultiThread::new(&args)), tokens: Arc::new(tokens) }
    }

    fn with<R>(&self, line: Option<crate::trace::Line>, act: impl FnOnce(&mut Control<'_, Ticket>) -> R) -> R {
        act(&mut Control::new(None, &mut Tokens(self.tokens.clone()), line))
    }

    fn claim(&self, worker: u16) -> Held {
        let claimed = self.with(None, |ctl| self.policy.claim(ThreadId(worker), Some(WorkerId(worker)), ctl));
        Held { worker: claimed.expect("it is on the bench"), polls: None }
    }

    fn inject(&self, task: u32) {
        self.with(None, |ctl| self.policy.inject(ticket(task), Origin::Outside, ctl));
    }

    fn wake(&self, held: &mut Held, task: u32, from: Origin) {
        self.with(None, |ctl| held.worker.wake(ticket(task), from, ctl));
    }

    /// Steps until the worker polls or sleeps.
    fn work(&self, held: &mut Held) {
        let mut line = None;
        while held.polls.is_none() {
            match self.with(line.take(), |ctl| held.worker.step(ctl)) {
                Step::Run(entry, _) => held.polls = Some(entry.task.0),
                Step::Look(asked) | Step::Try(asked) => line = Some(asked),
                Step::Park(_) => {
                    if !self.tokens[held.worker.id().index()].swap(false, Ordering::SeqCst) {
                        return;
                    }
                    self.with(None, |ctl| held.worker.unparked(None, ctl));
                }
                other => panic!("no model needs {other:?}"),
            }
        }
    }

    /// Sleepers whose token came later go on; in the end every task must be polled by somebody.
    fn settle(&self, mut workers: Vec<Held>, tasks: &[u32]) {
        for _ in 0..workers.len() {
            for held in &mut workers {
                let id = held.worker.id().index();
                if held.polls.is_none() && self.tokens[id].swap(false, Ordering::SeqCst) {
                    self.with(None, |ctl| held.worker.unparked(None, ctl));
                    self.work(held);
                }
            }
        }
        let mut polled: Vec<u32> = workers.iter().filter_map(|held| held.polls).collect();
        polled.sort_unstable();
        assert_eq!(polled, tasks, "lost wake-up: a task waits and nobody will come");
    }
}

/// The only worker finds nothing and goes to sleep while a task is pushed from outside.
fn push_from_outside_against_the_last_searcher(mutant: Mutant) {
    loom::model(move || {
        let model = Model::new(1, mutant);
        let mut worker = model.claim(0);
        let outside = model.clone();
        let pusher = thread::spawn(move || outside.inject(7));
        model.work(&mut worker);
        pusher.join().expect("the pusher ends");
        model.settle(vec![worker], &[7]);
    });
}

/// One worker searches and goes to sleep while the other one, in the middle of a poll, fills its ring.
fn push_to_a_ring_against_the_last_searcher(mutant: Mutant) {
    loom::model(move || {
        let model = Model::new(2, mutant);
        let mut busy = model.claim(1);
        model.inject(1);
        model.work(&mut busy);
        let mut searcher = model.claim(0);
        let other = model.clone();
        let pusher = thread::spawn(move || {
            other.wake(&mut busy, 7, Origin::SelfWake);
            busy
        });
        model.work(&mut searcher);
        let busy = pusher.join().expect("the pusher ends");
        model.settle(vec![searcher, busy], &[1, 7]);
    });
}

/// One worker sleeps, the other one searches while two tasks are pushed: it can run only one of them.
fn two_pushes_against_a_searcher(mutant: Mutant) {
    // All orders with up to three preemptions: without a bound this model takes minutes.
    let mut bounded = loom::model::Builder::new();
    bounded.preemption_bound = Some(3);
    bounded.check(move || {
        let model = Model::new(2, mutant);
        let mut sleeper = model.claim(1);
        model.work(&mut sleeper);
        assert!(sleeper.polls.is_none());
        let mut searcher = model.claim(0);
        let first = model.with(None, |ctl| searcher.worker.step(ctl));
        assert!(matches!(first, Step::Try(_)), "it searches: {first:?}");
        let outside = model.clone();
        let pusher = thread::spawn(move || {
            outside.inject(7);
            outside.inject(8);
        });
        model.work(&mut searcher);
        pusher.join().expect("the pusher ends");
        model.settle(vec![searcher, sleeper], &[7, 8]);
    });
}

/// A world whose one act is to start a thread, which claims the worker.
struct Starts {
    model: Model,
    started: Option<thread::JoinHandle<Option<Held>>>,
}

impl World<Ticket> for Starts {
    fn now(&mut self) -> Time {
        Time::ZERO
    }
    fn deferred(&self) -> usize {
        0
    }
    fn unpark(&mut self, _worker: WorkerId) {}
    fn start(&mut self, worker: WorkerId) {
        let model = self.model.clone();
        self.started = Some(thread::spawn(move || model.take_over(1, worker)));
    }
    fn retake(&mut self, _seen: &ThreadView) -> Option<Box<dyn Worker<Ticket>>> {
        None
    }
    fn preempt(&mut self, _seen: &ThreadView) -> bool {
        false
    }
    fn pay(&mut self, _op: Op) {}
}

impl Model {
    /// A thread asks for a worker that was given away, and works if it gets it.
    fn take_over(&self, number: u16, worker: WorkerId) -> Option<Held> {
        let claimed = self.with(None, |ctl| self.policy.claim(ThreadId(number), Some(worker), ctl))?;
        let mut held = Held { worker: claimed, polls: None };
        self.work(&mut held);
        Some(held)
    }
}

/// A task blocks in place: its worker is given away while a task waits in its queue, and the thread that blocked may come
/// back at any moment.
fn hand_off_against_return(returns: bool, mutant: Mutant) {
    loom::model(move || {
        let model = Model::new(1, mutant);
        let mut blocks = model.claim(0);
        model.inject(1);
        model.work(&mut blocks);
        model.wake(&mut blocks, 7, Origin::SelfWake);
        let mut starts = Starts { model: model.clone(), started: None };
        let ctl = &mut Control::new(None, &mut starts, None);
        model.policy.release(blocks.worker, crate::trace::Release::BlockInPlace, ctl);
        let back = if returns { model.take_over(0, WorkerId(0)) } else { None };
        let other = starts.started.expect("a thread was asked for").join().expect("it ends");
        let holders: Vec<Held> = back.into_iter().chain(other).collect();
        assert_eq!(holders.len(), 1, "a worker is stranded");
        model.settle(holders, &[7]);
    });
}

#[test]
fn loom_who_comes_back_and_who_takes_over_share_one_worker() {
    hand_off_against_return(true, Mutant::Sound);
}

#[test]
fn loom_a_worker_that_is_given_away_is_taken_over() {
    hand_off_against_return(false, Mutant::Sound);
}

#[test]
#[should_panic(expected = "a worker is stranded")]
fn loom_a_thread_that_is_started_too_early_finds_no_worker() {
    hand_off_against_return(false, Mutant::StartFirst);
}

#[test]
fn a_push_from_outside_is_never_lost_to_the_last_searcher() {
    push_from_outside_against_the_last_searcher(Mutant::Sound);
}

#[test]
#[should_panic(expected = "lost wake-up")]
fn without_the_last_look_a_push_from_outside_is_lost() {
    push_from_outside_against_the_last_searcher(Mutant::NoRescan);
}

#[test]
#[should_panic(expected = "lost wake-up")]
fn a_last_look_before_going_to_sleep_comes_too_early() {
    push_from_outside_against_the_last_searcher(Mutant::RescanFirst);
}

#[test]
fn a_push_to_a_ring_is_never_lost_to_the_last_searcher() {
    push_to_a_ring_against_the_last_searcher(Mutant::Sound);
}

#[test]
#[should_panic(expected = "lost wake-up")]
fn without_the_last_look_a_push_to_a_ring_is_lost() {
    push_to_a_ring_against_the_last_searcher(Mutant::NoRescan);
}

#[test]
#[should_panic(expected = "lost wake-up")]
fn with_a_plain_load_a_push_to_a_ring_is_lost() {
    push_to_a_ring_against_the_last_searcher(Mutant::PlainLoad);
}

#[test]
fn two_pushes_reach_two_workers() {
    two_pushes_against_a_searcher(Mutant::Sound);
}

#[test]
#[should_panic(expected = "lost wake-up")]
fn without_the_chain_the_second_of_two_pushes_is_lost() {
    two_pushes_against_a_searcher(Mutant::NoChain);
}
