//! The process benchmark: the same processes in nexosim, on a bare heap and as a scenario of ours.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;

use cpu_time::ProcessTime;
use dandori::policy::Registry;
use dandori::scenario::{Draft, Scenario};

use super::{run, spread};

/// Processes of the process benchmark, and how often each sleeps.
pub const PROCESSES: u64 = 1_000;
pub const SLEEPS: u64 = 1_000;
/// Lengths in a list that every process goes through from its start.
pub const GAPS: usize = 500;
/// Policies that run the process benchmarks.
pub const POLICIES: [&str; 2] = ["global-queue", "tokio"];

/// One process benchmark: what every process sleeps, and when the processes start.
pub struct Workload {
    pub name: &'static str,
    pub what: &'static str,
    /// Nanoseconds between two starts.
    stagger: u64,
    gaps: fn() -> Vec<u64>,
}

pub const WORKLOADS: [Workload; 2] = [
    Workload {
        name: "uniform",
        what: "sleeps of 0.5 to 1.5 ms, each process out of step with all others",
        stagger: 997,
        gaps: uniform,
    },
    Workload { name: "constant", what: "sleeps of 1 ms, all processes in step", stagger: 0, gaps: || vec![1_000_000] },
];

/// The same numbers for every contestant.
pub fn uniform() -> Vec<u64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..GAPS).map(|_| 500_000 + next() % 1_000_000).collect()
}

impl Workload {
    /// As a scenario: nothing costs anything, one worker, timers exact.
    pub fn scenario(&self, registry: &Registry, policy: &str) -> Scenario {
        let list: Vec<String> = (self.gaps)().iter().map(|gap| format!("\"{gap} ns\"")).collect();
        let arrive = match self.stagger {
            0 => format!(r#"{{"at": "0 ns", "count": {PROCESSES}}}"#),
            stagger => format!(r#"{{"every": "{stagger} ns", "count": {PROCESSES}}}"#),
        };
        let json = format!(
            r#"{{"dandori": 1, "name": "processes", "machine": {{"cpus": 2, "costs": "ideal"}},
                "policy": {{"name": "{policy}", "workers": 1 {exact}}},
                "limits": {{"end": "10 s", "records": 100000000}},
                "tasks": {{"process": {{"label": "P", "arrive": [{arrive}],
                    "program": [{{"repeat": {{"times": {SLEEPS}, "do": [{{"sleep": {{"list": [{list}]}}}}]}}}}]}}}}}}"#,
            exact = if policy == "tokio" { r#", "timer_resolution": "1 ns""# } else { "" },
            list = list.join(", "),
        );
        let built = Draft::parse(&json).and_then(|draft| draft.build(registry));
        built.unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    /// On nothing but a heap of (time, sequence, process). Seconds.
    fn bare_heap(&self) -> f64 {
        let gaps = (self.gaps)();
        let mut heap = BinaryHeap::with_capacity(PROCESSES as usize);
        let mut rounds = vec![0_u32; PROCESSES as usize];
        let mut seq = 0_u64;
        let start = ProcessTime::now();
        for process in 0..PROCESSES {
            seq += 1;
            heap.push(Reverse((process * self.stagger + gaps[0], seq, process)));
        }
        let mut last = 0;
        while let Some(Reverse((at, _, process))) = heap.pop() {
            last = at;
            let round = &mut rounds[process as usize];
            *round += 1;
            if u64::from(*round) < SLEEPS {
                seq += 1;
                heap.push(Reverse((at + gaps[*round as usize % gaps.len()], seq, process)));
            }
        }
        black_box((last, seq));
        start.elapsed().as_secs_f64()
    }
}

/// One process benchmark with all its contestants: seconds per round.
pub struct Race {
    workload: &'static Workload,
    scenarios: [Scenario; 2],
    heap: Vec<f64>,
    nexo: Vec<f64>,
    ours: [Vec<f64>; 2],
}

impl Race {
    pub fn new(workload: &'static Workload, registry: &Registry) -> Race {
        let scenarios = POLICIES.map(|policy| workload.scenario(registry, policy));
        let ours = [Vec::new(), Vec::new()];
        Race { workload, scenarios, heap: Vec::new(), nexo: Vec::new(), ours }
    }

    pub fn round(&mut self, registry: &Registry) {
        self.heap.push(self.workload.bare_heap());
        for (at, scenario) in self.scenarios.iter().enumerate() {
            self.ours[at].push(run(scenario, registry, false).0);
        }
        self.nexo.push(nexo::run(self.workload));
    }

    pub fn print(&self) {
        let name = self.workload.name;
        let sleeps = (PROCESSES * SLEEPS) as f64;
        let per_sleep = |times: &[f64]| spread(times.iter().map(|time| time / sleeps * 1e9).collect(), 1);
        println!("| {name} | bare heap | {} | |", per_sleep(&self.heap));
        println!("| {name} | nexosim | {} | |", per_sleep(&self.nexo));
        for (at, policy) in POLICIES.iter().enumerate() {
            let ours = &self.ours[at];
            let faster = self.nexo.iter().zip(ours).map(|(nexo, ours)| nexo / ours).collect();
            println!("| {name} | ours, {policy} | {} | {} |", per_sleep(ours), spread(faster, 2));
        }
    }
}

mod nexo {
    //! The same processes in nexosim, on one thread: a model each, that schedules an event for itself.
    use std::time::Duration;

    use cpu_time::ProcessTime;

    use nexosim::model::{Context, Model, schedulable};
    use nexosim::simulation::{Mailbox, SimInit};
    use nexosim::time::MonotonicTime;
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    pub struct Process {
        number: u64,
        round: u64,
        stagger: u64,
        gaps: Vec<u64>,
    }

    #[Model]
    impl Process {
        #[nexosim(init)]
        async fn init(&mut self, cx: &Context<Self>) {
            let first = self.number * self.stagger + self.gaps[0];
            cx.schedule_event(Duration::from_nanos(first), schedulable!(Self::awake), ()).expect("in the future");
        }

        #[nexosim(schedulable)]
        async fn awake(&mut self, _: (), cx: &Context<Self>) {
            self.round += 1;
            if self.round < super::SLEEPS {
                let gap = self.gaps[self.round as usize % self.gaps.len()];
                cx.schedule_event(Duration::from_nanos(gap), schedulable!(Self::awake), ()).expect("in the future");
            }
        }
    }

    /// Seconds, without setting up.
    pub fn run(workload: &super::Workload) -> f64 {
        let (stagger, gaps) = (workload.stagger, (workload.gaps)());
        let mut bench = SimInit::with_num_threads(1);
        for number in 0..super::PROCESSES {
            let model = Process { number, round: 0, stagger, gaps: gaps.clone() };
            bench = bench.add_model(model, Mailbox::new(), "process");
        }
        let mut simulation = bench.init(MonotonicTime::EPOCH).expect("models without ports");
        let start = ProcessTime::now();
        simulation.run().expect("nothing fails");
        start.elapsed().as_secs_f64()
    }
}
