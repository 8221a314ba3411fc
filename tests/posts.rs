//! What the two posts of tokio's authors tell, in the simulator: the rewrite of October 2019 in four benchmarks, and the
//! budget of April 2020 under nine connections. Orders and directions, never their nanoseconds: their machines are unknown.

use crate::common::run_json;
use dandori::time::Nanos;
use dandori::trace::{Event, Record, What};

/// The benchmarks of tokio 0.2.0 (`benches/thread_pool.rs`): a pool of six; here with a CPU for each and one for who waits.
/// Everything begins after 1 ms, when the workers sleep.
fn benchmark(costs: &str, channels: &str, tasks: &str) -> String {
    format!(
        r#"{{"dandori": 1, "name": "post", "machine": {{"cpus": 7, "costs": "{costs}"}},
             "policy": {{"name": "tokio", "workers": 6, "era": "2019-design"}},
             "limits": {{"end": "3 s"}}, "channels": {{{channels}}}, "tasks": {{{tasks}}}}}"#
    )
}

/// From the beginning until everything is done, under the old pool and under the new one.
fn old_and_new(json: &str) -> (Nanos, Nanos) {
    let took = |set: &[(&str, &str)]| {
        let records = run_json(json, set);
        let last = records.iter().rfind(|record| matches!(record.event, Event::PollEnd { .. })).expect("it ran");
        Nanos(last.at.0).minus(Nanos::from_millis(1))
    };
    (took(&[("policy", r#"{"name": "tokio-0.1", "workers": 6}"#)]), took(&[]))
}

/// How much the new design gains: chained spawn, ping-pong, yield many, spawn many.
fn gains(costs: &str) -> [f64; 4] {
    let chained = benchmark(
        costs,
        r#""left": {"ready": 1000}, "done": {}"#,
        r#""root": {"label": "R", "arrive": [{"at": "1 ms"}], "program": [{"spawn": "link"}]},
           "link": {"label": "L", "program": [{"select": [[{"recv": "left"}, {"spawn": "link"}], [{"send": "done"}]]}]}"#,
    );
    let ping_pong = benchmark(
        costs,
        r#""ping": {}, "pong": {}"#,
        r#""root": {"label": "R", "arrive": [{"at": "1 ms"}], "program": [{"spawn": {"kind": "left", "count": 1000}}]},
           "left": {"label": "L", "program": [{"spawn": "right"}, {"send": "ping"}, {"recv": "pong"}]},
           "right": {"label": "Q", "program": [{"recv": "ping"}, {"send": "pong"}]}"#,
    );
    let yields = benchmark(
        costs,
        "",
        r#""one": {"label": "Y", "arrive": [{"at": "1 ms", "count": 300}],
                   "program": [{"repeat": {"times": 300, "do": ["wake_self"]}}]}"#,
    );
    let spawns =
        benchmark(costs, "", r#""unit": {"label": "U", "arrive": [{"at": "1 ms", "count": 10000}], "program": []}"#);
    [chained, ping_pong, yields, spawns].map(|json| {
        let (old, new) = old_and_new(&json);
        old.0 as f64 / new.0 as f64
    })
}

/// Published: 12.0, 2.3, 1.5 and 1.4 times.
#[test]
fn the_2019_design_gains_most_in_a_chain_of_spawns_and_least_where_all_come_from_outside() {
    for costs in ["laptop", "server"] {
        let gains = gains(costs);
        println!("{costs}: {gains:?}");
        assert!(gains.is_sorted_by(|more, less| more > less), "{costs}: {gains:?}");
        assert!(gains[0] > 2.0, "{costs}: a chain gains by far the most: {gains:?}");
        assert!(gains[1] < gains[0] / 2.0, "{costs}: {gains:?}");
    }
}

/// Why a chain gains so much: the old pool wakes a worker for almost every link, and others run them.
#[test]
fn in_a_chain_of_spawns_the_old_pool_wakes_others_for_nothing_and_the_new_one_nobody() {
    let json = benchmark(
        "laptop",
        r#""left": {"ready": 1000}, "done": {}"#,
        r#""root": {"label": "R", "arrive": [{"at": "1 ms"}], "program": [{"spawn": "link"}]},
           "link": {"label": "L", "program": [{"select": [[{"recv": "left"}, {"spawn": "link"}], [{"send": "done"}]]}]}"#,
    );
    let wakes = |set: &[(&str, &str)]| {
        run_json(&json, set).iter().filter(|record| matches!(record.event, Event::Unpark { .. })).count()
    };
    let (old, new) = (wakes(&[("policy", r#"{"name": "tokio-0.1", "workers": 6}"#)]), wakes(&[]));
    assert!(old > 500 && new < 10, "{old} and {new} wakes for 1,000 spawns");
}

/// Nine connections on eight workers, each with 400 requests of 8 us at once every 8 ms: how late each request was served,
/// sorted. `budget`: operations, 0: none.
fn nine_connections(budget: u32) -> Vec<u64> {
    const BURST: u64 = 400;
    const PERIOD: u64 = 8_000_000;
    let sockets: Vec<String> = (0..9)
        .map(|n| format!(r#""s{n}": {{"data": {{"burst": {BURST}, "every": "8 ms", "from": "1 ms"}}}}"#))
        .collect();
    let kinds: Vec<String> = (0..9)
        .map(|n| {
            format!(
                r#""k{n}": {{"label": "C{n}", "arrive": [{{"at": "0 ns"}}], "program": [{{"forever": [{{"read": "s{n}"}}, {{"cpu": "8 us"}}]}}]}}"#
            )
        })
        .collect();
    let json = format!(
        r#"{{"dandori": 1, "name": "nine", "machine": {{"cpus": 8, "costs": "laptop"}},
             "policy": {{"name": "tokio", "workers": 8, "era": "0.2.19", "coop_budget": {budget}}},
             "limits": {{"end": "33 ms"}}, "sockets": {{{}}}, "tasks": {{{}}}}}"#,
        sockets.join(", "),
        kinds.join(", ")
    );
    let records: Vec<Record> = run_json(&json, &[]);
    let (mut served, mut polled, mut late) = ([0u64; 9], vec![None; 64], Vec::new());
    for record in &records {
        let Some(thread) = record.thread else { continue };
        match record.event {
            Event::PollStart { task, .. } => polled[thread.index()] = Some(task.index()),
            Event::StretchEnd { what: What::Cpu, .. } => {
                let task = polled[thread.index()].expect("in a poll");
                let came = 1_000_000 + served[task] / BURST * PERIOD;
                served[task] += 1;
                late.push(record.at.0 - came);
            }
            _ => {}
        }
    }
    assert!(served.iter().all(|&count| count == 4 * BURST), "all of four bursts are served: {served:?}");
    late.sort_unstable();
    late
}

/// Two connections that are always ready must share a worker: without a budget the second waits until the first has nothing
/// left, with one they take turns. The work is the same, so the mean hardly moves.
#[test]
fn nine_connections_on_eight_workers_have_a_shorter_tail_with_the_budget_and_the_same_mean() {
    let (without, with) = (nine_connections(0), nine_connections(128));
    let mean = |late: &[u64]| late.iter().sum::<u64>() as f64 / late.len() as f64;
    let at = |late: &[u64], part: f64| late[((late.len() - 1) as f64 * part) as usize] as f64;
    let ratio = |of: &dyn Fn(&[u64]) -> f64| of(&with) / of(&without);
    let (mean, p50) = (ratio(&mean), ratio(&|late| at(late, 0.5)));
    let (p99, worst) = (ratio(&|late| at(late, 0.99)), ratio(&|late| at(late, 1.0)));
    println!("with a budget: mean x {mean:.3}, p50 x {p50:.3}, p99 x {p99:.3}, worst x {worst:.3}");
    assert!((0.93..1.01).contains(&mean) && (0.95..1.05).contains(&p50), "mean x {mean}, p50 x {p50}");
    assert!(p99 < 0.88 && worst < 0.88, "p99 x {p99}, worst x {worst}");
}
