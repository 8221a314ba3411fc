//! What Go 1.27 does, as whole programs in the simulator: vectors 9 to 11 of the fact sheet, and W1 to W4.

use crate::common::{polls_of, run_json, run_named, ticker_lateness};
use dandori::id::{TaskId, WorkerId};
use dandori::time::{Nanos, Time};
use dandori::trace::{Cause, Event, Place, PollEnd, Record, Release, Role, What};

fn ms(length: u64) -> Nanos {
    Nanos::from_millis(length)
}

/// Two goroutines that hand messages to and fro, beside a third one in the ring of the only P.
const PAIR: &str = r#"{
  "dandori": 1, "name": "pair",
  "machine": {"cpus": 2, "costs": "ideal"},
  "policy": {"name": "go", "workers": 1},
  "limits": {"end": "100 ms"},
  "channels": {"ping": {}, "pong": {}},
  "tasks": {
    "main": {"label": "M", "arrive": [{"at": "0 ns"}], "program": [{"spawn": "right"}, {"spawn": "left"}]},
    "left": {"label": "L", "program": [{"forever": [{"cpu": "10 us"}, {"send": "ping"}, {"recv": "pong"}]}]},
    "right": {"label": "R", "program": [{"spawn": "third"}, {"forever": [{"recv": "ping"}, {"cpu": "10 us"}, {"send": "pong"}]}]},
    "third": {"label": "T", "program": []}
  }
}"#;

fn first_poll(records: &[Record], id: u32) -> Time {
    polls_of(records, id).first().copied().unwrap_or_else(|| panic!("t{id} is never polled"))
}

#[test]
fn vector_9_a_pair_that_hands_messages_to_and_fro_keeps_its_p_for_one_slice() {
    let records = run_json(PAIR, &[]);
    let third = first_poll(&records, 3);
    let cut = records.iter().find(|r| matches!(r.event, Event::PollEnd { end: PollEnd::Preempted, .. })).expect("one");
    assert!((Time(10_000_000)..=Time(20_000_000)).contains(&cut.at), "{}", cut.at);
    assert_eq!(third, cut.at, "the third one runs as soon as one of the pair is stopped");
    let member = cut.event.task().expect("a task");
    let queued =
        records.iter().find(|r| r.at >= cut.at && matches!(r.event, Event::Enqueue { task, .. } if task == member));
    assert_eq!(queued.expect("it is queued again").event, Event::Enqueue { task: member, place: Place::Global });
    // One slice: the pair's hand-offs through runnext do not count.
    let ticks: Vec<u32> = records
        .iter()
        .take_while(|r| r.at < cut.at)
        .filter_map(|r| match r.event {
            Event::PollStart { task: TaskId(1 | 2), tick, .. } => Some(tick),
            _ => None,
        })
        .collect();
    assert!(ticks.len() > 100);
    // The first polls came from the ring.
    assert!(ticks[2..].iter().all(|tick| *tick == ticks[2]), "one schedtick: {:?}", &ticks[..6]);
    let off = run_json(PAIR, &[("policy.preemption", "off")]);
    assert!(polls_of(&off, 3).is_empty(), "without preemption the third one never runs");
}

/// One goroutine in a long system call, another one behind it.
const CALL: &str = r#"{
  "dandori": 1, "name": "call",
  "machine": {"cpus": 2, "costs": "ideal"},
  "policy": {"name": "go", "workers": 1},
  "limits": {"end": "3 s"},
  "tasks": {
    "main": {"label": "M", "arrive": [{"at": "1 ms"}], "program": [{"spawn": "behind"}, {"spawn": "caller"}]},
    "caller": {"label": "C", "program": [{"syscall": "1 s"}, {"cpu": "5 us"}]},
    "behind": {"label": "B", "program": [{"cpu": "1 ms"}]}
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
fn vector_10_the_p_of_a_system_call_is_taken_at_the_second_look() {
    let records = run_json(CALL, &[]);
    let [(first, second)] = retakes(&records)[..] else { panic!("{:?}", retakes(&records)) };
    assert_eq!(second.since(first), Nanos::from_micros(20), "the arrival made sysmon look every 20 us");
    assert!(first >= Time(1_000_000) && first <= Time(1_020_000), "{first}");
    assert_eq!(first_poll(&records, 1), second, "the P runs the one behind on another thread");
    // Back from the call it finds its P idle and goes on at once.
    let back = records.iter().find(|r| matches!(r.event, Event::StretchEnd { what: What::Syscall, .. })).expect("one");
    let goes_on =
        records.iter().find(|r| matches!(r.event, Event::StretchStart { task: TaskId(2), what: What::Cpu, .. }));
    let goes_on = goes_on.expect("it computes");
    assert_eq!((goes_on.at, goes_on.worker), (back.at, Some(WorkerId(0))));
}

#[test]
fn vector_10_with_an_empty_ring_and_an_idle_p_there_is_no_hurry() {
    let records = run_json(CALL, &[("policy.workers", "2"), ("tasks.main.program.0.spawn.count", "0")]);
    let [(first, second)] = retakes(&records)[..] else { panic!("{:?}", retakes(&records)) };
    assert!(second.since(first) >= ms(10), "{first} {second}");
    assert!(second.since(Time(1_000_000)) <= ms(21), "{second}");
    // Nobody needed the P meanwhile: the goroutine takes it again, on its own thread.
    let back =
        records.iter().position(|r| matches!(r.event, Event::StretchEnd { what: What::Syscall, .. })).expect("one");
    let next: Vec<_> = records[back + 1..].iter().take(2).map(|r| (r.thread, r.event)).collect();
    let thread = records[back].thread;
    let computes = Event::StretchStart { task: TaskId(1), what: What::Cpu, length: Nanos::from_micros(5) };
    assert!(matches!(next[0], (on, Event::Acquire { .. }) if on == thread), "{next:?}");
    assert!(records[back..].iter().any(|r| r.thread == thread && r.event == computes && r.worker.is_some()));
}

/// A goroutine that is back from its call while its P computes for another one.
const BACK: &str = r#"{
  "dandori": 1, "name": "back",
  "machine": {"cpus": 2, "costs": "ideal"},
  "policy": {"name": "go", "workers": 1},
  "limits": {"end": "3 s"},
  "tasks": {
    "main": {"label": "M", "arrive": [{"at": "1 ms"}], "program": [{"spawn": "behind"}, {"spawn": "caller"}]},
    "caller": {"label": "C", "program": [{"syscall": "5 ms"}, {"cpu": "5 us"}]},
    "behind": {"label": "B", "program": [{"cpu": "8 ms"}]}
  }
}"#;

#[test]
fn a_goroutine_back_from_a_call_without_a_p_queues_globally_and_its_thread_idles() {
    let records = run_json(BACK, &[]);
    let back =
        records.iter().position(|r| matches!(r.event, Event::StretchEnd { what: What::Syscall, .. })).expect("one");
    let thread = records[back].thread;
    let after: Vec<Event> =
        records[back + 1..].iter().filter(|r| r.thread == thread).map(|r| r.event).take(2).collect();
    let caller = TaskId(2);
    assert_eq!(
        after,
        [
            Event::PollEnd { task: caller, end: PollEnd::Preempted },
            Event::Enqueue { task: caller, place: Place::Global }
        ]
    );
    let starts: Vec<_> =
        records.iter().filter(|r| matches!(r.event, Event::PollStart { task, .. } if task == caller)).collect();
    assert_eq!(starts.len(), 2);
    assert_ne!(starts[1].thread, thread, "another thread has the P");
    assert_eq!(starts[1].at, first_poll(&records, 1) + ms(8), "when the other goroutine is over");
}

const BURST: &str = r#"{
  "dandori": 1, "name": "burst",
  "machine": {"cpus": 1, "costs": "ideal"},
  "policy": {"name": "go", "workers": 1},
  "limits": {"end": "1 s"},
  "tasks": {
    "main": {"label": "M", "arrive": [{"at": "0 ns"}], "program": [{"spawn": {"kind": "small", "count": 10000}}]},
    "small": {"label": "S", "program": []}
  }
}"#;

#[test]
fn vector_11_ten_thousand_spawns_overflow_with_the_oldest_in_the_global_queue() {
    let records = run_json(BURST, &[]);
    let end = records.iter().position(|r| matches!(r.event, Event::PollEnd { task: TaskId(0), .. })).expect("it ends");
    let mut places = std::collections::BTreeMap::new();
    for record in &records[..end] {
        if let Event::Enqueue { task, place } | Event::Move { task, place } = record.event {
            places.insert(task.0, place);
        }
    }
    places.remove(&0);
    let me = WorkerId(0);
    let at = |wanted| places.iter().filter(|&(_, &place)| place == wanted).map(|(&task, _)| task).collect::<Vec<_>>();
    let (global, ring, next) = (at(Place::Global), at(Place::Local(me)), at(Place::Lifo(me)));
    assert_eq!((global.len(), ring.len(), next.len()), (9_804, 195, 1));
    assert_eq!(records[..end].iter().filter(|r| r.event == Event::Overflow { count: 129 }).count(), 76);
    assert_eq!(next, [10_000]);
    // An overflow takes the 128 oldest and the newest but one: the ring keeps what came in between.
    assert!(global[..128].iter().copied().eq(1..=128), "{:?}", &global[..130]);
    assert!(global.contains(&257) && ring.iter().all(|task| *task > 9_000), "{:?}", &ring[..5]);
}

/// A loop that never calls anything, beside others.
const LOOP: &str = r#"{
  "dandori": 1, "name": "loop",
  "machine": {"cpus": 2, "costs": "ideal"},
  "policy": {"name": "go", "workers": 1},
  "limits": {"end": "1 s"},
  "tasks": {
    "loop": {"label": "L", "arrive": [{"at": "1 ms"}], "program": [{"cpu": "95 ms"}, {"cpu": "5 ms"}, {"send": "c"}]},
    "other": {"label": "O", "arrive": [{"at": "2 ms"}], "program": [{"cpu": "1 ms"}]}
  },
  "channels": {"c": {}}
}"#;

#[test]
fn asynchronous_preemption_stops_a_loop_anywhere_cooperative_at_its_end_and_off_never() {
    let other = |set: &str| first_poll(&run_json(LOOP, &[("policy.preemption", set)]), 1);
    let now = other("asynchronous");
    assert!((Time(11_000_000)..=Time(21_500_000)).contains(&now), "{now}");
    assert_eq!(other("cooperative"), Time(96_000_000), "when the loop is left for the next step");
    assert_eq!(other("off"), Time(101_000_000), "when the goroutine is over");
}

#[test]
fn a_stretch_that_was_cut_short_goes_on_with_its_rest_in_the_same_poll() {
    let records = run_json(LOOP, &[]);
    let of = |record: &&Record| record.event.task() == Some(TaskId(0));
    let stretches: Vec<Nanos> = records
        .iter()
        .filter(of)
        .filter_map(|r| match r.event {
            Event::StretchStart { length, .. } => Some(length),
            _ => None,
        })
        .collect();
    let cuts = records.iter().filter(of).filter(|r| matches!(r.event, Event::PollEnd { end: PollEnd::Preempted, .. }));
    let cuts: Vec<Time> = cuts.map(|r| r.at).collect();
    assert!(!cuts.is_empty());
    assert_eq!(stretches[0], ms(95));
    let done = cuts[0].since(Time(1_000_000));
    assert_eq!(stretches[1], ms(95).minus(done), "the rest");
    let sent = records.iter().find(|r| matches!(r.event, Event::Send { .. })).expect("it ends");
    assert_eq!(sent.at, Time(1_000_000) + ms(101), "computing is neither lost nor done twice");
}

#[test]
fn a_ticker_is_within_twenty_five_milliseconds_on_all_four_without_annotation() {
    for (name, bound) in [("w1", 3), ("w2", 3), ("w3", 25), ("w4", 5)] {
        let late = ticker_lateness(&run_named(name, "go", &[]));
        assert!(late < ms(bound), "{name}: {late}");
    }
    // Also without preemption: every decision looks at the timers first.
    for (name, bound) in [("w3", 30), ("w4", 5)] {
        let late = ticker_lateness(&run_named(name, "go", &[("policy.preemption", "off")]));
        assert!(late < ms(bound), "{name} without preemption: {late}");
    }
}

#[test]
fn twenty_sleepers_get_a_thread_each_and_no_more() {
    let recording = run_named("w2", "go", &[]);
    let is_thread = |r: &Record| matches!(r.event, Event::ThreadStart { role: Role::Worker | Role::Pool, .. });
    let threads = recording.trace.iter().filter(is_thread).count();
    assert!((20..=24).contains(&threads), "{threads}");
    let taken = recording.trace.iter().filter(|r| matches!(r.event, Event::Release { why: Release::Retaken, .. }));
    assert_eq!(taken.count(), 20);
}

/// When sysmon got a CPU, in milliseconds.
fn looks(records: &[Record]) -> Vec<u64> {
    let sysmon = records.iter().find_map(|r| match r.event {
        Event::ThreadStart { thread, role: Role::Monitor } => Some(thread),
        _ => None,
    });
    let is = |r: &&Record| r.thread == sysmon && matches!(r.event, Event::CpuOn { .. });
    records.iter().filter(is).map(|r| r.at.0 / 1_000_000).collect()
}

#[test]
fn sysmon_sleeps_while_every_p_is_idle_until_the_next_timer() {
    let json = r#"{
      "dandori": 1, "name": "idle", "machine": {"cpus": 2, "costs": "ideal"},
      "policy": {"name": "go", "workers": 2}, "limits": {"end": "2 s"},
      "tasks": {"sleeper": {"label": "S", "arrive": [{"at": "0 ns"}], "program": [{"sleep": "1 s"}, {"cpu": "100 ms"}]}}}"#;
    let looks = looks(&run_json(json, &[]));
    assert!(!looks.iter().any(|at| (50..999).contains(at)), "{looks:?}");
    // Then one P computes, and it looks every 10 ms at least.
    let busy = looks.iter().filter(|at| (1_000..1_100).contains(*at)).count();
    assert!(busy >= 10, "{looks:?}");
}

#[test]
fn sysmon_looks_at_the_network_if_nobody_has_for_ten_milliseconds() {
    let json = r#"{
      "dandori": 1, "name": "network", "machine": {"cpus": 2, "costs": "ideal"},
      "policy": {"name": "go", "workers": 1, "preemption": "off"}, "limits": {"end": "1 s"},
      "sockets": {"s": {"data": {"at": "50 ms"}}},
      "tasks": {
        "reader": {"label": "R", "arrive": [{"at": "0 ns"}], "program": [{"read": "s"}]},
        "hog": {"label": "H", "arrive": [{"at": "1 ms"}], "program": [{"cpu": "500 ms"}]}
      }}"#;
    let woken = |set: &[(&str, &str)]| {
        let is = |r: &&Record| matches!(r.event, Event::Wake { cause: Cause::Io, .. });
        run_json(json, set).iter().find(is).expect("it is woken").at
    };
    assert!(woken(&[]) <= Time(72_000_000), "{}", woken(&[]));
    assert!(woken(&[("policy.netpoll_after", "3600 s")]) >= Time(500_000_000));
}

/// A goroutine computes for so long and then goes into a system call, with another one behind it: from the call until its P
/// is taken.
fn until_retaken(computes: &str, set: &[(&str, &str)]) -> Nanos {
    let json = r#"{
      "dandori": 1, "name": "backs-off", "machine": {"cpus": 2, "costs": "ideal"},
      "policy": {"name": "go", "workers": 1, "preemption": "off"}, "limits": {"end": "1 s"},
      "tasks": {
        "main": {"label": "M", "arrive": [{"at": "1 ms"}], "program": [{"spawn": "behind"}, {"spawn": "caller"}]},
        "caller": {"label": "C", "program": [{"cpu": "COMPUTES"}, {"syscall": "100 ms"}]},
        "behind": {"label": "B", "program": []}
      }}"#;
    let records = run_json(&json.replace("COMPUTES", computes), set);
    let call =
        records.iter().find(|r| matches!(r.event, Event::StretchStart { what: What::Syscall, .. })).expect("one");
    let taken = records.iter().find(|r| matches!(r.event, Event::Release { why: Release::Retaken, .. }));
    taken.expect("its P goes elsewhere").at.since(call.at)
}

#[test]
fn sysmon_looks_less_and_less_often_after_fifty_quiet_looks_and_every_ten_milliseconds_at_last() {
    // After 300 us it has looked fifteen times and still looks every 20 us; after 200 ms every 10 ms.
    let soon = until_retaken("300 us", &[]);
    assert!(soon <= Nanos::from_micros(40), "{soon}");
    let late = until_retaken("200 ms", &[]);
    assert!((Nanos::from_micros(200)..=ms(20)).contains(&late), "{late}");
    let never_quiet = until_retaken("200 ms", &[("policy.sysmon_quiet_rounds", "1000000")]);
    assert!(never_quiet <= Nanos::from_micros(40), "{never_quiet}");
    let at_most = until_retaken("200 ms", &[("policy.sysmon_max", "\"100 us\"")]);
    assert!(at_most <= Nanos::from_micros(200), "{at_most}");
}
