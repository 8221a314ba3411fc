//! The numbers of a run as tables: by kind, by worker, by queue, by label, and of all. Every cell has its text and its
//! plain value, so that a table can be copied into another program.

use serde::Serialize;

use crate::time::{Nanos, Time};
use crate::trace::metrics::{Metrics, Percentile, Spread};
use crate::view::board::{Board, Measure as Measures};
use crate::view::timeline::{Wait, WorkState};
use crate::view::track::{Queue, Steps};

/// A number.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Cell {
    /// For people; empty: there is none.
    pub text: String,
    /// The plain value: nanoseconds, a count, a share from 0 to 1.
    pub raw: Option<f64>,
    /// There are too few samples: so many it needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<u64>,
}

/// A row of a table: what it is about, and its cells.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Line {
    /// What the row is about: a name for people, or an id that the page has words for.
    pub name: String,
    /// One for each column.
    pub cells: Vec<Cell>,
}

/// A table. The page has words for its id and its columns.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Table {
    /// `kinds`, `measures`, `workers`, `queues` or `run`.
    pub id: &'static str,
    /// What each cell of a row is.
    pub columns: Vec<&'static str>,
    /// The rows.
    pub rows: Vec<Line>,
}

/// One measure of a run among others.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Measure {
    /// Its id; the page has words for it.
    pub id: &'static str,
    /// Its value.
    pub cell: Cell,
    /// `less` or `more` is better; nothing: neither is.
    pub better: Option<&'static str>,
}

fn none() -> Cell {
    Cell { text: String::new(), raw: None, needs: None }
}

fn plain(n: u64) -> Cell {
    Cell { text: n.to_string(), raw: Some(n as f64), needs: None }
}

fn maybe(n: Option<u64>) -> Cell {
    n.map_or_else(none, plain)
}

fn length(board: &Board, ns: Option<u64>) -> Cell {
    ns.map_or_else(none, |ns| Cell { text: board.scale.length(Nanos(ns)), raw: Some(ns as f64), needs: None })
}

fn percentile(board: &Board, percentile: Percentile, samples: u64) -> Cell {
    match percentile.ns {
        Some(_) => length(board, percentile.ns),
        None if samples == 0 => none(),
        None => Cell { needs: Some(percentile.needs), ..none() },
    }
}

fn share(part: u64, of: u64) -> Cell {
    let share = if of == 0 { 0.0 } else { part as f64 / of as f64 };
    Cell { text: format!("{:.1}\u{a0}%", share * 100.0), raw: Some(share), needs: None }
}

fn rate(per_second: Option<f64>) -> Cell {
    per_second.map_or_else(none, |n| Cell { text: format!("{n:.1}\u{a0}/s"), raw: Some(n), needs: None })
}

/// n, p50, p90, p99, p99.9 and the longest.
fn spread(board: &Board, spread: &Spread) -> [Cell; 6] {
    let at = |p| percentile(board, p, spread.n);
    [plain(spread.n), at(spread.p50), at(spread.p90), at(spread.p99), at(spread.p99_9), length(board, spread.max_ns)]
}

const SPREAD: [&str; 6] = ["n", "p50", "p90", "p99", "p99_9", "max"];

/// All tables of a run.
#[must_use]
pub fn tables(board: &Board, metrics: &Metrics) -> Vec<Table> {
    let mut out = vec![
        kinds(board, metrics, "latency", |kind| &kind.task_latency),
        kinds(board, metrics, "lateness", |kind| &kind.lateness),
        kinds(board, metrics, "delay", |kind| &kind.scheduled_duration),
        kinds(board, metrics, "polls", |kind| &kind.poll_duration),
    ];
    if !metrics.measures.is_empty() {
        let line = |measure: &crate::trace::metrics::MeasureMetrics| Line {
            name: measure.label.clone(),
            cells: spread(board, &measure.took).to_vec(),
        };
        out.push(Table { id: "measures", columns: SPREAD.to_vec(), rows: metrics.measures.iter().map(line).collect() });
    }
    out.push(workers(board, metrics));
    out.push(queues(board));
    let rows = run(metrics).into_iter().map(|(id, cell)| Line { name: id.to_owned(), cells: vec![cell] });
    out.push(Table { id: "run", columns: vec!["value"], rows: rows.collect() });
    out
}

fn kinds(
    board: &Board,
    metrics: &Metrics,
    id: &'static str,
    of: fn(&crate::trace::metrics::TaskMetrics) -> &Spread,
) -> Table {
    let row = |(index, kind): (usize, &crate::trace::metrics::TaskMetrics)| {
        let name = board.kinds.get(index).map_or(kind.name.as_str(), |known| known.name.as_str());
        let mut cells = vec![plain(kind.instrumented_count), plain(kind.completed_count)];
        cells.extend(spread(board, of(kind)));
        Line { name: name.to_owned(), cells }
    };
    let rows = metrics.kinds.iter().enumerate().filter(|(_, kind)| kind.instrumented_count > 0).map(row).collect();
    Table { id, columns: ["tasks", "done"].into_iter().chain(SPREAD).collect(), rows }
}

/// What a worker did, in nanoseconds.
#[derive(Default)]
struct Shares {
    runs: u64,
    blocked: u64,
    own: u64,
    search: u64,
    parked: u64,
    no_cpu: u64,
    alone: u64,
}

fn workers(board: &Board, metrics: &Metrics) -> Table {
    let end = board.line.end.0;
    let rows = metrics.workers.iter().filter(|worker| worker.worker.index() < board.line.workers.len()).map(|worker| {
        let mut shares = Shares { alone: end, ..Shares::default() };
        for span in board.line.workers[worker.worker.index()].track.spans() {
            let ns = span.to.since(span.from).0;
            shares.alone = shares.alone.saturating_sub(ns);
            *match span.state {
                state if state.blocks() => &mut shares.blocked,
                WorkState::Poll { .. } => &mut shares.runs,
                WorkState::Own | WorkState::Lock { .. } => &mut shares.own,
                WorkState::Search => &mut shares.search,
                WorkState::Park { .. } => &mut shares.parked,
                WorkState::NoCpu => &mut shares.no_cpu,
            } += ns;
        }
        let mut cells: Vec<Cell> =
            [shares.runs, shares.blocked, shares.own, shares.search, shares.parked, shares.no_cpu, shares.alone]
                .into_iter()
                .map(|part| share(part, end))
                .collect();
        let counts = [
            worker.polls_count,
            worker.steal_operations,
            worker.steal_count,
            worker.overflow_count,
            worker.park_count,
            worker.unpark_count,
        ];
        cells.extend(counts.into_iter().map(plain));
        Line { name: board.worker_start(worker.worker), cells }
    });
    Table {
        id: "workers",
        columns: vec![
            "runs",
            "blocked",
            "own",
            "search",
            "parked",
            "no_cpu",
            "no_thread",
            "polls_n",
            "steals",
            "stolen",
            "overflows",
            "parks",
            "wakes",
        ],
        rows: rows.collect(),
    }
}

/// The mean of a count over a run.
fn mean(steps: &Steps, end: Time) -> f64 {
    let (mut area, mut at, mut value) = (0.0, Time::ZERO, u64::from(steps.at(Time::ZERO)));
    for (next, then) in steps.within(Time::ZERO, end) {
        area += next.since(at).0 as f64 * value as f64;
        (at, value) = (next, u64::from(then));
    }
    area += end.since(at).0 as f64 * value as f64;
    if end.0 == 0 { 0.0 } else { area / end.0 as f64 }
}

fn queues(board: &Board) -> Table {
    let line = &board.line;
    let row = |name: String, queue: &Queue| {
        let mean = mean(&queue.depth, line.end);
        let mean = Cell { text: format!("{mean:.2}"), raw: Some(mean), needs: None };
        let cells = vec![plain(queue.depth.max().into()), mean, length(board, Some(queue.longest(line.end)))];
        Line { name, cells }
    };
    let nouns = &board.facts.nouns;
    let mut rows = Vec::new();
    if !nouns.global.is_empty() || !line.global.is_empty() {
        rows.push(row(board.words().row_global.to_owned(), &line.global));
    }
    if !line.pool.is_empty() {
        rows.push(row(board.words().row_pool.to_owned(), &line.pool));
    }
    for (index, worker) in line.workers.iter().enumerate().filter(|(_, lane)| !lane.records.is_empty()) {
        rows.push(row(board.worker_start(crate::id::WorkerId(index as u16)), &worker.queue));
    }
    Table { id: "queues", columns: vec!["depth_max", "depth_mean", "longest"], rows }
}

fn run(metrics: &Metrics) -> Vec<(&'static str, Cell)> {
    vec![
        ("throughput", rate(metrics.throughput_per_s)),
        ("threads", plain(metrics.peak_threads)),
        ("polls_n", plain(metrics.total_polls_count)),
        ("steals", plain(metrics.total_steal_operations)),
        ("stolen", plain(metrics.total_steal_count)),
        ("overflows", plain(metrics.total_overflow_count)),
        ("parks", plain(metrics.total_park_count)),
        ("wakes", plain(metrics.total_unpark_count)),
        ("forced", plain(metrics.budget_forced_yield_count)),
        ("hand_offs", plain(metrics.hand_off_count)),
        ("switches", maybe(metrics.context_switch_count)),
        ("lock_waits", maybe(metrics.lock_wait_count)),
    ]
}

/// What several runs are compared by: the focus of the lesson first.
#[must_use]
pub fn measures(board: &Board, metrics: &Metrics) -> Vec<Measure> {
    let measure = |id, cell, better| Measure { id, cell, better };
    let worst = board.focus_waits().map(Wait::length).max().map(|length| length.0);
    let of_focus = metrics.kinds.get(board.focus.kind.index());
    let mut out = Vec::new();
    match board.focus.measure {
        Measures::Polls => {
            let polls: usize = board.focus_lanes().map(|lane| lane.polls.len()).sum();
            out.push(measure("focus_polls", plain(polls as u64), Some("less")));
        }
        Measures::Late { .. } => out.push(measure("worst_late", length(board, worst), Some("less"))),
        Measures::Wait | Measures::Never => out.push(measure("worst_wait", length(board, worst), Some("less"))),
    }
    if let Some(kind) = of_focus {
        out.push(measure("late_p50", percentile(board, kind.lateness.p50, kind.lateness.n), Some("less")));
        out.push(measure("late_p99", percentile(board, kind.lateness.p99, kind.lateness.n), Some("less")));
    }
    let all = &metrics.tasks.task_latency;
    out.push(measure("latency_max", length(board, all.max_ns), Some("less")));
    out.push(measure("last_end", length(board, metrics.last_end.map(|end| end.0)), Some("less")));
    for (id, cell) in run(metrics) {
        let better = if id == "throughput" { Some("more") } else { None };
        out.push(measure(id, cell, better));
    }
    out
}

/// How long waits of the focus were: 101 quantiles by nearest rank, in nanoseconds; empty: there was none.
#[must_use]
pub fn curve(board: &Board) -> Vec<u64> {
    let mut all: Vec<u64> = board.focus_waits().map(|wait| wait.length().0).collect();
    all.sort_unstable();
    let Some(last) = all.len().checked_sub(1) else { return Vec::new() };
    (0..=100).map(|percent| all[(last * percent).div_ceil(100)]).collect()
}
