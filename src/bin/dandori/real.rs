//! `dandori real S`: on threads of this machine. What was recorded is written and printed also when the run is
//! interrupted (Ctrl-C, SIGTERM) or a thread of the runtime panics.

use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::mpsc::{self, SyncSender};
use std::thread;
use std::time::Duration;

use dandori::policy::Registry;
use dandori::runtime::{self, Options, Tap};
use dandori::scenario::Scenario;
use dandori::trace::{Ended, Event, PollEnd, Record, Recording};

use crate::input::{Source, both};
use crate::summary::Summary;
use crate::{Failure, output, progress};

/// Exit status after an interruption: 128 and the number of SIGINT.
const INTERRUPTED: i32 = 130;
/// How long a dying thread waits until what was recorded is written.
const RESCUE: Duration = Duration::from_secs(10);

/// Arguments.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    source: Source,
    /// Run it under another policy than its own.
    #[arg(long)]
    policy: Option<String>,
    /// Also write the events, as JSON Lines.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Runs and prints.
pub fn run(args: &Args) -> Result<(), Failure> {
    let registry = Registry::standard();
    let scenario = both(args.source.scenario(args.policy.as_deref(), &registry), output::check(args.out.as_deref()))?;
    let tap = Tap::default();
    let deliver = {
        let (out, json) = (args.out.clone(), args.json);
        move |recording: &Recording| -> Result<(), Failure> {
            if let Some(path) = &out {
                output::recording(recording, Some(path))?;
            }
            output::print(&Summary::of(recording), json)
        }
    };
    watch_signals(tap.clone(), deliver.clone())?;
    let clock = progress::clock(format!("{} on threads, {} at most", scenario.name, scenario.limits.end));
    let result = guarded(&scenario, &registry, tap, deliver.clone());
    clock.finish_and_clear();
    deliver(&result?)
}

/// Runs; when a thread of the runtime panics, what was recorded until then is delivered before it is dropped.
fn guarded(
    scenario: &Scenario,
    registry: &Registry,
    tap: Tap,
    deliver: impl Fn(&Recording) -> Result<(), Failure> + Send + 'static,
) -> Result<Recording, Failure> {
    rescue_on_panic(tap.clone(), deliver);
    let options = Options { tap, ..Options::default() };
    match panic::catch_unwind(AssertUnwindSafe(|| runtime::run(scenario, registry, &options))) {
        Ok(recording) => Ok(recording?),
        // The hook has said why and has delivered what there was.
        Err(_) => Err(Failure::Failed("the run panicked; what it had recorded until then is above".to_owned())),
    }
}

/// On the first signal: writes what was recorded and ends the process.
fn watch_signals(
    tap: Tap,
    deliver: impl Fn(&Recording) -> Result<(), Failure> + Send + 'static,
) -> Result<(), Failure> {
    ctrlc::set_handler(move || {
        match tap.recording() {
            Some(recording) => rescue(recording, &deliver),
            None => eprintln!("dandori: interrupted before anything was recorded"),
        }
        std::process::exit(INTERRUPTED);
    })
    .map_err(|error| Failure::Failed(format!("cannot watch for signals: {error}")))
}

/// On the first panic: holds the dying thread until another one has written what was recorded. Another one, because
/// the dying thread may hold a lock of the recorder; then nothing can be written, and the wait ends by itself.
fn rescue_on_panic(tap: Tap, deliver: impl Fn(&Recording) -> Result<(), Failure> + Send + 'static) {
    let (ask, asked) = mpsc::sync_channel::<SyncSender<()>>(0);
    thread::spawn(move || {
        if let Ok(done) = asked.recv() {
            if let Some(recording) = tap.recording() {
                rescue(recording, &deliver);
            }
            let _ = done.send(());
        }
    });
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        before(info);
        let (done, wait) = mpsc::sync_channel(1);
        if ask.try_send(done).is_ok() {
            let _ = wait.recv_timeout(RESCUE);
        }
    }));
}

fn rescue(recording: Recording, deliver: &impl Fn(&Recording) -> Result<(), Failure>) {
    match deliver(&cut_short(recording)) {
        Ok(()) => {}
        Err(Failure::Failed(message)) => eprintln!("dandori: {message}"),
        Err(Failure::Wrong(problems)) => output::problems(&problems, false),
    }
}

/// A recording of a run that did not end, with an end.
fn cut_short(mut recording: Recording) -> Recording {
    let is_over = |record: Record| matches!(record.event, Event::RunEnd { .. });
    if recording.trace.iter().next_back().is_some_and(is_over) {
        return recording;
    }
    let mut left: u32 = 0;
    let mut at = recording.meta.end;
    for record in recording.trace.iter() {
        at = at.max(record.at);
        match record.event {
            Event::Spawn { .. } => left += 1,
            Event::PollEnd { end: PollEnd::Ready | PollEnd::Panicked, .. } | Event::Cancel { .. } => {
                left = left.saturating_sub(1);
            }
            _ => {}
        }
    }
    recording.meta.end = at;
    recording.trace.push(Record {
        at,
        thread: None,
        worker: None,
        event: Event::RunEnd { why: Ended::Cancelled, left },
    });
    recording
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use dandori::id::{ThreadId, WorkerId};
    use dandori::policy::global_queue::GlobalQueue;
    use dandori::policy::{Args, Control, Design, Entry, Origin, Policy, PoolView, Shape, Spec, Step, Worker};
    use dandori::scenario::library;
    use dandori::trace::{Line, Release, laws};

    use super::*;

    /// The global queue with a bug: a worker panics after some steps.
    struct Fragile;

    impl Design for Fragile {
        fn spec() -> Spec {
            Spec { name: "fragile", ..GlobalQueue::spec() }
        }
        fn build<E: Entry>(args: &Args<'_>) -> Box<dyn Policy<E>> {
            Box::new(Inner(GlobalQueue::build::<E>(args)))
        }
    }

    struct Inner<E: Entry>(Box<dyn Policy<E>>);

    struct Bomb<E: Entry>(Box<dyn Worker<E>>, u32);

    impl<E: Entry> Policy<E> for Inner<E> {
        fn line(&self, from: Origin, has_worker: bool) -> Option<Line> {
            self.0.line(from, has_worker)
        }
        fn inject(&self, entry: E, from: Origin, ctl: &mut Control<'_, E>) {
            self.0.inject(entry, from, ctl);
        }
        fn claim(&self, id: ThreadId, had: Option<WorkerId>, ctl: &mut Control<'_, E>) -> Option<Box<dyn Worker<E>>> {
            Some(Box::new(Bomb(self.0.claim(id, had, ctl)?, 20)))
        }
        fn release(&self, worker: Box<dyn Worker<E>>, why: Release, ctl: &mut Control<'_, E>) {
            self.0.release(worker, why, ctl);
        }
        fn grow(&self, pool: PoolView) -> u32 {
            self.0.grow(pool)
        }
        fn shape(&self) -> Shape {
            self.0.shape()
        }
        fn drain(&self) -> Vec<E> {
            self.0.drain()
        }
    }

    impl<E: Entry> Worker<E> for Bomb<E> {
        fn id(&self) -> WorkerId {
            self.0.id()
        }
        fn wake(&mut self, entry: E, from: Origin, ctl: &mut Control<'_, E>) {
            self.0.wake(entry, from, ctl);
        }
        fn step(&mut self, ctl: &mut Control<'_, E>) -> Step<E> {
            self.1 = self.1.checked_sub(1).expect("the bug of this test");
            self.0.step(ctl)
        }
        fn polled(&mut self, end: PollEnd, budget_left: u32, ctl: &mut Control<'_, E>) {
            self.0.polled(end, budget_left, ctl);
        }
        fn unparked(&mut self, driver: Option<u32>, ctl: &mut Control<'_, E>) {
            self.0.unparked(driver, ctl);
        }
        fn drain(&mut self) -> Vec<E> {
            self.0.drain()
        }
    }

    #[test]
    fn a_panic_of_the_runtime_delivers_what_was_recorded() {
        let registry = Registry::standard().with::<Fragile>();
        let scenario = library::get("yield-many").expect("in the library").under("fragile", &registry).expect("valid");
        let delivered = Arc::new(Mutex::new(Vec::new()));
        let to = delivered.clone();
        let result = guarded(&scenario, &registry, Tap::default(), move |recording| {
            to.lock().unwrap().push(recording.clone());
            Ok(())
        });
        assert!(matches!(result, Err(Failure::Failed(message)) if message.contains("panicked")));
        let delivered = delivered.lock().unwrap();
        assert_eq!(delivered.len(), 1, "once");
        assert!(delivered[0].trace.len() > 20);
        let report = laws::check(&delivered[0]);
        assert!(report.is_clean(), "{report}");
    }
}
