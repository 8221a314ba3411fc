//! One worker on a real thread: which events a program makes, in which order.

use std::sync::Arc;

use crate::real_common::{arrive, build, check, of_tasks, records, wait, watched};
use dandori::id::{ChannelId, KindId};
use dandori::task::{Channel, Env, join_all};
use dandori::time::Nanos;
use dandori::trace::{Event, PollEnd, Release};

const US: Nanos = Nanos::from_micros(1);

fn one_worker() -> dandori::runtime::Runtime {
    build("global-queue", &[("workers", 1)])
}

#[test]
fn a_child_is_spawned_polled_and_joined() {
    let runtime = one_worker();
    let end = watched(&runtime, 0, |env| async move {
        env.spawn(KindId(1), None, |env| async move { env.cpu(US).await }).await;
    });
    runtime.start().unwrap();
    wait(&end);
    check(
        &of_tasks(&records(&runtime)),
        "t0 spawn
         t0 poll
         t1 spawn by t0
         t0 pending
         t1 poll
         t1 Cpu starts
         t1 Cpu ends
         t1 ready
         t0 wake Join by t1
         t0 poll
         t0 ready",
    );
}

#[test]
fn a_message_wakes_the_one_who_waits_for_it() {
    let runtime = one_worker();
    let channel = Arc::new(Channel::new(ChannelId(0), Some(1), 0));
    let (inbox, outbox) = (channel.clone(), channel);
    let receiver = watched(&runtime, 0, |env: Env| async move { inbox.recv(&env).await });
    let sender = watched(&runtime, 1, |env: Env| async move { outbox.send(&env).await });
    runtime.start().unwrap();
    wait(&receiver);
    wait(&sender);
    check(
        &of_tasks(&records(&runtime)),
        "t0 spawn
         t1 spawn
         t0 poll
         t0 pending
         t1 poll
         t1 send
         t0 wake Task by t1
         t1 ready
         t0 poll
         t0 recv
         t0 ready",
    );
}

#[test]
fn who_wakes_itself_in_its_poll_is_woken_after_its_poll() {
    let runtime = one_worker();
    let end = watched(&runtime, 0, |env: Env| async move {
        env.wake_self().await;
        env.yield_now().await;
    });
    runtime.start().unwrap();
    wait(&end);
    check(
        &of_tasks(&records(&runtime)),
        "t0 spawn
         t0 poll
         t0 rewoken
         t0 wake SelfWake by t0
         t0 poll
         t0 rewoken
         t0 wake Deferred
         t0 poll
         t0 ready",
    );
}

#[test]
fn a_timer_and_io_wake_through_the_driver() {
    let runtime = one_worker();
    let end = watched(&runtime, 0, |env: Env| async move {
        env.sleep(Nanos::from_millis(2)).await;
        env.io(Nanos::from_micros(300)).await;
    });
    runtime.start().unwrap();
    wait(&end);
    let records = records(&runtime);
    check(
        &of_tasks(&records),
        "t0 spawn
         t0 poll
         t0 timer
         t0 pending
         t0 due
         t0 wake Timer
         t0 poll
         t0 timer
         t0 pending
         t0 due
         t0 wake Io
         t0 poll
         t0 ready",
    );
    let due = |record: &&dandori::trace::Record| matches!(record.event, Event::Due { .. });
    assert!(records.iter().filter(due).all(|record| record.thread.is_none()), "deadlines pass outside of all threads");
}

#[test]
fn branches_of_a_join_run_one_after_the_other() {
    let runtime = one_worker();
    let end = watched(&runtime, 0, |env: Env| async move {
        let other = env.clone();
        let slow = Box::pin(async move { env.cpu(US).await });
        let send = Box::pin(async move { Channel::new(ChannelId(0), None, 0).send(&other).await });
        join_all(vec![slow as std::pin::Pin<Box<dyn Future<Output = ()> + Send>>, send]).await;
    });
    runtime.start().unwrap();
    wait(&end);
    check(
        &of_tasks(&records(&runtime)),
        "t0 spawn
         t0 poll
         t0 Cpu starts
         t0 Cpu ends
         t0 send
         t0 ready",
    );
}

#[test]
fn a_job_runs_on_a_thread_of_the_pool_and_wakes_its_parent() {
    let runtime = one_worker();
    let end = watched(&runtime, 0, |env: Env| async move {
        env.spawn_blocking(|env| async move { env.block(US).await }).await;
    });
    runtime.start().unwrap();
    wait(&end);
    let records = records(&runtime);
    // The job may run before or after the end of its parent's poll.
    let of = |task: &str| of_tasks(&records).into_iter().filter(|line| line.starts_with(task)).collect::<Vec<_>>();
    check(
        &of("t1"),
        "t1 job
         t1 poll
         t1 Block starts
         t1 Block ends
         t1 ready",
    );
    let thread_of = |task: u32| {
        let polls =
            |record: &&dandori::trace::Record| matches!(record.event, Event::PollStart { task: t, .. } if t.0 == task);
        records.iter().find(polls).unwrap().thread
    };
    assert_ne!(thread_of(0), thread_of(1), "a job ran on a worker's thread");
}

#[test]
fn block_in_place_gives_the_worker_to_another_thread_and_others_run() {
    let runtime = one_worker();
    let gate = Arc::new(Channel::new(ChannelId(0), None, 0));
    let opens = gate.clone();
    let (tell, told) = std::sync::mpsc::channel::<()>();
    let blocked = watched(&runtime, 0, |env: Env| async move {
        // Blocks until the other task has run: with one worker only if that worker went elsewhere.
        env.block_in_place(async move { told.recv_timeout(crate::real_common::PATIENCE).unwrap() }).await;
        opens.send(&env).await;
    });
    let other = watched(&runtime, 1, |env: Env| async move {
        tell.send(()).unwrap();
        gate.recv(&env).await;
    });
    runtime.start().unwrap();
    wait(&blocked);
    wait(&other);
    let records = records(&runtime);
    let threads: std::collections::BTreeSet<_> = records
        .iter()
        .filter(|record| matches!(record.event, Event::Acquire { .. }))
        .map(|record| record.thread)
        .collect();
    assert!(threads.len() >= 2, "the worker stayed on its thread: {threads:?}");
    let released = |why| records.iter().any(|record| matches!(record.event, Event::Release { why: w, .. } if w == why));
    assert!(released(Release::BlockInPlace));
    // The orphan's send went through the shared queue and woke the other task.
    let lines = of_tasks(&records);
    assert!(lines.contains(&"t0 send".to_owned()) && lines.contains(&"t1 recv".to_owned()), "{lines:#?}");
}

/// What yielded on a thread would wait for the thread to come back.
#[test]
fn tasks_that_yielded_are_woken_before_the_worker_is_given_away() {
    let runtime = build("tokio", &[("workers", 1)]);
    let (tell, told) = std::sync::mpsc::channel::<()>();
    let yields = watched(&runtime, 0, |env: Env| async move {
        env.yield_now().await;
        tell.send(()).unwrap();
    });
    let blocks = watched(&runtime, 1, |env: Env| async move {
        env.block_in_place(
            async move { told.recv_timeout(crate::real_common::PATIENCE).expect("the other task runs") },
        )
        .await;
    });
    runtime.start().unwrap();
    wait(&yields);
    wait(&blocks);
    let lines = of_tasks(&records(&runtime));
    let at = |text: &str| lines.iter().position(|line| line == text).unwrap_or_else(|| panic!("no {text}: {lines:#?}"));
    assert!(at("t1 Leave starts") < at("t0 wake Deferred") && at("t0 wake Deferred") < at("t1 Leave ends"));
}

#[test]
fn a_panic_stays_in_its_task() {
    let runtime = one_worker();
    let panics = watched(&runtime, 0, |env: Env| async move {
        env.cpu(US).await;
        panic!("on purpose");
    });
    let other = watched(&runtime, 1, |env: Env| async move { env.cpu(US).await });
    runtime.start().unwrap();
    wait(&panics);
    wait(&other);
    let records = records(&runtime);
    let ends: Vec<_> = records
        .iter()
        .filter_map(|record| match record.event {
            Event::PollEnd { end, .. } => Some(end),
            _ => None,
        })
        .collect();
    assert_eq!(ends, [PollEnd::Panicked, PollEnd::Ready]);
}

#[test]
fn a_panic_in_block_in_place_loses_no_worker() {
    let runtime = one_worker();
    let panics = watched(&runtime, 0, |env: Env| async move {
        env.block_in_place(async { panic!("on purpose") }).await;
    });
    runtime.start().unwrap();
    wait(&panics);
    let other = watched(&runtime, 1, |env: Env| async move { env.cpu(US).await });
    wait(&other);
}

#[test]
fn a_panic_in_a_job_ends_the_job_only() {
    let runtime = one_worker();
    arrive(&runtime, 0, |env: Env| async move {
        drop(env.spawn_blocking(|_| async { panic!("on purpose") }));
    });
    runtime.start().unwrap();
    let other = watched(&runtime, 1, |env: Env| async move {
        env.spawn_blocking(|env| async move { env.block(US).await }).await;
    });
    wait(&other);
}
