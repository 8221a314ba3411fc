use super::*;
use crate::id::{KindId, WorkerId};
use crate::trace::{Event, Place, Recording};
use crate::view::layout::{Layout, Subject, places};
use crate::view::sample::{Script, facts, us};
use crate::view::scene::{Scene, scene};
use crate::words::Lang;

/// Nanoseconds between polls.
const EVERY: u64 = 1_000;

/// One worker polls one task `polls` times, every microsecond, each poll for `busy` of it; parked in between, or waiting
/// for a lock, and in the middle one poll of another task of `harm` nanoseconds.
fn hum(polls: u64, busy: u64, lock: bool) -> Recording {
    let mut s = Script::default();
    let (worker, task) = (WorkerId(0), TaskId(0));
    s.outside(Time(0), Event::Spawn { task, parent: None, kind: KindId(0), job: false });
    s.outside(Time(0), Event::ThreadStart { thread: crate::id::ThreadId(1), role: crate::trace::Role::Worker });
    s.thread(Time(0), 1, Event::Acquire { worker });
    for n in 0..polls {
        let at = |ns: u64| Time(n * EVERY + ns);
        s.worker(at(0), 0, Event::Enqueue { task, place: Place::Local(worker) });
        s.worker(at(0), 0, Event::PollStart { task, budget: 128, tick: 0 });
        s.worker(at(busy), 0, Event::PollEnd { task, end: PollEnd::Pending });
        match lock {
            true => {
                let holder = crate::id::ThreadId(2);
                s.worker(at(busy), 0, Event::LockWait { line: crate::trace::Line::Inject, holder });
                s.worker(at(EVERY), 0, Event::LockHeld { line: crate::trace::Line::Inject });
            }
            false => {
                s.worker(at(busy), 0, Event::Park { sleep: crate::trace::Sleep::Plain });
                s.worker(at(EVERY), 0, Event::Unparked { driver: false });
            }
        }
    }
    s.outside(Time(polls * EVERY), Event::RunEnd { why: crate::trace::Ended::Time, left: 1 });
    s.finish(1, &[("request", "R")])
}

fn board(recording: &Recording) -> Board {
    let focus = crate::view::board::Focus { kind: KindId(0), measure: crate::view::board::Measure::Wait };
    Board::new(recording, facts(), focus, None, Lang::En)
}

fn row(board: &Board, subject: Subject) -> (f32, f32) {
    let at = board.rows.iter().position(|&row| row == subject).expect("it has a row");
    let place = places(&board.rows, Layout::Wide, board.line.workers.len()).0[at];
    (place.y, place.y + place.height)
}

/// Height of a sign in each column of a row.
fn heights(scene: &Scene, row: (f32, f32), style: u8, kind: u8) -> Vec<f32> {
    let mut columns = vec![0.0; (scene.width / LEAST) as usize];
    for prim in &scene.prims {
        if prim.op == Op::Share && (prim.style, prim.kind) == (style, kind) && prim.y >= row.0 && prim.y < row.1 {
            let (first, after) = ((prim.x / LEAST).round() as usize, ((prim.x + prim.w) / LEAST).round() as usize);
            columns[first..after].iter_mut().for_each(|column| *column += prim.h);
        }
    }
    columns
}

#[test]
fn a_lane_is_as_solid_as_its_share_in_every_column() {
    for (busy, share) in [(100, 0.1f32), (250, 0.25), (500, 0.5), (900, 0.9)] {
        let board = board(&hum(60_000, busy, false));
        // Three pixels are 100 polls, or 25, or 10.
        for view in [60_000, 15_000, 6_000] {
            let from = if view == 60_000 { 0 } else { 3_000 * EVERY };
            let scene = scene(&board, Layout::Wide, 1_800.0, Time(from), Time(from + view * EVERY));
            let row = row(&board, Subject::Worker(WorkerId(0)));
            for (at, height) in heights(&scene, row, style::SHARE_SOLID, 0).into_iter().enumerate() {
                assert!(
                    (height - 22.0 * share).abs() <= STEP,
                    "{busy} of 1000 ns, {view} polls, column {at}: {height}"
                );
            }
            let bars = scene.prims.iter().filter(|prim| prim.op == Op::Bar && prim.kind == 0);
            assert_eq!(bars.count(), 0, "nothing is drawn wider than it is");
        }
    }
}

#[test]
fn what_waits_for_a_lock_looks_so_and_not_solid() {
    let board = board(&hum(60_000, 100, true));
    let scene = scene(&board, Layout::Wide, 1_800.0, Time(0), Time(60_000 * EVERY));
    let row = row(&board, Subject::Worker(WorkerId(0)));
    let solid = heights(&scene, row, style::SHARE_SOLID, 0);
    let hollow = heights(&scene, row, style::SHARE_HOLLOW, kind::INK_2);
    for (solid, hollow) in solid.iter().zip(&hollow) {
        assert!((solid - 2.2).abs() <= STEP && (hollow - 19.8).abs() <= STEP, "{solid} {hollow}");
    }
}

#[test]
fn polls_far_apart_are_ticks_of_full_height_and_never_vanish() {
    // 1 ns of every microsecond, 12 px apart: 50 polls on 600 px.
    let board = board(&hum(60_000, 1, false));
    let view = scene(&board, Layout::Wide, 600.0, Time(0), Time(50 * EVERY));
    let row = row(&board, Subject::Worker(WorkerId(0)));
    let ticks: Vec<&Prim> =
        view.prims.iter().filter(|p| p.op == Op::Bar && p.kind == 0 && p.y >= row.0 && p.y < row.1).collect();
    assert_eq!(ticks.len(), 51, "one for each poll, and that at the right edge");
    assert!(ticks.iter().all(|tick| tick.w == LEAST && tick.h == 22.0));
    // The same run as a whole: too many to count, next to no time, and still to be seen.
    let whole = scene(&board, Layout::Wide, 600.0, Time(0), Time(60_000 * EVERY));
    assert!(heights(&whole, row, style::SHARE_SOLID, 0).into_iter().all(|height| height == FLOOR));
}

#[test]
fn the_picture_does_not_grow_with_the_run() {
    let prims = |polls: u64| {
        let board = board(&hum(polls, 100, false));
        scene(&board, Layout::Wide, 800.0, Time(0), Time(polls * EVERY)).prims.len()
    };
    let (short, long) = (prims(2_000), prims(200_000));
    assert!(long <= 2 * short.max(2 * 267), "{short} and {long} primitives");
}

#[test]
fn the_wait_in_question_and_its_causes_are_never_lost() {
    let board = crate::view::sample::board(Lang::En);
    // The wait of 396 ms in a view of ten minutes: a fraction of a pixel.
    let scene = scene(&board, Layout::Wide, 600.0, Time(0), us(600_000_000));
    let harm = scene.prims.iter().filter(|prim| prim.flags & flag::WAIT != 0).collect::<Vec<_>>();
    assert!(!harm.is_empty() && harm.iter().all(|prim| prim.w >= LEAST), "{harm:?}");
    let causes: Vec<_> = scene.prims.iter().filter(|prim| prim.flags & flag::CAUSE != 0).collect();
    assert_eq!(causes.len(), 2, "both jobs that held a worker");
    assert!(causes.iter().all(|prim| prim.w >= LEAST && prim.h == 22.0 && prim.op == Op::Hatch));
    let nobody = scene.prims.iter().any(|prim| prim.op == Op::Line && prim.kind == kind::HARM && prim.w >= LEAST);
    assert!(nobody, "that nobody looked is part of the harm");
}
