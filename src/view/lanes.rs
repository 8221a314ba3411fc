//! What lies in each row of the board.

use super::bars::{LEAST, LEAST_BOX, Lane, calm, colour};
use super::board::{Board, Measure};
use super::explain::Why;
use super::layout::{Bars, Layout, Place as Area, Subject, compact, worker_bars};
use super::scene::{Canvas, Op, Prim, flag, icon, kind, style};
use super::shares::{Shares, sign};
use super::text;
use super::timeline::{Fate, Moment, Poll, TaskState, WorkState};
use super::track::{Queue, Span, Steps, Track};
use super::why::harmful;
use crate::id::{CpuId, TaskId, ThreadId, WorkerId};
use crate::time::{Nanos, Time};
use crate::trace::{Cause, Place};
use crate::words::bare;

/// What is narrower than this is not worth a sign of its own, in pixels.
const SEEN: f32 = 2.0;
/// An idle task says what it waits for where there is so much room, in pixels.
const ICON_ROOM: f32 = 40.0;
/// Marks of one kind keep this distance.
const MARK_GAP: f32 = 6.0;
/// Threads without a worker are drawn in at most so many lanes of their row; more become a graph.
const SUBLANES: usize = 4;

/// Draws one row.
pub(super) fn draw(canvas: &mut Canvas, board: &Board, layout: Layout, subject: Subject, row: Area) {
    match subject {
        Subject::Task(task) => task_row(canvas, board, task, row, task_geometry(layout, row)),
        Subject::Lane(task) => task_row(canvas, board, task, row, lane_geometry(layout, row)),
        Subject::Worker(worker) => worker_row(canvas, board, layout, worker, row),
        Subject::Global => queue_row(canvas, &board.line.global, layout, row),
        Subject::Threads => threads_row(canvas, board, layout, row, false),
        Subject::Thread(thread) => foreign_row(canvas, board, layout, thread, row),
        Subject::Pool => threads_row(canvas, board, layout, row, true),
        Subject::Driver => driver_row(canvas, board, layout, row),
        Subject::Monitor => monitor_row(canvas, board, layout, row),
        Subject::Cpu(cpu) => cpu_row(canvas, board, layout, cpu, row),
    }
}

// ---- Rows -------------------------------------------------------------------------------------------------------------

/// Geometry of a task's row, from its top in pixels: bracket, bars, boxes.
struct TaskRow {
    bracket: f32,
    bar: f32,
    boxes: f32,
    line: f32,
}

fn task_geometry(layout: Layout, row: Area) -> TaskRow {
    let top = match layout {
        Layout::Narrow => row.y + 12.0,
        Layout::Band => row.y - 4.0,
        Layout::Wide | Layout::Middle => row.y,
    };
    TaskRow { bracket: top + 12.0, bar: top + 29.0, boxes: top + 33.0, line: top + 40.0 }
}

/// The same without a bracket.
fn lane_geometry(layout: Layout, row: Area) -> TaskRow {
    let top = row.y + layout.label();
    TaskRow { bracket: top, bar: top + 9.0, boxes: top + 13.0, line: top + 20.0 }
}

fn task_row(canvas: &mut Canvas, board: &Board, task: TaskId, row: Area, at: TaskRow) {
    let Some(lane) = board.line.task(task) else { return };
    let idle = |span: &Span<TaskState>| matches!(span.state, TaskState::Idle(_)).then_some(());
    for (from, to, ()) in calm(canvas, board, &lane.track, &lane.shares, idle, |of| of == sign::IDLE) {
        let (x, w, _) = canvas.extent(from, to);
        canvas.push(Prim::new(Op::Line, x, at.line, w, 0.0).kind(kind::INK_2));
    }
    for index in lane.shares.longer(&lane.track, canvas.from, canvas.to, canvas.time(ICON_ROOM)) {
        let span = &lane.track.spans()[index];
        if let TaskState::Idle(cause) = span.state {
            waits_for(canvas, span.from, span.to, cause, at.line);
        }
    }
    let mine = |poll: &Poll| poll.task == task;
    let polls = Lane {
        track: &lane.track,
        shares: &lane.shares,
        y: at.bar,
        h: 22.0,
        middle: true,
        kind: colour(board, task),
        mine: &mine,
    };
    polls.draw(canvas, board, |canvas, span| ready_box(canvas, board, task, span, at.boxes, 0));
    if let Some((end, fate)) = lane.ended.filter(|&(end, _)| end >= canvas.from && end <= canvas.to) {
        let sign = match fate {
            Fate::Finished => 0,
            Fate::Panicked => 1,
            Fate::Cancelled => 2,
        };
        canvas.push(Prim::new(Op::Close, canvas.x(end), at.bar, 3.0, 22.0).style(sign));
    }
    if board.focus_task() == Some(task) {
        ghost(canvas, board, row);
    }
}

/// The sign of what it waits for, where there is room for one.
fn waits_for(canvas: &mut Canvas, from: Time, to: Time, cause: Option<Cause>, y: f32) {
    let (x, w, _) = canvas.extent(from, to);
    let sign = match cause {
        Some(Cause::Timer) => icon::CLOCK,
        Some(Cause::Io) => icon::IO,
        Some(Cause::Task) => icon::CHANNEL,
        Some(Cause::Join | Cause::Pool) => icon::JOIN,
        _ => return,
    };
    if w >= ICON_ROOM {
        canvas.push(Prim::new(Op::Icon, x + 9.0, y, 10.0, 10.0).kind(kind::INK_2).style(sign));
    }
}

/// The border of a task that could run.
fn border(state: TaskState) -> u8 {
    match state {
        TaskState::Unnoticed => style::DOTTED,
        TaskState::Ready(Place::Lifo(_)) => style::SLOT,
        TaskState::Ready(Place::Global | Place::Pool) => style::DASHED,
        TaskState::Ready(Place::Deferred(_)) => style::DASH_DOT,
        _ => style::SOLID,
    }
}

fn ready_box(canvas: &mut Canvas, board: &Board, task: TaskId, span: &Span<TaskState>, y: f32, flags: u8) {
    let (mut x, mut w, cut) = canvas.extent(span.from, span.to);
    if flags & flag::WAIT != 0 && w < LEAST {
        // The wait in question is never too short to be seen.
        (x, w) = (x.min(canvas.width - LEAST), LEAST);
    } else if w < LEAST_BOX && flags & flag::WAIT == 0 {
        return;
    }
    let prim = Prim::new(Op::Hollow, x, y, w, 14.0).kind(colour(board, task)).style(border(span.state)).task(task);
    canvas.say_if_it_fits(prim.flags(flags | cut), &[ready_text(board, span.state)], 4.0);
}

fn ready_text(board: &Board, state: TaskState) -> String {
    let words = board.words();
    let nobody = board.parts.iter().any(|part| matches!(part.why, Why::Unnoticed { .. }));
    match state {
        TaskState::Unnoticed if nobody => words.lane_unnoticed.to_owned(),
        TaskState::Unnoticed => words.lane_due.to_owned(),
        TaskState::Ready(place) => bare(words.lane_ready, &[("place", board.place(place).into())]),
        _ => String::new(),
    }
}

/// The wait in question as it was before the last change: a dotted line at the foot of the row, with its measure.
fn ghost(canvas: &mut Canvas, board: &Board, row: Area) {
    let Some(before) = &board.before else { return };
    if before.to < canvas.from || before.from > canvas.to {
        return;
    }
    let (x, w, cut) = canvas.extent(before.from, before.to);
    let y = row.y + row.height - 5.0;
    let line = Prim::new(Op::Line, x, y, w, 0.0).kind(kind::INK_2).style(style::GHOST).flags(cut);
    let words = bare(board.words().lane_before, &[("y", before.amount.as_str().into())]);
    canvas.say_if_it_fits(line, &[words], 4.0);
}

/// The wait in question: its box in harm, the bracket with its measure, and the lines from its ends through all rows.
pub(super) fn question(canvas: &mut Canvas, board: &Board, layout: Layout, task: TaskId, row: Area, height: f32) {
    let Some(wait) = board.wait().filter(|wait| wait.task == task) else { return };
    if wait.until < canvas.from || wait.due > canvas.to {
        return;
    }
    let (Some(lane), at) = (board.line.task(task), task_geometry(layout, row)) else { return };
    let mut pieces: Vec<Span<TaskState>> = Vec::new();
    for span in lane.track.within(wait.due, wait.until) {
        let waits = !matches!(span.state, TaskState::Idle(_) | TaskState::Runs { .. } | TaskState::NoCpu { .. });
        if !waits || span.to <= wait.due || span.from >= wait.until {
            continue;
        }
        // What is too narrow to see belongs to the piece before it, so that the box has no gaps.
        match pieces.last_mut() {
            Some(last) if canvas.x(span.to) - canvas.x(span.from) < SEEN => last.to = span.to,
            _ => pieces.push(*span),
        }
    }
    let harms = harmful(board, wait);
    for piece in &pieces {
        ready_box(canvas, board, task, piece, at.boxes, if harms { flag::WAIT } else { 0 });
    }
    let (x, w, cut) = canvas.extent(wait.due, wait.until);
    for end in [wait.due, wait.until] {
        if end >= canvas.from && end <= canvas.to {
            let y = row.y + row.height;
            let rule = Prim::new(Op::Rule, canvas.x(end), y, 0.0, height - y);
            canvas.push(rule.kind(kind::INK).style(style::HAIR));
        }
    }
    let measure = measure_text(board, wait.cause, wait.length());
    let ink = if harms { kind::HARM } else { kind::INK };
    let bracket = Prim::new(Op::Bracket, x, at.bracket, w, 7.0).kind(ink).task(task).flags(cut);
    let room = text::width(&measure, text::MEASURE, true) + 24.0;
    if room <= w || x + w + room <= canvas.width || x >= room {
        canvas.say(bracket, measure);
    } else {
        canvas.push(bracket);
    }
}

fn measure_text(board: &Board, cause: Cause, length: Nanos) -> String {
    let late = matches!(board.focus.measure, Measure::Late { .. }) && cause == Cause::Timer;
    let template = if late { board.words().lane_late } else { board.words().lane_waited };
    bare(template, &[("x", board.scale.length(length).into())])
}

fn worker_row(canvas: &mut Canvas, board: &Board, layout: Layout, worker: WorkerId, row: Area) {
    let bars = worker_bars(layout, board.line.workers.len());
    let lane = &board.line.workers[worker.index()];
    let (top, foot) = (row.y + bars.bar_y, row.y + bars.bar_y + bars.bar_h);
    idle_lines(canvas, board, &lane.track, &lane.shares, (top, foot));
    let mine = |poll: &Poll| poll.worker == Some(worker);
    let polls = Lane {
        track: &lane.track,
        shares: &lane.shares,
        y: top,
        h: bars.bar_h,
        middle: false,
        kind: kind::INK_2,
        mine: &mine,
    };
    polls.draw(canvas, board, |canvas, span| match span.state {
        WorkState::Own => own_bar(canvas, span.from, span.to, (top + foot) / 2.0),
        WorkState::Lock { line, .. } => lock_box(canvas, span, &board.line_name(line), (top + foot) / 2.0),
        WorkState::NoCpu => {
            let (x, w, cut) = canvas.extent(span.from, span.to);
            canvas.push(Prim::new(Op::Stripes, x, top, w, bars.bar_h).kind(kind::INK_2).flags(cut));
        }
        _ => {}
    });
    hand_offs(canvas, board, worker, row);
    steals(canvas, board, worker, (top + foot) / 2.0, bars);
    if bars.depth_h > 0.0 {
        depth(canvas, board, worker, row, bars);
    }
}

/// The scheduler's own work, where it is long enough to see.
fn own_bar(canvas: &mut Canvas, from: Time, to: Time, middle: f32) {
    let (x, w, cut) = canvas.extent(from, to);
    canvas.push(Prim::new(Op::Bar, x, middle - 3.0, w, 6.0).kind(kind::INK_2).flags(cut));
}

fn lock_box(canvas: &mut Canvas, span: &Span<WorkState>, name: &str, middle: f32) {
    let (x, w, cut) = canvas.extent(span.from, span.to);
    let prim = Prim::new(Op::Hollow, x, middle - 7.0, w, 14.0).kind(kind::INK_2).flags(cut);
    canvas.say_if_it_fits(prim, &[name.to_owned()], 4.0);
    if w >= 16.0 {
        canvas.push(Prim::new(Op::Icon, x + 8.0, middle, 10.0, 10.0).kind(kind::INK_2).style(icon::LOCK));
    }
}

/// Parked: a line at the bars' foot, with a ring where it begins on the driver. Searching: a dashed line.
fn idle_lines(canvas: &mut Canvas, board: &Board, track: &Track<WorkState>, shares: &Shares, at: (f32, f32)) {
    let look = |span: &Span<WorkState>| match span.state {
        WorkState::Park { driver } => Some((true, driver)),
        WorkState::Search => Some((false, false)),
        _ => None,
    };
    let calm_sign = |of: usize| matches!(of, sign::IDLE | sign::IDLE_DRIVER | sign::SEARCH);
    let (top, foot) = at;
    for (from, to, (parked, driver)) in calm(canvas, board, track, shares, look, calm_sign) {
        let (x, w, _) = canvas.extent(from, to);
        let (y, kind, style) = match parked {
            true => (foot, kind::INK_2, style::SOLID),
            false => ((top + foot) / 2.0, kind::INK, style::SEARCH),
        };
        canvas.push(Prim::new(Op::Line, x, y, w, 0.0).kind(kind).style(style));
        if driver && w >= 12.0 && from >= canvas.from {
            canvas.push(Prim::new(Op::Ring, x.max(3.0), foot, 6.0, 6.0).kind(kind::INK_2));
        }
    }
}

/// A worker comes to another thread: a dashed line with the thread's name.
fn hand_offs(canvas: &mut Canvas, board: &Board, worker: WorkerId, row: Area) {
    let held = &board.line.workers[worker.index()].held;
    let mut last = f32::MIN;
    // A compact row has no room below its bars for a name; its stage says the thread.
    let named = !compact(board.line.workers.len());
    let Some(first) = held.spans().first().map(|span| span.record) else { return };
    let (from, to) = (canvas.from, canvas.to);
    for span in held.within(from, to).iter().filter(|span| span.record != first && span.from >= from) {
        let x = canvas.x(span.from);
        if x - last < MARK_GAP {
            continue;
        }
        last = x;
        let name = board.thread(span.state);
        let rule = Prim::new(Op::Rule, x, row.y + 2.0, 0.0, row.height - 4.0).style(style::DASHED);
        // The name stands on the lane: only where no bar is.
        let room = text::width(&name, text::LABEL, false) + 10.0;
        let until = Time(span.from.0 + (f64::from(room / canvas.width) * to.since(from).0 as f64) as u64);
        let polls = |span: &Span<WorkState>| matches!(span.state, WorkState::Poll { .. });
        let free = !board.line.workers[worker.index()].track.within(span.from, until).iter().any(polls);
        if named && free && x + room <= canvas.width {
            canvas.say(rule, name);
        } else {
            canvas.push(rule);
        }
    }
}

/// Steals: a hook from the victim's side, with the number if it is more than one.
fn steals(canvas: &mut Canvas, board: &Board, worker: WorkerId, middle: f32, bars: Bars) {
    let mut last = f32::MIN;
    // Between tiny rows there is room for the hook alone.
    let tiny = bars.bar_h < 14.0;
    for mark in board.line.marks(canvas.from, canvas.to).iter().filter(|mark| mark.worker == Some(worker)) {
        let x = canvas.x(mark.at);
        match mark.what {
            Moment::Steal { victim, count } if x - last >= 2.0 * MARK_GAP => {
                last = x;
                let from = u8::from(victim > worker);
                let hook = Prim::new(Op::Hook, x - 4.0, middle, 7.0, if tiny { 8.0 } else { 16.0 }).style(from);
                if count > 1 && !tiny {
                    canvas.say(hook, count.to_string());
                } else {
                    canvas.push(hook);
                }
            }
            _ => {}
        }
    }
}

/// How long a worker's queue was, with its slot: the greatest value in each pixel, on a scale that all workers share.
fn depth(canvas: &mut Canvas, board: &Board, worker: WorkerId, row: Area, bars: Bars) {
    let most = board.line.workers.iter().map(|lane| lane.queue.depth.max() + lane.slot.depth.max()).max();
    let scale = bars.depth_h / most.unwrap_or(0).max(8) as f32;
    let foot = row.y + bars.depth_foot;
    let lane = &board.line.workers[worker.index()];
    canvas.push(Prim::new(Op::Depth, 0.0, foot, canvas.width, 1.0));
    graph(canvas, &[&lane.queue.depth, &lane.slot.depth], foot, scale);
    for mark in board.line.marks(canvas.from, canvas.to).iter().filter(|mark| mark.worker == Some(worker)) {
        if let Moment::Overflow { count } = mark.what {
            let label = format!("⤒{count}");
            let (x, w) = (canvas.x(mark.at), text::width(&label, text::LABEL, false) + 8.0);
            if x + w <= canvas.width {
                let prim = Prim::new(Op::Label, x, foot - bars.depth_h, w, bars.depth_h);
                canvas.say(prim.style(style::START), label);
            }
        }
    }
}

/// The sum of some counts as steps, with the greatest value in each pixel.
fn graph(canvas: &mut Canvas, counts: &[&Steps], foot: f32, scale: f32) {
    let pixels = canvas.width as usize + 1;
    let mut worst = vec![0u32; pixels];
    for count in counts {
        let mut peak = vec![0u32; pixels];
        if count.changes(canvas.from, canvas.to) > 4 * pixels {
            let range = (canvas.to.0 - canvas.from.0) as f64;
            let edge = |x: usize| Time(canvas.from.0 + (range * (x as f64 / f64::from(canvas.width)).min(1.0)) as u64);
            worst.iter_mut().enumerate().for_each(|(x, sum)| *sum += count.most(edge(x), edge(x + 1)));
            continue;
        }
        let mut from = 0;
        let mut value = count.at(canvas.from);
        for (at, next) in count.within(canvas.from, canvas.to).chain([(canvas.to, 0)]) {
            let x = (canvas.x(at) as usize).min(pixels - 1);
            peak[from..=x].iter_mut().for_each(|pixel| *pixel = (*pixel).max(value));
            (from, value) = (x, next);
        }
        worst.iter_mut().zip(&peak).for_each(|(sum, peak)| *sum += peak);
    }
    let mut start = 0;
    while start < pixels {
        let value = worst[start];
        let length = worst[start..].iter().take_while(|&&other| other == value).count();
        if value > 0 {
            let (x, h) = (start as f32, (value as f32 * scale).max(2.0));
            let w = (length as f32).min(canvas.width - x);
            if w > 0.0 {
                canvas.push(Prim::new(Op::Depth, x, foot - h, w, h));
            }
        }
        start += length;
    }
}

fn queue_row(canvas: &mut Canvas, queue: &Queue, layout: Layout, row: Area) {
    let (top, foot) = (row.y + layout.label() + 6.0, row.y + row.height - 6.0);
    canvas.push(Prim::new(Op::Depth, 0.0, foot, canvas.width, 1.0));
    graph(canvas, &[&queue.depth], foot, (foot - top) / queue.depth.max().max(8) as f32);
}

/// Threads without a worker: a lane for each of a few, a graph of how many where there are more.
fn threads_row(canvas: &mut Canvas, board: &Board, layout: Layout, row: Area, jobs: bool) {
    let (top, foot) = (row.y + layout.label() + 4.0, row.y + row.height - 4.0);
    let mut spans: Vec<Span<WorkState>> = Vec::new();
    for thread in &board.line.threads {
        let of_row = |span: &&Span<WorkState>| match span.state {
            WorkState::Poll { poll, .. } => board.line.is_job(poll) == jobs,
            _ => !jobs,
        };
        spans.extend(thread.outside.within(canvas.from, canvas.to).iter().filter(of_row));
    }
    spans.sort_by_key(|span| (span.from, span.record));
    let Some((lanes, most)) = sublanes(&spans) else {
        let mut busy = Steps::default();
        let mut ends: Vec<(Time, bool)> = spans.iter().flat_map(|span| [(span.from, true), (span.to, false)]).collect();
        ends.sort_unstable();
        for (at, begins) in ends {
            busy.set(at, if begins { busy.now() + 1 } else { busy.now().saturating_sub(1) });
        }
        graph(canvas, &[&busy], foot, (foot - top) / busy.max().max(1) as f32);
        let label = bare(board.words().lane_threads, &[("n", busy.max().to_string().into())]);
        let w = text::width(&label, text::LABEL, false) + 12.0;
        if w <= canvas.width {
            let x = spans.first().map_or(0.0, |span| canvas.x(span.from)).min(canvas.width - w);
            canvas.say(Prim::new(Op::Label, x, top, w, 14.0).style(style::START), label);
        }
        return;
    };
    let lane_h = (foot - top) / most.max(1) as f32;
    let h = (lane_h - 2.0).min(22.0);
    for lane in 0..most {
        let of_lane = spans.iter().zip(&lanes).filter(|(_, of)| **of == lane).map(|(span, _)| *span);
        let polls = of_lane.filter(|span| matches!(span.state, WorkState::Poll { .. })).collect();
        polls_alone(canvas, board, polls, top + lane as f32 * lane_h + (lane_h - h) / 2.0, h);
    }
}

/// A lane of polls that has no track of its own.
fn polls_alone(canvas: &mut Canvas, board: &Board, spans: Vec<Span<WorkState>>, y: f32, h: f32) {
    let track = Track::of(spans);
    let shares = Shares::new(&board.line, &track);
    let mine = |_: &Poll| false;
    let polls = Lane { track: &track, shares: &shares, y, h, middle: false, kind: kind::INK_2, mine: &mine };
    polls.draw(canvas, board, |_, _| {});
}

/// A thread of a foreign trace: its slices, those inside others below them.
fn foreign_row(canvas: &mut Canvas, board: &Board, layout: Layout, thread: ThreadId, row: Area) {
    let (top, foot) = (row.y + layout.label() + 3.0, row.y + row.height - 3.0);
    let mut depths: Vec<Vec<Span<WorkState>>> = vec![Vec::new(); SUBLANES];
    for &index in board.line.slices.get(thread.index()).into_iter().flatten() {
        let poll = board.line.poll(index);
        let is_free = |spans: &Vec<Span<WorkState>>| spans.last().is_none_or(|last| last.to <= poll.start);
        // What lies deeper than there are lanes is inside a slice of the last one.
        if let Some(depth) = depths.iter().position(is_free) {
            let state = WorkState::Poll { poll: index, what: None };
            depths[depth].push(Span { from: poll.start, to: poll.to, record: poll.record, state });
        }
    }
    let most = depths.iter().rposition(|spans| !spans.is_empty()).map_or(1, |last| last + 1);
    let lane_h = (foot - top) / most as f32;
    let h = (lane_h - 1.0).min(22.0);
    for (depth, spans) in depths.into_iter().enumerate().take(most) {
        polls_alone(canvas, board, spans, top + depth as f32 * lane_h + (lane_h - h) / 2.0, h);
    }
}

/// The lowest free lane for each span, if few lanes are enough.
fn sublanes(spans: &[Span<WorkState>]) -> Option<(Vec<usize>, usize)> {
    let mut free_from: Vec<Time> = Vec::new();
    let mut lanes = Vec::with_capacity(spans.len());
    for span in spans {
        let lane = free_from.iter().position(|&free| free <= span.from).unwrap_or(free_from.len());
        if lane == SUBLANES {
            return None;
        }
        if lane == free_from.len() {
            free_from.push(span.to);
        }
        free_from[lane] = span.to;
        lanes.push(lane);
    }
    Some((lanes, free_from.len()))
}

fn driver_row(canvas: &mut Canvas, board: &Board, layout: Layout, row: Area) {
    let top = if layout == Layout::Narrow { row.y + 15.0 } else { row.y };
    let (marks, boxes) = (top + 11.0, top + 26.0);
    let held = held_lines(canvas, board, &board.line.driver.held, &board.line.driver.shares);
    let mut free = canvas.from;
    for &(from, to, thread) in &held {
        nobody(canvas, board, free, from, boxes + 7.0);
        free = to;
        let (x, w, cut) = canvas.extent(from, to);
        let prim =
            Prim::new(Op::Hollow, x, boxes, w.max(LEAST).min(canvas.width - x), 14.0).kind(kind::INK_2).flags(cut);
        canvas.say_if_it_fits(prim, &[board.holder(thread, from, false)], 4.0);
    }
    nobody(canvas, board, free, canvas.to, boxes + 7.0);
    timers(canvas, board, marks);
}

/// Who held something when.
fn held_lines(canvas: &Canvas, board: &Board, track: &Track<ThreadId>, shares: &Shares) -> Vec<(Time, Time, ThreadId)> {
    calm(canvas, board, track, shares, |span| Some(span.state), |_| true)
}

/// Nobody holds the driver: red where that is why somebody waits.
fn nobody(canvas: &mut Canvas, board: &Board, from: Time, to: Time, y: f32) {
    let (mut x, mut w, _) = canvas.extent(from, to);
    let absent = board.parts.iter().any(|part| matches!(part.why, Why::Unnoticed { .. }));
    let harms = absent && board.wait().is_some_and(|wait| wait.due < to && wait.until > from);
    if w < SEEN {
        if !harms || from >= to {
            return;
        }
        // Harm is never too short to be seen.
        (x, w) = (x.min(canvas.width - LEAST), LEAST);
    }
    let kind = if harms { kind::HARM } else { kind::INK_2 };
    let line = Prim::new(Op::Line, x, y, w, 0.0).kind(kind).style(style::DOTTED);
    canvas.say_if_it_fits(line, &[board.words().lane_nobody.to_owned()], 10.0);
}

/// Timers and I/O at their times: filled if somebody noticed soon, open if not, red for the wait in question.
fn timers(canvas: &mut Canvas, board: &Board, y: f32) {
    let soon = canvas.to.since(canvas.from).0 / 100;
    let question = board.wait().filter(|wait| matches!(wait.cause, Cause::Timer | Cause::Io));
    let mut marks: Vec<(f32, u8, Op)> = Vec::new();
    for timer in board.line.driver.timers.iter().filter(|timer| timer.due >= canvas.from && timer.due <= canvas.to) {
        let asked = question.is_some_and(|wait| harmful(board, wait))
            && question.is_some_and(|wait| wait.task == timer.task && wait.due == timer.due);
        let noticed = timer.over.is_some_and(|over| over.since(timer.fires).0 <= soon);
        let rank = if asked && !noticed { 2 } else { u8::from(!noticed && timer.over.is_some()) };
        let op = if timer.cause == Cause::Io { Op::Triangle } else { Op::Diamond };
        marks.push((canvas.x(timer.due), rank, op));
    }
    marks.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut last: Option<(f32, u8)> = None;
    for (x, rank, op) in marks {
        // Marks keep a distance; the worse one of two stays.
        if last.is_some_and(|(before, worst)| x - before < MARK_GAP && worst >= rank) {
            continue;
        }
        last = Some((x, rank));
        let (kind, style) = match rank {
            2 => (kind::HARM, 1),
            1 => (kind::INK, 1),
            _ => (kind::INK_2, 0),
        };
        let size = if rank == 2 { 9.0 } else { 7.0 };
        canvas.push(Prim::new(op, x, y, size, size).kind(kind).style(style));
    }
}

fn monitor_row(canvas: &mut Canvas, board: &Board, layout: Layout, row: Area) {
    let y = row.y + layout.label() + 20.0;
    let mut last = f32::MIN;
    for mark in board.line.marks(canvas.from, canvas.to) {
        let x = canvas.x(mark.at);
        match mark.what {
            Moment::Look { .. } if x - last >= MARK_GAP => {
                last = x;
                canvas.push(Prim::new(Op::Ring, x, y, 6.0, 6.0).kind(kind::INK_2));
            }
            Moment::HandOff { retaken: true, .. } | Moment::Preempted { .. } => {
                canvas.push(Prim::new(Op::Diamond, x, y, 8.0, 8.0));
            }
            _ => {}
        }
    }
}

fn cpu_row(canvas: &mut Canvas, board: &Board, layout: Layout, cpu: CpuId, row: Area) {
    let y = row.y + layout.label() + 7.0;
    let Some(track) = board.line.cpus.get(cpu.index()) else { return };
    for (from, to, thread) in held_lines(canvas, board, track, &board.line.cpu_shares[cpu.index()]) {
        let (x, w, cut) = canvas.extent(from, to);
        let prim = Prim::new(Op::Hollow, x, y, w, 14.0).kind(kind::INK_2).flags(cut);
        canvas.say_if_it_fits(prim, &[board.holder(thread, from, false)], 4.0);
    }
}
