//! What `sim` and `real` print about a run.

use std::fmt;

use dandori::compare::duration;
use dandori::trace::metrics::{self, Metrics, Percentile, Spread, TaskMetrics};
use dandori::trace::recording::Origin;
use dandori::trace::{Ended, Event, Meta, Recording, Waits, laws};
use serde::Serialize;

/// Stuck tasks that are named.
const STUCK_MAX: usize = 10;

/// A run in numbers.
#[derive(Serialize)]
pub struct Summary {
    /// What ran.
    meta: Meta,
    /// 64 bits over the stream, as 16 hexadecimal digits. Only simulated streams repeat.
    digest: String,
    /// Records in the stream.
    records: u64,
    /// Why it ended.
    ended: Option<Ended>,
    /// Why it ended and who was left waiting, as sentences.
    notices: Vec<String>,
    /// Violations of the laws of events.
    violations: u64,
    /// Its numbers.
    metrics: Metrics,
}

impl Summary {
    /// The summary of a run.
    pub fn of(recording: &Recording) -> Summary {
        let report = laws::check(recording);
        let (ended, mut notices) = ending(recording);
        if recording.meta.dropped > 0 {
            let dropped = recording.meta.dropped;
            notices.push(format!("{dropped} records were lost in full buffers: counts and maxima are lower bounds."));
        }
        if let Some(first) = report.violations.first() {
            notices.push(format!("The stream breaks {} laws of events, a bug. The first: {first}.", report.count));
        }
        Summary {
            meta: recording.meta.clone(),
            digest: format!("{:016x}", recording.trace.digest()),
            records: recording.trace.len() as u64,
            ended,
            notices,
            violations: report.count,
            metrics: metrics::fold(recording),
        }
    }
}

/// Why a run ended, and who waits for whom if it could not go on.
fn ending(recording: &Recording) -> (Option<Ended>, Vec<String>) {
    let Some(Event::RunEnd { why, left }) = recording.trace.iter().next_back().map(|record| record.event) else {
        return (None, vec!["The stream has no end.".to_owned()]);
    };
    let at = recording.meta.end;
    let sentence = match why {
        Ended::Complete => format!("Everything was done at {at}."),
        Ended::Time => format!("The scenario's end time was reached at {at}; {left} tasks were left."),
        Ended::Events => format!("The limit of events was reached at {at}; {left} tasks were left."),
        Ended::Deadlock => format!("Deadlock at {at}: {left} tasks are left and nothing can happen any more."),
        Ended::Instant => format!("Too much happened at one instant, {at}; {left} tasks were left."),
        Ended::Cancelled => format!("The run was cancelled at {at}; {left} tasks were left."),
    };
    let stuck: Vec<String> =
        recording.trace.iter().filter_map(|record| stuck(&record.event, &recording.meta)).collect();
    let more = stuck.len().saturating_sub(STUCK_MAX);
    let mut notices = vec![sentence];
    notices.extend(stuck.into_iter().take(STUCK_MAX));
    if more > 0 {
        notices.push(format!("And {more} more."));
    }
    (Some(why), notices)
}

fn stuck(event: &Event, meta: &Meta) -> Option<String> {
    let Event::Stuck { task, on } = event else { return None };
    Some(match on {
        Waits::Nobody => format!("{task} is pending and nobody holds its waker."),
        Waits::Channel(channel) => {
            let name = meta.channels.get(channel.index()).map_or_else(|| channel.to_string(), Clone::clone);
            format!("{task} waits for channel {name}.")
        }
        Waits::Task(other) => format!("{task} waits for the end of {other}."),
        Waits::Worker => format!("{task} could run, but no worker will come."),
        Waits::Mutex(mutex) => {
            let name = meta.mutexes.get(mutex.index()).map_or_else(|| mutex.to_string(), Clone::clone);
            format!("{task} waits for mutex {name}.")
        }
        Waits::Stretch => format!("{task} waits for its own blocking stretch to end."),
    })
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Meta { scenario, policy, seed, cpus, workers, origin, .. } = &self.meta;
        let world = match origin {
            Origin::Simulated => "simulated",
            Origin::Real => "on real threads",
            Origin::Foreign => "of another program",
        };
        writeln!(f, "{scenario} under {policy}, {world}: {workers} workers, {cpus} CPUs, seed {seed}")?;
        for notice in &self.notices {
            writeln!(f, "{notice}")?;
        }
        writeln!(f, "{} records, digest {}\n", self.records, self.digest)?;
        writeln!(f, "{:<24} {:>8} {:>11} {:>11} {:>11} {:>11} {:>11}", "", "n", "p50", "p90", "p99", "p99.9", "max")?;
        for kind in &self.metrics.kinds {
            tasks(f, kind)?;
        }
        if self.metrics.jobs.instrumented_count > 0 {
            tasks(f, &self.metrics.jobs)?;
        }
        for measure in &self.metrics.measures {
            writeln!(f, "measure {}", measure.label)?;
            spread(f, "took", &measure.took)?;
        }
        self.machine(f)
    }
}

impl Summary {
    fn machine(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = &self.metrics;
        writeln!(f)?;
        for worker in &all.workers {
            writeln!(
                f,
                "{:<4} busy {:>5.1} %, {} polls, {} parks, {} unparks, {} tasks stolen in {} steals, {} overflows",
                worker.worker.to_string(),
                worker.busy_ratio * 100.0,
                worker.polls_count,
                worker.park_count,
                worker.unpark_count,
                worker.steal_count,
                worker.steal_operations,
                worker.overflow_count,
            )?;
        }
        let count = |count: Option<u64>| count.map_or("not seen on threads".to_owned(), |count| count.to_string());
        writeln!(f, "{} threads at most, {} hand-offs", all.peak_threads, all.hand_off_count)?;
        writeln!(f, "{} polls, {} forced yields", all.total_polls_count, all.budget_forced_yield_count)?;
        writeln!(
            f,
            "lock waits: {}, context switches: {}",
            count(all.lock_wait_count),
            count(all.context_switch_count)
        )?;
        match all.throughput_per_s {
            Some(rate) => write!(f, "throughput {rate:.1} tasks/s"),
            None => write!(f, "throughput: the run has no length"),
        }
    }
}

fn tasks(f: &mut fmt::Formatter<'_>, tasks: &TaskMetrics) -> fmt::Result {
    let TaskMetrics { name, instrumented_count: spawned, completed_count: completed, .. } = tasks;
    let others = [(tasks.dropped_count, "dropped"), (tasks.panicked_count, "panicked")];
    let others: String = others.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!(", {n} {what}")).collect();
    writeln!(f, "{name}: {spawned} spawned, {completed} completed{others}")?;
    for (name, values) in [
        ("lateness", &tasks.lateness),
        ("scheduling delay", &tasks.scheduled_duration),
        ("poll duration", &tasks.poll_duration),
        ("task latency", &tasks.task_latency),
    ] {
        spread(f, name, values)?;
    }
    Ok(())
}

fn spread(f: &mut fmt::Formatter<'_>, name: &str, spread: &Spread) -> fmt::Result {
    if spread.n == 0 {
        return Ok(());
    }
    // Too few samples: how many it needs is shown instead.
    let cell = |value: Percentile| value.ns.map_or_else(|| format!("n>={}", value.needs), duration);
    let max = spread.max_ns.map_or(String::new(), duration);
    let Spread { n, p50, p90, p99, p99_9, .. } = spread;
    let [p50, p90, p99, p99_9] = [p50, p90, p99, p99_9].map(|value| cell(*value));
    writeln!(f, "  {name:<22} {n:>8} {p50:>11} {p90:>11} {p99:>11} {p99_9:>11} {max:>11}")
}
