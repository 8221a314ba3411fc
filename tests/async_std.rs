//! What async-std 1.5 and pull request 631 do, as whole programs in the simulator: vectors 12 and 13 of the fact sheet, and
//! W1 to W4.

use crate::common::{polls_of, run_json, run_named, ticker_lateness};
use dandori::id::TaskId;
use dandori::time::{Nanos, Time};
use dandori::trace::{Event, Record, Recording, Release, Role, What};

fn ms(length: u64) -> Nanos {
    Nanos::from_millis(length)
}

fn threads(records: &[Record]) -> Vec<Time> {
    let is = |r: &&Record| matches!(r.event, Event::ThreadStart { role: Role::Worker | Role::Pool, .. });
    records.iter().filter(is).map(|r| r.at).collect()
}

/// A pair that hands messages to and fro through the slot, beside one task in the queue.
const PAIR: &str = r#"{
  "dandori": 1, "name": "pair",
  "machine": {"cpus": 2, "costs": "ideal"},
  "policy": {"name": "async-std", "workers": 1},
  "limits": {"end": "1 ms"},
  "channels": {"ping": {}, "pong": {}},
  "tasks": {
    "main": {"label": "M", "arrive": [{"at": "0 ns"}], "program": [{"spawn": "right"}, {"spawn": "left"}]},
    "left": {"label": "L", "program": [{"forever": [{"cpu": "1 us"}, {"send": "ping"}, {"recv": "pong"}]}]},
    "right": {"label": "R", "program": [{"spawn": "third"}, {"forever": [{"recv": "ping"}, {"cpu": "1 us"}, {"send": "pong"}]}]},
    "third": {"label": "T", "program": []}
  }
}"#;

#[test]
fn vector_13_a_task_in_the_queue_runs_after_sixteen_from_the_slot() {
    let order = |set: &[(&str, &str)]| -> Vec<u32> {
        let records = run_json(PAIR, set);
        let polled = |r: &Record| match r.event {
            Event::PollStart { task, .. } => Some(task.0),
            _ => None,
        };
        records.iter().filter_map(polled).take(60).collect()
    };
    // main; left from the slot; right from the queue, which ends the run of the slot; then the pair.
    let polled = order(&[]);
    let third = polled.iter().position(|&task| task == 3).expect("it runs");
    assert_eq!(polled[..3], [0, 2, 1]);
    assert_eq!(third, 3 + 16, "{polled:?}");
    assert!(polled[3..third].chunks(2).all(|pair| pair == [2, 1]), "{polled:?}");
    let polled = order(&[("policy.slot_limit", "4")]);
    assert_eq!(polled.iter().position(|&task| task == 3), Some(3 + 4), "{polled:?}");
}

#[test]
fn under_async_std_what_comes_from_outside_waits_until_a_workers_queue_is_empty() {
    let json = r#"{
      "dandori": 1, "name": "outside", "machine": {"cpus": 2, "costs": "ideal"},
      "policy": {"name": "async-std", "workers": 1}, "limits": {"end": "1 s"},
      "tasks": {
        "busy": {"label": "B", "arrive": [{"at": "0 ns"}], "program": [{"spawn": {"kind": "part", "count": 100}}]},
        "part": {"label": "P", "program": [{"cpu": "1 ms"}]},
        "guest": {"label": "G", "arrive": [{"at": "1 us"}], "program": []}
      }}"#;
    let records = run_json(json, &[]);
    let guest = records.iter().find_map(|r| match r.event {
        Event::Spawn { task, parent: None, .. } if r.at > Time::ZERO => Some(task.0),
        _ => None,
    });
    assert_eq!(polls_of(&records, guest.expect("it arrives")), [Time(100_000_000)]);
}

#[test]
fn under_async_std_one_thread_for_blocking_jobs_is_always_ready() {
    let json = r#"{
      "dandori": 1, "name": "ready", "machine": {"cpus": 8, "costs": "ideal"},
      "policy": {"name": "async-std", "workers": 1}, "limits": {"end": "1 s"},
      "tasks": {"job": {"label": "J", "arrive": [{"at": "0 ns", "count": 3}],
                        "program": [{"spawn_blocking": [{"block": "10 ms"}]}]}}}"#;
    let pool = |r: &&Record| matches!(r.event, Event::ThreadStart { role: Role::Pool, .. });
    assert_eq!(run_json(json, &[]).iter().filter(pool).count(), 4);
}

/// As many tasks as processors block from the start.
const BLOCKED: &str = r#"{
  "dandori": 1, "name": "blocked",
  "machine": {"cpus": 4, "costs": "ideal"},
  "policy": {"name": "async-std-monitor", "workers": 2},
  "limits": {"end": "2 s"},
  "tasks": {
    "main": {"label": "M", "arrive": [{"at": "0 ns"}], "program": [{"spawn": {"kind": "job", "count": 2}}, {"cpu": "1500 us"}]},
    "job": {"label": "J", "program": [{"block": "500 ms"}]},
    "after": {"label": "A", "arrive": [{"at": "5 ms"}], "program": []}
  }
}"#;

fn retakes(records: &[Record]) -> Vec<(Time, Time)> {
    let picked = records.iter().filter_map(|record| match record.event {
        Event::Retake { first, .. } => Some((first, record.at)),
        _ => None,
    });
    picked.collect()
}

#[test]
fn vector_12_stuck_machines_are_replaced_at_the_second_look() {
    let records = run_json(BLOCKED, &[]);
    // Looks at 0, 1, 2, ... ms: the first machine starts at 0, the second one at 1 ms, because nobody is in the reactor.
    let starts = threads(&records);
    assert_eq!(starts[..2], [Time::ZERO, Time(1_000_000)]);
    let taken = retakes(&records);
    assert!(taken.len() >= 2, "{taken:?}");
    for (first, second) in &taken {
        assert_eq!(second.since(*first), ms(1), "{taken:?}");
    }
    let blocks = records.iter().filter(|r| matches!(r.event, Event::StretchStart { what: What::Block, .. }));
    for block in blocks {
        let thread = block.thread;
        let lost = records
            .iter()
            .find(|r| r.at >= block.at && matches!(r.event, Event::Retake { target, .. } if Some(target) == thread));
        let after = lost.expect("its processor goes elsewhere").at.since(block.at);
        assert!((ms(1)..=ms(2)).contains(&after), "{after}");
    }
    // Both tasks block, both processors run elsewhere: the late arrival does not wait.
    let late = records.iter().rfind(|r| matches!(r.event, Event::Spawn { parent: None, .. })).expect("it arrives");
    let Event::Spawn { task, .. } = late.event else { unreachable!() };
    assert_eq!(polls_of(&records, task.0), [Time(5_000_000)]);
}

#[test]
fn vector_12_after_a_quiet_time_the_monitor_looks_every_ten_milliseconds() {
    let set = [("tasks.main.arrive.0.at", "\"300 ms\""), ("tasks.after.arrive.0.at", "\"340 ms\"")];
    let taken = retakes(&run_json(BLOCKED, &set));
    let (first, second) = taken[0];
    assert_eq!(second.since(first), ms(10), "{taken:?}");
    let late = second.since(Time(300_000_000));
    assert!((ms(10)..=ms(20)).contains(&late), "{late}");
}

#[test]
fn an_orphan_ends_with_its_task_and_its_wakes_go_to_the_injector() {
    let json = r#"{
      "dandori": 1, "name": "orphan", "machine": {"cpus": 4, "costs": "ideal"},
      "policy": {"name": "async-std-monitor", "workers": 1}, "limits": {"end": "1 s"},
      "channels": {"c": {}},
      "tasks": {
        "waits": {"label": "W", "arrive": [{"at": "0 ns"}], "program": [{"recv": "c"}]},
        "blocks": {"label": "B", "arrive": [{"at": "0 ns"}], "program": [{"block": "50 ms"}, {"send": "c"}]},
        "late": {"label": "L", "arrive": [{"at": "100 ms"}], "program": []}
      }}"#;
    let records = run_json(json, &[]);
    let back = records.iter().position(|r| matches!(r.event, Event::StretchEnd { .. })).expect("it ends");
    let (thread, at) = (records[back].thread, records[back].at);
    assert_eq!(records[back].worker, None, "its processor is elsewhere");
    let enqueue =
        records[back..].iter().find(|r| matches!(r.event, Event::Enqueue { task: TaskId(0), .. })).expect("woken");
    assert_eq!(enqueue.event, Event::Enqueue { task: TaskId(0), place: dandori::trace::Place::Global });
    assert_eq!((enqueue.thread, enqueue.worker), (thread, None));
    let end =
        records.iter().find(|r| r.thread == thread && matches!(r.event, Event::ThreadEnd)).expect("its thread ends");
    assert!(end.at.since(at) < Nanos::from_micros(10), "{} {at}", end.at);
    assert_eq!(polls_of(&records, 0).last(), Some(&at), "the one that waits runs at once, with the processor");
}

fn started(recording: &Recording) -> usize {
    let records: Vec<Record> = recording.trace.iter().collect();
    threads(&records).len()
}

#[test]
fn async_std_is_as_late_as_its_blocked_workers() {
    for (name, rounds) in [("w1", 1), ("w2", 10)] {
        let late = ticker_lateness(&run_named(name, "async-std", &[]));
        let blocked = ms(400).times(rounds);
        assert!((blocked.minus(ms(10))..blocked).contains(&late), "{name}: {late}");
    }
}

#[test]
fn detection_saves_the_ticker_from_sleepers_at_one_thread_each() {
    for (name, sleepers) in [("w1", 2), ("w2", 20)] {
        let recording = run_named(name, "async-std-monitor", &[]);
        let late = ticker_lateness(&recording);
        // At most two looks of a monitor that had backed off, and a new thread.
        assert!(late <= ms(22), "{name}: {late}");
        let taken = recording.trace.iter().filter(|r| matches!(r.event, Event::Release { why: Release::Retaken, .. }));
        assert_eq!(taken.count(), sleepers, "{name}");
    }
}

#[test]
fn detection_explodes_into_threads_on_long_jobs_and_misses_short_ones() {
    let long = run_named("w3", "async-std-monitor", &[]);
    let jobs =
        |recording: &Recording| recording.trace.iter().filter(|r| matches!(r.event, Event::Measure { .. })).count();
    // Both processors stay in use, though the thread that is sent for one may be the one that lost it.
    assert_eq!(jobs(&run_named("w4", "async-std-monitor", &[])), 2_001);
    assert!(started(&long) > 100, "{} threads", started(&long));
    assert!(ticker_lateness(&long) > ms(100), "{}", ticker_lateness(&long));
    // What ends between two looks is never seen: neither jobs shorter than the monitor's period, nor jobs of 2 ms while the
    // monitor, which wants a CPU too, gets one every 4 ms only.
    let job = r#"[{"measure": {"label": "job", "do": [{"cpu": "900 us"}]}}]"#;
    for set in [("tasks.job.program", job), ("policy.monitor_min", "4 ms")] {
        let short = run_named("w4", "async-std-monitor", &[set]);
        let taken =
            short.trace.iter().filter(|r| matches!(r.event, Event::Release { why: Release::Retaken, .. })).count();
        assert!(taken <= 1 && started(&short) < 20, "{set:?}: {} threads, {taken} processors taken", started(&short));
        assert!(ticker_lateness(&short) > ms(25), "{set:?}: {}", ticker_lateness(&short));
    }
}

#[test]
fn after_so_many_runs_a_machine_takes_from_the_injector_though_its_queue_is_not_empty() {
    let json = r#"{
      "dandori": 1, "name": "runs", "machine": {"cpus": 2, "costs": "ideal"},
      "policy": {"name": "async-std-monitor", "workers": 1}, "limits": {"end": "20 ms"},
      "tasks": {
        "busy": {"label": "B", "arrive": [{"at": "0 ns", "count": 2}], "program": [{"forever": [{"cpu": "10 us"}, "yield_now"]}]},
        "guest": {"label": "G", "arrive": [{"at": "1 ms"}], "program": []}
      }}"#;
    let others_first = |set: &[(&str, &str)]| {
        let records = run_json(json, set);
        let guest = polls_of(&records, 2)[0];
        [0, 1].iter().flat_map(|&id| polls_of(&records, id)).filter(|&at| at > Time(1_000_000) && at < guest).count()
    };
    let (default, eight) = (others_first(&[]), others_first(&[("policy.runs", "8")]));
    // The look, and the two that stand before the guest in the queue.
    assert!((12..=64 + 2).contains(&default), "{default}");
    assert!(eight <= 8 + 2, "{eight}");
}

#[test]
fn a_machine_naps_before_it_ends() {
    let json = r#"{
      "dandori": 1, "name": "naps", "machine": {"cpus": 4, "costs": "ideal"},
      "policy": {"name": "async-std-monitor", "workers": 2}, "limits": {"end": "20 ms"},
      "tasks": {
        "job": {"label": "J", "arrive": [{"at": "0 ns", "count": 3}], "program": [{"cpu": "900 us"}]},
        "sleeper": {"label": "S", "arrive": [{"at": "0 ns"}], "program": [{"sleep": "10 ms"}]}
      }}"#;
    let idled = |set: &[(&str, &str)]| {
        let records = run_json(json, set);
        let end = records.iter().find(|r| matches!(r.event, Event::ThreadEnd)).expect("one of two machines ends");
        let polled = records
            .iter()
            .rfind(|r| r.thread == end.thread && matches!(r.event, Event::PollEnd { .. }))
            .expect("it ran");
        end.at.since(polled.at)
    };
    // Three yields of a system call each, then ten naps of 10 us.
    let (default, twenty) = (idled(&[]), idled(&[("policy.sleeps", "20")]));
    assert!((Nanos(100_720)..Nanos(101_000)).contains(&default), "{default}");
    assert!((Nanos(200_720)..Nanos(201_000)).contains(&twenty), "{twenty}");
}
