//! Workers that a monitor takes from threads in the middle of a poll, on real threads: by the order of events, and by
//! tasks that can only end if somebody else runs.

#![expect(clippy::disallowed_methods, reason = "these tests block threads on purpose")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;

use crate::common::random::{Shape, scenario};
use crate::real_common::{PATIENCE, build, records, wait, watched};
use dandori::id::{ChannelId, ThreadId};
use dandori::policy::Registry;
use dandori::runtime::{self, Options};
use dandori::scenario::Costs;
use dandori::task::{Channel, Env};
use dandori::time::{Nanos, Time};
use dandori::trace::{Event, Record, Release, Role, laws};

/// Policies with a monitor, with the parameters under which it looks soon.
const MONITORED: [(&str, &[(&str, u64)]); 3] = [
    ("go", &[("workers", 1), ("sysmon_max", 1_000_000), ("force_preempt", 1_000_000)]),
    ("async-std-monitor", &[("workers", 1), ("monitor_max", 1_000_000)]),
    ("dandori", &[("workers", 1)]),
];

fn retaken(records: &[Record]) -> Vec<(ThreadId, Time)> {
    let picked = records.iter().filter_map(|record| match record.event {
        Event::Retake { target, .. } => Some((target, record.at)),
        _ => None,
    });
    picked.collect()
}

fn lawful(runtime: &dandori::runtime::Runtime) -> Vec<Record> {
    let records = records(runtime);
    let trace = records.iter().copied().collect();
    let mut report = laws::check_trace(&trace, dandori::trace::recording::Origin::Real);
    // The end of a runtime is not the end of a run.
    report.violations.retain(|violation| violation.law != "end");
    assert!(report.violations.is_empty(), "{report}");
    records
}

/// One worker, and a task that blocks it until another task has run.
#[test]
fn the_worker_of_a_stuck_thread_runs_elsewhere_and_the_orphans_wakes_are_not_lost() {
    for (name, params) in MONITORED {
        let runtime = build(name, params);
        let gate = Arc::new(Channel::new(ChannelId(0), None, 0));
        let (tell, told) = mpsc::channel::<()>();
        let opens = gate.clone();
        let stuck = watched(&runtime, 0, |env: Env| async move {
            told.recv_timeout(PATIENCE).expect("the other task runs meanwhile");
            opens.send(&env).await;
        });
        let other = watched(&runtime, 1, |env: Env| async move {
            tell.send(()).unwrap();
            gate.recv(&env).await;
        });
        runtime.start().unwrap();
        wait(&stuck);
        wait(&other);
        let records = lawful(&runtime);
        let (thread, at) = *retaken(&records).first().unwrap_or_else(|| panic!("{name}: nobody took the worker"));
        let polls = |task: u32| {
            let starts = |r: &&Record| matches!(r.event, Event::PollStart { task: t, .. } if t.0 == task);
            records.iter().filter(starts).map(|r| (r.thread, r.at)).collect::<Vec<_>>()
        };
        assert_eq!(polls(0)[0].0, Some(thread), "{name}: it was taken from the thread that was stuck");
        let (elsewhere, began) = polls(1)[0];
        assert!(elsewhere != Some(thread) && began >= at, "{name}: the other task ran on another thread, later");
        let sent = records.iter().find(|r| matches!(r.event, Event::Send { .. })).expect("it was sent");
        assert_eq!((sent.thread, sent.worker), (Some(thread), None), "{name}: the poll went on as an orphan");
    }
}

/// Every poll takes longer than a look of the monitor, and tasks wake each other in the middle of it.
#[test]
fn orphans_that_wake_each_other_lose_nothing() {
    for (name, params) in MONITORED {
        let runtime = build(name, params);
        let ends: Vec<_> = (0..8u64)
            .map(|number| {
                watched(&runtime, number, move |env: Env| async move {
                    let channel = Arc::new(Channel::new(ChannelId(0), None, 0));
                    for round in 0..6u64 {
                        let inbox = channel.clone();
                        let child = env.spawn(dandori::id::KindId(0), None, |env: Env| async move {
                            inbox.recv(&env).await;
                        });
                        // Blocks without a word, as a stuck thread does.
                        std::thread::sleep(std::time::Duration::from_micros(900 * ((number + round) % 4)));
                        channel.send(&env).await;
                        child.await;
                    }
                })
            })
            .collect();
        runtime.start().unwrap();
        ends.iter().for_each(wait);
        lawful(&runtime);
    }
}

#[test]
fn the_threads_of_stuck_tasks_are_bounded_and_the_rest_waits() {
    for (name, params) in MONITORED {
        let mut params = params.to_vec();
        // Of the second kind besides one per worker.
        params.push(if name == "dandori" { ("max_blocking_threads", 3) } else { ("max_threads", 4) });
        let runtime = build(name, &params);
        let (running, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let ends: Vec<_> = (0..12u64)
            .map(|number| {
                let (running, most) = (running.clone(), most.clone());
                watched(&runtime, number, move |_| async move {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(std::time::Duration::from_millis(20));
                    running.fetch_sub(1, Ordering::SeqCst);
                })
            })
            .collect();
        runtime.start().unwrap();
        ends.iter().for_each(wait);
        let records = lawful(&runtime);
        // How many are alive at a time: the pool's threads end and start.
        let (mut alive, mut peak) = (BTreeSet::new(), 0);
        for record in &records {
            match record.event {
                Event::ThreadStart { thread, role: Role::Worker | Role::Pool } => {
                    alive.insert(thread);
                }
                Event::ThreadEnd => drop(record.thread.map(|thread| alive.remove(&thread))),
                _ => {}
            }
            peak = peak.max(alive.len());
        }
        assert!(peak <= 4, "{name}: {peak} threads");
        assert!((2..=4).contains(&most.load(Ordering::SeqCst)), "{name}: {} at once", most.load(Ordering::SeqCst));
    }
}

#[test]
fn a_task_back_from_an_announced_call_takes_a_worker_if_one_is_free_and_goes_on_without_one_if_not() {
    let runtime = build("go", &[("workers", 2)]);
    let (tell, told) = mpsc::channel::<()>();
    let calls = watched(&runtime, 0, |env: Env| async move {
        while told.try_recv().is_err() {
            env.syscall(Nanos::from_millis(30)).await;
        }
        env.cpu(Nanos::from_micros(1)).await;
    });
    runtime.start().unwrap();
    // With an idle P beside it, the monitor takes its time.
    while !runtime.trace().0.iter().any(|record| matches!(record.event, Event::Retake { .. })) {
        std::thread::yield_now();
    }
    tell.send(()).unwrap();
    wait(&calls);
    let records = lawful(&runtime);
    let (thread, at) = retaken(&records)[0];
    let taken =
        records.iter().find(|r| matches!(r.event, Event::Release { why: Release::Retaken, .. })).expect("recorded");
    assert!(taken.thread.is_some_and(|monitor| monitor != thread), "the monitor says so, on its own thread");
    let again =
        records.iter().find(|r| r.at > at && r.thread == Some(thread) && matches!(r.event, Event::Acquire { .. }));
    let computes = records.iter().rfind(|r| matches!(r.event, Event::StretchStart { .. })).expect("it computes");
    // Whether a P without a thread is left when the call returns, the machine decides.
    match again {
        Some(again) => assert!(computes.at >= again.at && computes.worker.is_some(), "{computes:?}"),
        None => assert_eq!((computes.thread, computes.worker), (Some(thread), None), "an orphan"),
    }
}

#[test]
fn a_runtime_whose_workers_are_all_stuck_ends() {
    for (name, params) in MONITORED {
        let runtime = build(name, params);
        let (begin, begun) = mpsc::channel::<()>();
        for number in 0..4u64 {
            let begin = begin.clone();
            drop(watched(&runtime, number, move |env: Env| async move {
                begin.send(()).unwrap();
                env.block(Nanos::from_secs(3_000)).await;
                env.sleep(Nanos::from_secs(3_000)).await;
            }));
        }
        runtime.start().unwrap();
        for _ in 0..4 {
            begun.recv_timeout(PATIENCE).expect("all four run, one after the other, though each blocks its thread");
        }
        runtime.shut_down();
    }
}

#[test]
fn random_programs_keep_the_laws_while_the_monitor_takes_what_it_can() {
    let registry = Registry::standard();
    for (policy, eager) in [("go", ("force_preempt", 100_000)), ("async-std-monitor", ("monitor_max", 100_000))] {
        let mut taken = 0;
        for number in 0..200 {
            let min = if policy == "go" { ("sysmon_max", 100_000) } else { ("monitor_min", 100_000) };
            let params = [("workers", 1 + number % 4), eager, min];
            let shape = Shape { policy, params: &params, unit: 20_000, alone: false, costs: Costs::IDEAL };
            let mut scenario = scenario(number, &shape);
            scenario.limits.end = Time(10_000_000);
            let recording = runtime::run(&scenario, &registry, &Options::default()).expect("a known policy");
            assert_eq!(recording.meta.dropped, 0);
            let report = laws::check(&recording);
            assert!(report.is_clean(), "program {number} under {policy}:\n{report}");
            taken += recording.trace.iter().filter(|r| matches!(r.event, Event::Retake { .. })).count();
        }
        assert!(taken > 20, "{policy}: the monitor took {taken} workers in all: is it eager?");
    }
}
