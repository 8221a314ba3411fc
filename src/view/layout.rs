//! Where rows lie: one pure function from a run to rows and heights, for canvas, stage and SVG alike.

use serde::{Deserialize, Serialize};

use super::board::{Board, capital};
use super::timeline::TaskLane;
use crate::id::{CpuId, TaskId, ThreadId, WorkerId};
use crate::words::{bare, policies};

/// The three layouts by the width of the page, and that of a run among others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Layout {
    /// From 64 rem.
    Wide,
    /// From 37.5 rem.
    Middle,
    /// Below.
    Narrow,
    /// One of several runs over each other: low rows, only those that a comparison needs, without an axis of its own.
    Band,
}

impl Layout {
    /// By the number that crosses the boundary.
    #[must_use]
    pub fn from_number(number: u32) -> Layout {
        match number {
            0 => Layout::Wide,
            1 => Layout::Middle,
            3 => Layout::Band,
            _ => Layout::Narrow,
        }
    }

    /// Height of the axis in pixels.
    #[must_use]
    pub fn axis(self) -> f32 {
        match self {
            Layout::Narrow => 34.0,
            Layout::Band => 0.0,
            Layout::Wide | Layout::Middle => 30.0,
        }
    }

    /// Whether a row is there in this layout. A band has the focus, workers, and threads outside of workers; of another
    /// program's trace its threads.
    #[must_use]
    pub fn has(self, row: Subject) -> bool {
        let banded = matches!(
            row,
            Subject::Task(_) | Subject::Worker(_) | Subject::Threads | Subject::Thread(_) | Subject::Pool
        );
        self != Layout::Band || banded
    }

    /// What a row leaves free at its top for its name, in pixels.
    #[must_use]
    pub fn label(self) -> f32 {
        if self == Layout::Narrow { 17.0 } else { 0.0 }
    }
}

/// What a row shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    /// The task that is looked at.
    Task(TaskId),
    /// Another task, pinned or listed.
    Lane(TaskId),
    /// A worker.
    Worker(WorkerId),
    /// The queue that all share.
    Global,
    /// Threads that poll without a worker.
    Threads,
    /// A thread of a foreign trace.
    Thread(ThreadId),
    /// The blocking pool.
    Pool,
    /// Timers and I/O.
    Driver,
    /// The monitor.
    Monitor,
    /// A CPU.
    Cpu(CpuId),
}

/// Which rows somebody asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    /// Tasks with a row of their own, in their order; at most [`PINS`].
    pub pins: Vec<u32>,
    /// Parts of the machine, tasks, or both.
    pub rows: Listed,
    /// Also the rows in which nothing happened.
    pub quiet: bool,
}

/// What the rows are, besides the task that is looked at and pinned ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Listed {
    /// Parts of the machine.
    #[default]
    Machine,
    /// Tasks by kind, who waited longest first.
    Tasks,
    /// Both.
    Both,
}

/// Most pinned tasks.
pub const PINS: usize = 16;
/// Most tasks that are listed; a board is looked at and not searched through.
const LISTED: usize = 40;

/// A row of the board, as the page sees it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Row {
    /// Its id, stable over runs: `focus`, `worker-0`, `driver`.
    pub id: String,
    /// What kind of row.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// The line under the name.
    pub sub: String,
    /// Its top in pixels, from the top of the axis, in the wide and the middle layout.
    pub y: f32,
    /// Its height in pixels.
    pub height: f32,
}

/// Where a row lies in one layout.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Place {
    /// Its top in pixels.
    pub y: f32,
    /// Its height in pixels.
    pub height: f32,
}

/// More workers than this make their rows compact.
const ROOMY: usize = 6;
/// More workers than this make their rows tiny, every fourth with its name.
const COMPACT: usize = 16;
/// Rows of threads of a foreign trace at most: those with the most time in slices. Taste: a board that can be scrolled.
const THREADS: usize = 48;
/// Rows of CPUs at most; what matters there is that threads share them.
const CPUS: usize = 8;
/// Height of a row of a band that is not the focus, in pixels.
const BAND: f32 = 24.0;
/// Narrow boards show queue depth for so many workers.
const NARROW_DEPTH: usize = 2;

/// How a worker's row is drawn: top and height of its bars, top and height of its depth graph (0: none).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Bars {
    /// Top of the bars, from the row's top, in pixels.
    pub bar_y: f32,
    /// Their height.
    pub bar_h: f32,
    /// Foot of the depth graph.
    pub depth_foot: f32,
    /// Its height; 0: none.
    pub depth_h: f32,
    /// Height of the row.
    pub height: f32,
}

/// Whether rows of so many workers have room for one line only.
#[must_use]
pub fn compact(workers: usize) -> bool {
    workers > ROOMY
}

/// The bars of a worker's row among so many.
#[must_use]
pub fn worker_bars(layout: Layout, workers: usize) -> Bars {
    let top = layout.label();
    if workers > COMPACT {
        return Bars { bar_y: top + 2.0, bar_h: 10.0, depth_foot: 0.0, depth_h: 0.0, height: top + 14.0 };
    }
    if layout == Layout::Band {
        return Bars { bar_y: 3.0, bar_h: 18.0, depth_foot: 0.0, depth_h: 0.0, height: BAND };
    }
    if compact(workers) {
        return Bars { bar_y: top + 5.0, bar_h: 18.0, depth_foot: 0.0, depth_h: 0.0, height: top + 28.0 };
    }
    match layout {
        Layout::Narrow if workers > NARROW_DEPTH => {
            Bars { bar_y: top + 2.0, bar_h: 22.0, depth_foot: 0.0, depth_h: 0.0, height: top + 28.0 }
        }
        Layout::Narrow => Bars { bar_y: top + 1.0, bar_h: 22.0, depth_foot: top + 41.0, depth_h: 16.0, height: 60.0 },
        _ => Bars { bar_y: 8.0, bar_h: 22.0, depth_foot: 54.0, depth_h: 16.0, height: 62.0 },
    }
}

/// The rows of a run in their order, and the names of those that are folded because nothing happened there.
#[must_use]
pub(super) fn subjects(board: &Board) -> (Vec<Subject>, Vec<String>) {
    let (line, words, nouns) = (&board.line, board.words(), &board.facts.nouns);
    if board.is_foreign() {
        let task = board.focus_task().map(Subject::Task);
        return (task.into_iter().chain(threads(board).into_iter().map(Subject::Thread)).collect(), Vec::new());
    }
    let range = board.to.since(board.from);
    let mut rows: Vec<Subject> = board.focus_task().map(Subject::Task).into_iter().collect();
    let (listed, left) = lanes(board, board.focus_task());
    rows.extend(listed.into_iter().map(Subject::Lane));
    let mut quiet = Vec::new();
    if left > 0 {
        quiet.push(bare(words.row_tasks_left, &[("n", left.to_string().into())]));
    }
    if board.wanted.rows == Listed::Tasks {
        return (rows, quiet);
    }
    let mut unless = |quiet_now: bool, subject: Option<Subject>, name: &str| {
        rows.extend(subject.filter(|_| !quiet_now || board.wanted.quiet));
        if quiet_now {
            quiet.push(name.to_owned());
        }
    };
    if !nouns.global.is_empty() {
        unless(line.queue_quiet(&line.global, range), Some(Subject::Global), words.row_global);
    }
    // Where a policy has workers in reserve, those that no thread ever held have no row.
    for (worker, _) in line.workers.iter().enumerate().filter(|(_, lane)| !lane.records.is_empty()) {
        unless(false, Some(Subject::Worker(WorkerId(worker as u16))), "");
    }
    if line.orphans() {
        unless(false, Some(Subject::Threads), "");
    }
    unless(line.pool_quiet(), Some(Subject::Pool), words.row_pool);
    unless(line.driver_quiet(), Some(Subject::Driver), words.row_driver);
    if !nouns.monitor.is_empty() {
        unless(line.monitor_records.is_empty(), Some(Subject::Monitor), policies::noun(board.lang, nouns.monitor));
    }
    if !line.shared_cpus {
        unless(true, None, words.row_cpus);
    }
    if line.shared_cpus || board.wanted.quiet {
        for cpu in 0..line.cpus.len().min(CPUS) {
            unless(false, Some(Subject::Cpu(CpuId(cpu as u16))), "");
        }
    }
    // In the line of what is quiet names stand in the middle of a sentence.
    let quiet = quiet.into_iter().map(|name| in_sentence(&name)).collect();
    (rows, quiet)
}

/// Tasks with a row of their own beside the one that is looked at: pinned ones, then those that are listed; and how many
/// more could be.
fn lanes(board: &Board, focus: Option<TaskId>) -> (Vec<TaskId>, usize) {
    let mut found: Vec<TaskId> = Vec::new();
    for task in board.wanted.pins.iter().take(PINS).map(|&pin| TaskId(pin)) {
        if board.line.task(task).is_some() && !found.contains(&task) {
            found.push(task);
        }
    }
    let mut left = 0;
    if board.wanted.rows != Listed::Machine {
        let worst = |lane: &TaskLane| lane.waits.iter().map(|&wait| board.line.waits[wait as usize].length()).max();
        let known = |task: TaskId| found.contains(&task) || Some(task) == focus;
        let mut tasks: Vec<_> = board
            .line
            .tasks
            .iter()
            .filter(|lane| !known(lane.id))
            .map(|lane| (lane.kind, std::cmp::Reverse(worst(lane)), lane.id))
            .collect();
        tasks.sort_unstable();
        left = tasks.len().saturating_sub(LISTED);
        found.extend(tasks.into_iter().take(LISTED).map(|(.., task)| task));
    }
    found.retain(|&task| Some(task) != focus);
    (found, left)
}

/// The threads of a foreign trace that have a row: the busiest, in the order of the file.
fn threads(board: &Board) -> Vec<ThreadId> {
    let length = |&poll: &u32| board.line.poll(poll).to.since(board.line.poll(poll).start).0;
    let busy: Vec<u64> =
        board.line.slices.iter().map(|of| of.iter().map(length).fold(of.len() as u64, u64::saturating_add)).collect();
    let mut threads: Vec<usize> = (0..busy.len()).filter(|&thread| busy[thread] > 0).collect();
    threads.sort_by_key(|&thread| (std::cmp::Reverse(busy[thread]), thread));
    threads.truncate(THREADS);
    threads.sort_unstable();
    threads.into_iter().map(|thread| ThreadId(thread as u16)).collect()
}

/// How many threads of a foreign trace have slices and no row.
#[must_use]
pub fn unshown_threads(board: &Board) -> u64 {
    let shown = board.rows.iter().filter(|row| matches!(row, Subject::Thread(_))).count();
    let all = board.line.slices.iter().filter(|slices| !slices.is_empty()).count();
    all.saturating_sub(shown) as u64
}

/// `Global queue` in the middle of a sentence; `CPUs` and names of other scripts stay as they are.
fn in_sentence(name: &str) -> String {
    let mut letters = name.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if first.is_ascii_uppercase() && second.is_ascii_lowercase() => {
            format!("{}{}", first.to_ascii_lowercase(), &name[1..])
        }
        _ => name.to_owned(),
    }
}

/// Height of a row in a layout, in pixels.
#[must_use]
pub fn height(subject: Subject, layout: Layout, workers: usize) -> f32 {
    let narrow = layout.label();
    match subject {
        Subject::Task(_) if layout == Layout::Band => 50.0,
        Subject::Threads | Subject::Thread(_) | Subject::Pool if layout == Layout::Band => BAND,
        Subject::Task(_) if layout == Layout::Narrow => 67.0,
        Subject::Task(_) => 60.0,
        Subject::Worker(_) => worker_bars(layout, workers).height,
        Subject::Driver if layout == Layout::Narrow => 62.0,
        Subject::Driver => 52.0,
        Subject::Lane(_) | Subject::Global | Subject::Threads | Subject::Pool | Subject::Monitor => 40.0 + narrow,
        Subject::Thread(_) => 44.0 + narrow,
        Subject::Cpu(_) => 28.0 + narrow,
    }
}

/// Where the rows lie in a layout, and the height of the whole.
#[must_use]
pub fn places(rows: &[Subject], layout: Layout, workers: usize) -> (Vec<Place>, f32) {
    let mut y = layout.axis();
    let places = rows
        .iter()
        .map(|&row| {
            let place = Place { y, height: height(row, layout, workers) };
            y += place.height;
            place
        })
        .collect();
    (places, y)
}

/// The rows with their names.
#[must_use]
pub fn rows(board: &Board) -> Vec<Row> {
    let workers = board.line.workers.len();
    let (places, _) = places(&board.rows, Layout::Wide, workers);
    board.rows.iter().zip(places).map(|(&subject, place)| named(board, subject, place)).collect()
}

fn named(board: &Board, subject: Subject, place: Place) -> Row {
    let (words, nouns) = (board.words(), &board.facts.nouns);
    let row =
        |id: String, kind, name: String, sub: String| Row { id, kind, name, sub, y: place.y, height: place.height };
    let fixed = |id: &str, kind, name: &str, sub: &str| row(id.into(), kind, name.into(), sub.into());
    match subject {
        Subject::Task(task) => {
            let (name, sub) = task_names(board, task);
            row("focus".into(), "focus", name, sub)
        }
        Subject::Lane(task) => {
            let (name, sub) = task_names(board, task);
            row(format!("task-{}", task.0), "task", name, sub)
        }
        Subject::Worker(worker) => {
            let tiny = board.line.workers.len() > COMPACT && !worker.0.is_multiple_of(4);
            let name = if tiny { String::new() } else { board.worker_start(worker) };
            let sub = if compact(board.line.workers.len()) { String::new() } else { worker_sub(board, worker) };
            row(format!("worker-{}", worker.0), "worker", name, sub)
        }
        Subject::Global => fixed("global", "global", words.row_global, words.row_global_sub),
        Subject::Threads => fixed("threads", "thread", words.row_threads, words.row_threads_sub),
        Subject::Thread(thread) => {
            row(format!("thread-{}", thread.0), "thread", capital(board.thread(thread), true), String::new())
        }
        Subject::Pool => fixed("pool", "pool", words.row_pool, words.row_pool_sub),
        Subject::Driver => fixed("driver", "driver", words.row_driver, words.row_driver_sub),
        Subject::Monitor => {
            fixed("monitor", "monitor", &policies::noun_start(board.lang, nouns.monitor), words.row_monitor_sub)
        }
        Subject::Cpu(cpu) => {
            let name = bare(words.row_cpu, &[("id", cpu.0.to_string().into())]);
            row(format!("cpu-{}", cpu.0), "cpu", name, String::new())
        }
    }
}

/// `Ticker T`, `every 10 ms`.
fn task_names(board: &Board, task: TaskId) -> (String, String) {
    let kind = board.line.task(task).and_then(|lane| board.kinds.get(lane.kind.index()));
    match kind {
        // A foreign task is called as its slices are.
        Some(kind) if board.is_foreign() => (kind.row.clone(), String::new()),
        Some(kind) => (format!("{} {}", kind.row, board.name(task)), kind.sub.clone()),
        None => (board.name(task), String::new()),
    }
}

/// The thread that held a worker, or how many did.
fn worker_sub(board: &Board, worker: WorkerId) -> String {
    let words = board.words();
    let mut threads: Vec<_> = board.line.workers[worker.index()].held.spans().iter().map(|span| span.state).collect();
    threads.sort_unstable();
    threads.dedup();
    match threads[..] {
        [] => words.sub_no_thread.to_owned(),
        [thread] => board.thread(thread),
        _ => bare(words.sub_threads, &[("n", threads.len().to_string().into())]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample;
    use crate::words::Lang;

    #[test]
    fn the_first_picture_has_the_rows_and_heights_of_the_design() {
        let board = sample::board(Lang::En);
        let (subjects, quiet) = (&board.rows, &board.quiet);
        let rows = rows(&board);
        let found: Vec<_> =
            rows.iter().map(|r| (r.id.as_str(), r.name.as_str(), r.sub.as_str(), r.y, r.height)).collect();
        let expected = [
            ("focus", "Ticker T", "every 10\u{a0}ms", 30.0, 60.0),
            ("worker-0", "Worker 0", "thread 1", 90.0, 62.0),
            ("worker-1", "Worker 1", "thread 2", 152.0, 62.0),
            ("driver", "Driver", "timers, I/O", 214.0, 52.0),
        ];
        assert_eq!(found, expected);
        assert_eq!(*quiet, ["global queue", "blocking pool", "CPUs"]);
        let narrow = places(subjects, Layout::Narrow, 2);
        let heights: Vec<_> = narrow.0.iter().map(|place| place.height).collect();
        assert_eq!((heights, narrow.1), (vec![67.0, 60.0, 60.0, 62.0], 283.0));
    }

    #[test]
    fn rows_come_when_somebody_asks_for_them() {
        let mut board = sample::board(Lang::En);
        let ids = |board: &Board| rows(board).into_iter().map(|row| row.id).collect::<Vec<_>>();
        let pins = vec![sample::J2.0, sample::J1.0, sample::TICKER.0, sample::J1.0, 999];
        board.arrange(Wanted { pins: pins.clone(), ..Wanted::default() });
        assert_eq!(ids(&board), ["focus", "task-3", "task-2", "worker-0", "worker-1", "driver"]);
        board.arrange(Wanted { pins, rows: Listed::Tasks, quiet: false });
        // Pinned ones in their order, the others by kind.
        assert_eq!(ids(&board), ["focus", "task-3", "task-2", "task-1"]);
        board.arrange(Wanted { rows: Listed::Both, quiet: true, ..Wanted::default() });
        let expected = ["focus", "task-2", "task-3", "task-1", "global", "worker-0", "worker-1", "pool", "driver"];
        assert_eq!(ids(&board)[..9], expected);
        assert_eq!(board.quiet, ["global queue", "blocking pool", "CPUs"], "the line still says that they were quiet");
        board.arrange(Wanted::default());
        assert_eq!(ids(&board), ["focus", "worker-0", "worker-1", "driver"]);
    }

    #[test]
    fn no_more_tasks_are_listed_than_one_can_look_at() {
        let mut script = sample::Script::default();
        for task in 0..200 {
            let kind = crate::id::KindId(0);
            script.outside(
                sample::us(u64::from(task)),
                crate::trace::Event::Spawn { task: TaskId(task), parent: None, kind, job: false },
            );
        }
        let focus =
            crate::view::board::Focus { kind: crate::id::KindId(0), measure: crate::view::board::Measure::Wait };
        let mut board = Board::new(&script.finish(1, &[("request", "R")]), sample::facts(), focus, None, Lang::En);
        board.arrange(Wanted { pins: (1..100).collect(), rows: Listed::Tasks, quiet: false });
        assert_eq!(board.rows.len(), 1 + PINS + LISTED);
        assert_eq!(board.quiet, [format!("{} more tasks", 200 - board.rows.len())]);
    }
}
