//! The price of an agenda entry as the number of deadlines grows: sleeping processes beside a bare heap that holds the
//! same deadlines.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;

use cpu_time::ProcessTime;
use dandori::policy::Registry;
use dandori::scenario::{Draft, Scenario};

use super::processes::{GAPS, POLICIES, uniform};
use super::{middle, run, spread};

/// Processes that sleep at a time.
const NUMBERS: [u64; 4] = [100, 1_000, 10_000, 100_000];
/// Sleeps of all processes together, but at least `LEAST` of each.
const SLEEPS: u64 = 400_000;
const LEAST: u64 = 4;
/// A deadline passes every so many nanoseconds, whatever the number: one worker has time for that.
const EVERY: u64 = 10_000;

/// So many sleeping processes, and what was measured with them.
pub struct Sleepers {
    number: u64,
    scenarios: [Scenario; 2],
    /// Nanoseconds for one pop and one push.
    heap: Vec<f64>,
    /// Nanoseconds per agenda entry, by policy, with recording off and on.
    ours: [[Vec<f64>; 2]; 2],
    /// Agenda entries per sleep, by policy.
    entries: [f64; 2],
}

impl Sleepers {
    pub fn all(registry: &Registry) -> Vec<Sleepers> {
        let new = |number| Sleepers {
            number,
            scenarios: POLICIES.map(|policy| scenario(registry, policy, number)),
            heap: Vec::new(),
            ours: Default::default(),
            entries: [0.0; 2],
        };
        NUMBERS.map(new).into()
    }

    pub fn round(&mut self, registry: &Registry) {
        self.heap.push(bare_heap(self.number));
        for (policy, scenario) in self.scenarios.iter().enumerate() {
            for record in [false, true] {
                let (took, _, entries) = run(scenario, registry, record);
                self.ours[policy][usize::from(record)].push(took / entries as f64 * 1e9);
                self.entries[policy] = entries as f64 / (self.number * sleeps(self.number)) as f64;
            }
        }
    }

    /// The table, and how much each column grows from its first row to its last.
    pub fn print(all: &[Sleepers]) {
        println!("\n### Agenda entries, by the number of deadlines\n");
        println!(
            "Sleeping processes, `server` costs, one worker; a deadline passes every {} microseconds, whatever the number. \
             ns per agenda entry, and that beside one pop and one push of a bare `std` `BinaryHeap` with the same \
             deadlines.\n",
            EVERY / 1_000
        );
        println!("| sleeping | policy | entries per sleep | bare heap, ns | recording off | / heap | on | / heap |");
        println!("|---|---|---|---|---|---|---|---|");
        for sleepers in all {
            for (at, policy) in POLICIES.iter().enumerate() {
                let (heap, entries) = (spread(sleepers.heap.clone(), 1), sleepers.entries[at]);
                let [off, on] = &sleepers.ours[at];
                let beside =
                    |ours: &[f64]| spread(ours.iter().zip(&sleepers.heap).map(|(ours, heap)| ours / heap).collect(), 1);
                let (off_by, on_by) = (beside(off), beside(on));
                let (off, on) = (spread(off.clone(), 1), spread(on.clone(), 1));
                println!(
                    "| {} | {policy} | {entries:.1} | {heap} | {off} | {off_by} | {on} | {on_by} |",
                    sleepers.number
                );
            }
        }
        let (Some(first), Some(last)) = (all.first(), all.last()) else { return };
        let grows = |of: fn(&Sleepers, usize) -> &[f64], at| middle(of(last, at)) / middle(of(first, at));
        println!("\nFrom {} to {} the bare heap grows {:.1} times dearer;", first.number, last.number, {
            grows(|sleepers, _| &sleepers.heap, 0)
        });
        for (at, policy) in POLICIES.iter().enumerate() {
            let off = grows(|sleepers, at| &sleepers.ours[at][0], at);
            let on = grows(|sleepers, at| &sleepers.ours[at][1], at);
            let end = if at + 1 == POLICIES.len() { "." } else { ";" };
            println!("an entry under {policy} {off:.1} times with recording off and {on:.1} with recording on{end}");
        }
    }
}

/// How often each process sleeps.
fn sleeps(number: u64) -> u64 {
    (SLEEPS / number).max(LEAST)
}

/// Lengths of sleep: so long that `number` processes make a deadline every [`EVERY`] in the mean.
fn gaps(number: u64) -> Vec<u64> {
    uniform()
        .iter()
        .map(|gap| gap / 1_000_000 * number * EVERY + gap % 1_000_000 * number * EVERY / 1_000_000)
        .collect()
}

fn scenario(registry: &Registry, policy: &str, number: u64) -> Scenario {
    let list: Vec<String> = gaps(number).iter().map(|gap| format!("\"{gap} ns\"")).collect();
    let json = format!(
        r#"{{"dandori": 1, "name": "sleepers", "machine": {{"cpus": 2, "costs": "server"}},
            "policy": {{"name": "{policy}", "workers": 1}}, "limits": {{"end": "1000 s", "records": 100000000}},
            "tasks": {{"process": {{"label": "P", "arrive": [{{"every": "{EVERY} ns", "count": {number}}}],
                "program": [{{"repeat": {{"times": {}, "do": [{{"sleep": {{"list": [{}]}}}}]}}}}]}}}}}}"#,
        sleeps(number),
        list.join(", "),
    );
    let built = Draft::parse(&json).and_then(|draft| draft.build(registry));
    built.unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// A bare heap that takes out the next deadline and puts in a later one: nanoseconds for both.
fn bare_heap(number: u64) -> f64 {
    let gaps = gaps(number);
    let times = number * sleeps(number);
    let mut heap: BinaryHeap<_> =
        (0..number).map(|seq| Reverse((seq * EVERY + gaps[seq as usize % GAPS], seq, seq))).collect();
    let start = ProcessTime::now();
    for seq in number..number + times {
        let Some(Reverse((at, _, what))) = heap.pop() else { unreachable!("one goes in for each that comes out") };
        heap.push(Reverse((at + gaps[seq as usize % GAPS], seq, what)));
    }
    let took = start.elapsed().as_secs_f64();
    black_box(heap);
    took / times as f64 * 1e9
}
