//! What the tests of the threaded runtime share.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![expect(clippy::disallowed_methods, reason = "these tests have threads, as a guard against hanging")]

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use dandori::id::KindId;
use dandori::policy::spec::Feature;
use dandori::policy::{Args, Params, Policy, Registry};
use dandori::runtime::Runnable;
use dandori::runtime::{Builder, Runtime};
use dandori::task::Env;
use dandori::trace::{Event, Record};

/// A guard against hanging, not a measure: far above everything that these tests take.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A policy with some parameters set.
pub fn policy(name: &str, params: &[(&str, u64)]) -> Box<dyn Policy<Runnable>> {
    let registry = Registry::standard();
    let found = registry.get(name).unwrap_or_else(|| panic!("no policy {name}"));
    let values = params.iter().map(|&(name, value)| (name.to_owned(), value.into())).collect();
    found.threaded(&Args { spec: &found.spec, params: &Params(values), cpus: 2, seed: 1 })
}

/// A running runtime under a policy of that name.
pub fn running(name: &str, workers: usize) -> Runtime {
    Builder::new().policy(name).workers(workers).build().unwrap()
}

/// The names of all policies that run programs.
pub fn programs() -> Vec<&'static str> {
    let registry = Registry::standard();
    let runs = |refusals: &[dandori::policy::spec::Refusal]| !refusals.iter().any(|r| r.feature == Feature::Spawn);
    registry.iter().map(|policy| &policy.spec).filter(|spec| runs(spec.refuses)).map(|spec| spec.name).collect()
}

/// What makes a runtime under a policy of that name, with so many workers if that can be chosen.
pub fn builder(name: &str, workers: usize) -> Builder {
    let registry = Registry::standard();
    let spec = &registry.get(name).unwrap_or_else(|| panic!("no policy {name}")).spec;
    let builder = Builder::new().policy(name);
    if spec.params.iter().any(|param| param.name == "workers") { builder.workers(workers) } else { builder }
}

/// Calls `body` under every policy that runs programs, with one and with two workers, on a thread of its own, so that a
/// hang fails.
pub fn everywhere(body: impl Fn(&Runtime) + Send + Sync + Clone + 'static) {
    under(&programs(), body);
}

/// The same under some policies.
pub fn under(policies: &[&str], body: impl Fn(&Runtime) + Send + Sync + Clone + 'static) {
    for &name in policies {
        for workers in [1, 2] {
            let (body, builder) = (body.clone(), builder(name, workers));
            patiently(&format!("under {name} with {workers} workers"), move || body(&builder.build().unwrap()));
        }
    }
}

/// Does it on a thread of its own; a panic or a hang fails with that name.
pub fn patiently(name: &str, does: impl FnOnce() + Send + 'static) {
    let (done, wait) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        does();
        done.send(()).unwrap();
    });
    match wait.recv_timeout(PATIENCE) {
        Ok(()) => thread.join().unwrap(),
        Err(mpsc::RecvTimeoutError::Disconnected) => panic!("failed {name}"),
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("hangs {name}"),
    }
}

/// Blocks on a future as an executor does that knows nothing of this runtime.
pub fn elsewhere<F: Future>(future: F) -> F::Output {
    struct Unparks(std::thread::Thread);
    impl Wake for Unparks {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unparks(std::thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        std::thread::park();
    }
}

/// A recording runtime whose threads do not run yet.
pub fn build(name: &str, params: &[(&str, u64)]) -> Runtime {
    Builder::new().policy_value(policy(name, params)).trace(1_000_000).build_stopped().unwrap()
}

/// Launches a root task.
pub fn arrive<F>(runtime: &Runtime, number: u64, program: impl FnOnce(Env) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let key = dandori::rng::Key::named("arrival").child(number);
    Env::arrive(runtime.host(), KindId(0), key, None, None, program);
}

/// A root task, and a receiver that hears of its end, however it ends.
pub fn watched<F>(runtime: &Runtime, number: u64, program: impl FnOnce(Env) -> F) -> mpsc::Receiver<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel();
    arrive(runtime, number, move |env| {
        let future = program(env);
        async move {
            let _sender = sender;
            future.await;
        }
    });
    receiver
}

/// Waits for the end of a watched task.
pub fn wait(receiver: &mpsc::Receiver<()>) {
    assert_eq!(receiver.recv_timeout(PATIENCE), Err(mpsc::RecvTimeoutError::Disconnected), "the task did not end");
}

/// Ends the runtime and gives what it recorded.
pub fn records(runtime: &Runtime) -> Vec<Record> {
    runtime.shut_down();
    let (trace, dropped) = runtime.trace();
    assert_eq!(dropped, 0);
    trace.iter().collect()
}

/// What happened to tasks, in short: `t0 spawn`, `t0 poll`, `t0 ready`.
pub fn of_tasks(records: &[Record]) -> Vec<String> {
    let line = |record: &Record| {
        let text = match record.event {
            Event::Spawn { parent: None, job: false, .. } => "spawn".to_owned(),
            Event::Spawn { parent: Some(parent), job: false, .. } => format!("spawn by {parent}"),
            Event::Spawn { .. } => "job".to_owned(),
            Event::Wake { cause, by: None, .. } => format!("wake {cause:?}"),
            Event::Wake { cause, by: Some(by), .. } => format!("wake {cause:?} by {by}"),
            Event::PollStart { .. } => "poll".to_owned(),
            Event::PollEnd { end, .. } => format!("{end:?}").to_lowercase(),
            Event::StretchStart { what, .. } => format!("{what:?} starts"),
            Event::StretchEnd { what, .. } => format!("{what:?} ends"),
            Event::Send { .. } => "send".to_owned(),
            Event::Recv { .. } => "recv".to_owned(),
            Event::Timer { .. } => "timer".to_owned(),
            Event::Due { .. } => "due".to_owned(),
            Event::ForcedYield { .. } => "forced yield".to_owned(),
            _ => return None,
        };
        Some(format!("{} {text}", record.event.task()?))
    };
    records.iter().filter_map(line).collect()
}

/// Shows the first difference.
pub fn check(found: &[String], expected: &str) {
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(found, expected);
}
