//! Explanations of streams written by hand: what must come out is known.

use super::*;
use crate::view::board::Board;
use crate::view::sample::{self, J1, J2, us};
use crate::words::Lang;

fn parts() -> (Board, Vec<(Why, u64)>) {
    let board = sample::board(Lang::En);
    let parts = board.parts.iter().map(|part| (part.why.clone(), part.length.0 / 1_000)).collect();
    (board, parts)
}

#[test]
fn the_late_tick_is_grain_unnoticed_and_the_last_step() {
    let (board, parts) = parts();
    let wait = board.wait().unwrap();
    assert_eq!((wait.due, wait.fires, wait.until), (us(54_200), us(55_000), us(450_100)));
    let poll_of = |task| board.line.task(task).unwrap().polls[0];
    let at = |worker, task| Whereabouts { worker: WorkerId(worker), task, poll: poll_of(task), blocked: true };
    let expected = [
        (Why::Grain { unit: Nanos::from_millis(1) }, 800),
        (Why::Unnoticed { who: vec![at(1, J1), at(0, J2)], polls: 3, io: false }, 395_021),
        (Why::Last { worker: Some(WorkerId(0)), after: Before::CameBack }, 79),
    ];
    assert_eq!(parts, expected);
}

#[test]
fn the_parts_of_every_wait_add_up() {
    let board = sample::board(Lang::En);
    assert!(board.line.waits.len() >= 14);
    for wait in &board.line.waits {
        let sum: u64 = explain(&board.line, &board.facts.rules, wait).iter().map(|part| part.length.0).sum();
        assert_eq!(sum, wait.length().0, "{wait:?}");
    }
}

#[test]
fn an_ordinary_tick_is_grain_slack_and_the_last_step() {
    let board = sample::board(Lang::En);
    let ticker = board.line.task(sample::TICKER).unwrap();
    let second = &board.line.waits[ticker.waits[1] as usize];
    let parts: Vec<_> =
        explain(&board.line, &board.facts.rules, second).into_iter().map(|p| (p.why, p.length.0 / 1_000)).collect();
    let expected = [
        (Why::Grain { unit: Nanos::from_millis(1) }, 800),
        (Why::Slack { thread: ThreadId(1) }, 51),
        (Why::Last { worker: Some(WorkerId(0)), after: Before::Looked }, 2),
    ];
    assert_eq!(parts, expected);
}

fn named(line: &Timeline, task: TaskId) -> Vec<(Why, u64)> {
    let rules = sample::facts().rules;
    let wait = line.task(task).and_then(|lane| lane.waits.last()).map(|&wait| line.waits[wait as usize]).unwrap();
    let parts = explain(line, &rules, &wait);
    parts.into_iter().map(|part| (part.why, part.length.0 / 1_000)).collect()
}

#[test]
fn behind_a_stuck_worker_until_the_monitor_takes_it_and_a_thread_starts() {
    let line = Timeline::new(&sample::monitored());
    let (worker, thread) = (WorkerId(0), ThreadId(3));
    let expected = [
        (Why::Undetected { worker, looked: us(30_000) }, 19_000),
        (Why::Start { thread, worker: Some(worker) }, 50),
        (Why::Last { worker: Some(worker), after: Before::Took }, 10),
    ];
    assert_eq!(named(&line, sample::BEHIND), expected);
}

#[test]
fn who_is_preempted_waits_at_the_end_of_the_queue_of_all() {
    let line = Timeline::new(&sample::monitored());
    let expected = [
        (Why::Preempted { slice: Nanos::from_millis(10) }, 2_000),
        (Why::Last { worker: Some(WorkerId(0)), after: Before::Took }, 100),
    ];
    assert_eq!(named(&line, sample::CUT), expected);
}

#[test]
fn a_worker_that_may_not_search_is_a_cause_from_its_sleep_on() {
    let line = Timeline::new(&sample::refused());
    let poll = line.task(sample::J1).unwrap().polls[0];
    let expected = [
        (Why::Long { worker: WorkerId(0), task: sample::J1, poll, blocked: false }, 2_100),
        (Why::Refused { worker: WorkerId(2), searching: 1, most: 1 }, 16_900),
        (Why::Last { worker: Some(WorkerId(1)), after: Before::Took }, 10),
    ];
    assert_eq!(named(&line, sample::BEHIND), expected);
}

#[test]
fn what_a_monitor_takes_by_mistake_is_found() {
    use crate::view::board::{Board, Focus, Measure};
    use crate::view::findings::told;
    let focus = Focus { kind: crate::id::KindId(0), measure: Measure::Wait };
    let board = Board::new(&sample::monitored(), sample::facts(), focus, None, Lang::En);
    let found: Vec<_> = told(&board).iter().map(|found| (found.kind, crate::words::plain(&found.text))).collect();
    let expected = "The monitor took worker 0 from C, which computed and was not blocked.";
    assert!(found.contains(&("monitor_mistaken", expected.to_owned())), "{found:?}");
    assert!(found.iter().all(|(kind, _)| *kind != "monitor_missed"), "{found:?}");
}
