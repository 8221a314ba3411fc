//! `dandori real S`: on threads of this machine. What was recorded is written and printed also when the run is
//! interrupted (Ctrl-C, SIGTERM) or a thread of the runtime panics.

use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::mpsc::{self, SyncSender};
use std::thread;
use std::time::Duration;

use dandori::policy::Registry;
use dandori::runtime::{self, Options, Tap};
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
    rescue_on_panic(tap.clone(), deliver.clone());
    let clock = progress::clock(format!("{} on threads, {} at most", scenario.name, scenario.limits.end));
    let options = Options { tap, ..Options::default() };
    let result = panic::catch_unwind(AssertUnwindSafe(|| runtime::run(&scenario, &registry, &options)));
    clock.finish_and_clear();
    match result {
        Ok(recording) => deliver(&recording?),
        // The hook has said why and has written what there was.
        Err(_) => Err(Failure::Failed("the run panicked; what it had recorded until then was kept".to_owned())),
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
