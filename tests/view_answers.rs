//! Findings and what would help, over the library's runs: to the letter where a run is small, by kind where it is not,
//! and never a change that makes the number worse.

use std::collections::BTreeMap;

use dandori::id::{KindId, TaskId};
use dandori::policy::Registry;
use dandori::scenario::{Draft, Scenario, library};
use dandori::sim::Sim;
use dandori::trace::{Event, Recording};
use dandori::view::board::{Board, Focus, Measure};
use dandori::view::findings::{Told, told};
use dandori::view::help::{Goal, Help, Table, Verdict, candidates};
use dandori::view::session::{Engine, Progress, Session, Settings, facts};
use dandori::view::transcript::sentence;
use dandori::view::why::why;
use dandori::words::{Lang, plain};
use serde_json::{Value, json};

fn scenario(name: &str, policy: &str, set: &[(&str, &str)]) -> Scenario {
    let registry = Registry::standard();
    let mut draft = library::get(name).expect("in the library").draft();
    draft.with_policy(policy, &registry);
    for (path, value) in set {
        draft.set(path, value).unwrap_or_else(|problems| panic!("{problems:?}"));
    }
    draft.build(&registry).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn board(scenario: &Scenario, kind: &str, lang: Lang) -> Board {
    let registry = Registry::standard();
    let recording = Sim::new(scenario, &registry).expect("valid").finish();
    let facts = facts(&registry.get(&scenario.policy.name).expect("known").spec, scenario);
    let kind = scenario.kinds.iter().position(|known| known.name == kind).expect("a kind");
    let measure = scenario.period(&scenario.kinds[kind].name).map_or(Measure::Wait, |every| Measure::Late { every });
    Board::new(&recording, facts, Focus { kind: KindId(kind as u16), measure }, None, lang)
}

fn found(name: &str, policy: &str, lang: Lang) -> (Board, Vec<Told>) {
    let scenario = scenario(name, policy, &[]);
    let board = board(&scenario, &scenario.kinds[0].name, lang);
    let told = told(&board);
    (board, told)
}

fn sentences(name: &str, policy: &str, lang: Lang) -> Vec<String> {
    found(name, policy, lang).1.iter().map(|found| plain(&found.text).replace('\u{a0}', " ")).collect()
}

#[test]
fn small_runs_are_told_to_the_letter() {
    let cases: [(&str, &str, &[&str]); 9] = [
        ("w1", "tokio", &["The timer of T was due, and for 395.1 ms nobody looked."]),
        (
            "w1",
            "global-queue",
            &[
                "Worker 1 was blocked in J1 for 400.0 ms and held back a ready task.",
                "Worker 0 was blocked in J2 for 400.0 ms and held back 2 ready tasks.",
            ],
        ),
        ("w1-spawn-blocking", "tokio", &[]),
        ("w1-block-in-place", "tokio", &[]),
        (
            "lifo-slot",
            "tokio",
            &[
                "H was in worker 1's LIFO slot for 500 ms, where idle workers (3) may not take it.",
                "Worker 1 was blocked in O for 500 ms and held back a ready task.",
            ],
        ),
        ("lost-wake-up", "tokio", &["L returned Pending and nobody holds its waker: it never runs again."]),
        ("driver-hazard", "tokio", &["The timer of S was due, and for 990 ms nobody looked."]),
        ("global-interval", "tokio", &[]),
        ("one-sleep", "tokio", &[]),
    ];
    for (name, policy, expected) in cases {
        assert_eq!(sentences(name, policy, Lang::En), expected, "{name} under {policy}");
    }
    let expected = ["Tのタイマーは期限が来たが、395.1 msの間、誰も見なかった。"];
    assert_eq!(sentences("w1", "tokio", Lang::Ja), expected);
}

#[test]
fn the_kinds_of_findings_are_where_they_belong() {
    let kinds = |name: &str, policy: &str| -> BTreeMap<&'static str, usize> {
        let mut kinds = BTreeMap::new();
        for found in found(name, policy, Lang::En).1 {
            *kinds.entry(found.kind).or_default() += 1;
        }
        kinds
    };
    let pool = kinds("w4-spawn-blocking", "tokio");
    assert!(pool.contains_key("pool_full") && pool.contains_key("lock_convoy"), "{pool:?}");
    assert_eq!(kinds("always-ready", "tokio").get("forced_yield"), Some(&1));
    assert_eq!(kinds("always-ready", "global-queue").get("forced_yield"), None, "it has no budget");
    // A convoy for a mutex of the program is one as well, whichever waits: the task or its thread.
    assert_eq!(kinds("async-mutex", "tokio").get("lock_convoy"), Some(&1));
    assert_eq!(kinds("std-mutex", "tokio").get("lock_convoy"), Some(&1));
    assert_eq!(kinds("panic", "tokio").get("lock_convoy"), None, "nobody waits there");
    for held in ["mutex-across-await", "nested-block-on"] {
        assert!(kinds(held, "tokio").contains_key("deadlock") && !kinds(held, "tokio").contains_key("lost_wake_up"));
    }
    assert!(kinds("w3", "tokio").contains_key("late_timer"));
    assert!(!kinds("w3-spawn-blocking", "tokio").contains_key("late_timer"));
}

#[test]
fn each_event_has_a_sentence_of_its_own() {
    let mut said: Vec<String> = Vec::new();
    for name in ["std-mutex", "async-mutex", "outside-thread", "abort", "panic"] {
        let (board, _) = found(name, "tokio", Lang::En);
        for record in board.trace.iter() {
            let text = plain(&sentence(&board, &record));
            let is_end = matches!(record.event, Event::RunEnd { .. });
            assert_eq!(text == "The run is over.", is_end, "{name}: {record:?}: {text}");
            said.push(text);
        }
    }
    let expected = [
        "J3 waits for mutex cache, which J6 has.",
        "J5 has mutex cache.",
        "J5 releases mutex cache.",
        "A thread outside of the runtime sends a message.",
        "W is cancelled.",
    ];
    for text in expected {
        assert!(said.iter().any(|known| known == text), "nobody says: {text}");
    }
}

#[test]
fn who_waits_behind_a_thread_that_waits_for_a_mutex_is_told_for_which() {
    let (mut board, _) = found("std-mutex", "tokio", Lang::En);
    let jobs: Vec<TaskId> = board.line.tasks.iter().filter(|lane| lane.kind == KindId(1)).map(|lane| lane.id).collect();
    let mut told = Vec::new();
    for job in jobs {
        board.select(Some(job));
        told.extend(why(&board).into_iter().flat_map(|why| why.parts).map(|part| plain(&part.text)));
    }
    let is_so =
        |text: &&String| text.contains(" for mutex cache, which J") && text.starts_with("The thread of worker ");
    assert!(told.iter().any(|text| is_so(&text)), "{told:#?}");
}

#[test]
fn findings_lie_in_the_run_worst_first_and_are_few() {
    let registry = Registry::standard();
    for (named, policy) in library::ALL.iter().flat_map(|named| named.fits.iter().map(move |policy| (named, *policy))) {
        if named.under(policy, &registry).is_err() {
            continue;
        }
        let (board, told) = found(named.name, policy, Lang::Ja);
        assert!(told.len() <= 30, "{} under {policy}: {}", named.name, told.len());
        let costs: Vec<_> = board.findings.iter().map(|found| found.cost).collect();
        assert!(costs.is_sorted_by(|a, b| a >= b), "{} under {policy}: {costs:?}", named.name);
        for found in &board.findings {
            assert!(found.from <= found.at && found.at <= found.to && found.to <= board.line.end, "{found:?}");
            assert!((found.record as usize) < board.times.len(), "{found:?}");
        }
    }
}

#[test]
fn no_more_can_run_is_a_finding() {
    let text = r#"{"dandori": 1, "policy": {"name": "tokio", "workers": 1}, "limits": {"end": "1 s"},
        "channels": {"a": {}, "b": {}},
        "tasks": {"x": {"arrive": [{"at": "0 ns"}], "program": [{"recv": "a"}, {"send": "b"}]},
                  "y": {"arrive": [{"at": "0 ns"}], "program": [{"recv": "b"}, {"send": "a"}]}}}"#;
    let scenario = Scenario::parse(text).expect("valid");
    let board = board(&scenario, "x", Lang::En);
    let told: Vec<_> = told(&board).iter().map(|found| (found.kind, plain(&found.text))).collect();
    assert_eq!(told[0], ("deadlock", "Nothing can run any more: 2 tasks wait for what will not come.".to_owned()));
}

// ---- What would help ---------------------------------------------------------------------------------------------------

/// The table for a scenario without a lesson, tried to the end.
fn help(scenario: &Scenario, kind: &str, task: Option<&str>) -> Help {
    let registry = Registry::standard();
    let mut before = board(scenario, kind, Lang::En);
    let task = task.map(|name| before.line.tasks.iter().find(|lane| before.name(lane.id) == name).expect("a task").id);
    if task.is_some() {
        before.select(task);
    }
    let goal = task.and_then(|task| Goal::task(&before, task)).unwrap_or(Goal::Focus);
    let list = candidates(&before, None, &Draft::of(scenario, &registry), &registry);
    assert!(list.len() <= 5);
    let mut table = Table::new(&before, goal, list);
    while let Some(candidate) = table.next() {
        let after = board(&candidate.scenario, kind, Lang::En);
        table.fill(goal.value(&after).map(|value| (value, goal.written(&after, value))));
    }
    table.help()
}

fn verdicts(help: &Help) -> BTreeMap<String, Verdict> {
    help.rows.iter().filter_map(|row| Some((row.label.clone(), row.verdict?))).collect()
}

/// The cures that the talk gives are among what is found, and they help.
#[test]
fn the_known_cures_are_found_by_the_causes_alone() {
    /// Scenario, changes, kind that is looked at, cures.
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, &'a [&'a str]);
    let cases: [Case<'_>; 9] = [
        ("w1", &[], "ticker", &["job in spawn_blocking", "job in block_in_place", "3 workers"]),
        ("w2", &[], "ticker", &["job in spawn_blocking", "job in block_in_place"]),
        ("w3", &[], "ticker", &["job in spawn_blocking"]),
        ("w4", &[], "ticker", &["job in spawn_blocking"]),
        ("lifo-slot", &[], "hidden", &["LIFO slot off"]),
        ("always-ready", &[("policy.coop_budget", "0")], "ticker", &["a budget of 128"]),
        ("global-interval", &[], "guest", &["global queue every 2 ticks"]),
        // Each of the three cures that tokio had in its time.
        (
            "starving-pair",
            &[("policy.max_lifo_polls", "1000000"), ("policy.coop_budget", "0")],
            "stander",
            &["at most 3 polls in a row from the slot", "a budget of 128", "LIFO slot off"],
        ),
        ("std-mutex", &[], "ticker", &["mutex cache async"]),
    ];
    for (name, set, kind, cures) in cases {
        let help = help(&scenario(name, "tokio", set), kind, None);
        let verdicts = verdicts(&help);
        for cure in cures {
            let found = verdicts.get(*cure);
            assert_eq!(found, Some(&Verdict::Better), "{name}: {cure} in {:#?}", help.rows);
        }
    }
}

#[test]
fn a_small_pool_is_cured_by_more_threads() {
    let text = r#"{"dandori": 1, "policy": {"name": "tokio", "workers": 2, "max_blocking_threads": 4}, "limits": {"end": "5 s"},
        "tasks": {"r": {"arrive": [{"at": "0 ns", "count": 16}], "program": [{"spawn_blocking": [{"block": "100 ms"}]}]}}}"#;
    let scenario = Scenario::parse(text).expect("valid");
    let mut before = board(&scenario, "r", Lang::En);
    let job = before.line.waits.iter().max_by_key(|wait| wait.length()).expect("a wait").task;
    before.select(Some(job));
    let registry = Registry::standard();
    let list = candidates(&before, None, &Draft::of(&scenario, &registry), &registry);
    assert_eq!(list.first().map(|one| one.label.as_str()), Some("16 blocking threads"));
    let after = board(&list[0].scenario, "r", Lang::En);
    let longest = |board: &Board| board.line.waits.iter().map(|wait| wait.length()).max();
    assert!(longest(&after) < longest(&before));
}

struct Simulated(Sim);

impl Engine for Simulated {
    fn advance(&mut self, steps: u64) -> Progress {
        let dandori::sim::Progress { done, records, now } = self.0.advance(steps);
        Progress { done, records, now }
    }
    fn finish(self: Box<Self>) -> Recording {
        self.0.finish()
    }
}

fn session(set: &[(&str, Value)]) -> Session {
    let mut session =
        Session::new(Registry::standard(), |scenario, registry| Ok(Box::new(Simulated(Sim::new(scenario, registry)?))));
    change(&mut session, set);
    session
}

fn change(session: &mut Session, set: &[(&str, Value)]) {
    let set = set.iter().map(|(path, value)| ((*path).to_owned(), value.clone().into())).collect();
    let settings = Settings { v: 1, lesson: "late-ticker".into(), set, ..Settings::default() };
    assert_eq!(session.open(&settings), []);
    while !session.advance(10_000).done {}
}

fn all_help(session: &mut Session) -> Help {
    let mut help = session.help();
    let mut known = 0;
    while !help.done {
        help = session.help_advance(1_000);
        let now = help.rows.iter().filter(|row| row.value.is_some()).count();
        assert!(now >= known, "lines fill in and do not go");
        known = now;
    }
    help
}

#[test]
fn the_lessons_tries_are_ranked_and_the_harmless_one_is_no_change() {
    let mut session = session(&[]);
    let help = all_help(&mut session);
    let told: Vec<_> = help.rows.iter().map(|row| (row.label.as_str(), row.verdict)).collect();
    assert_eq!(told[0], ("as it is", None));
    assert_eq!(told.last(), Some(&("LIFO slot off", Some(Verdict::Same))));
    assert!(told[1..4].iter().all(|(_, verdict)| *verdict == Some(Verdict::Better)), "{told:?}");
    assert!(help.rows[1..4].is_sorted_by_key(|row| row.value));
    // What a row says is what the page says when it is tried.
    for row in &help.rows[1..] {
        let set: Vec<(&str, Value)> = row.set.iter().map(|(path, value)| (path.as_str(), value.clone())).collect();
        change(&mut session, &set);
        let info = session.info();
        let amount = row.amount.clone().expect("it is known");
        assert!(plain(&info.headline).contains(&amount), "{}: {amount}", plain(&info.headline));
    }
}

#[test]
fn after_a_change_the_run_before_is_remembered() {
    let spawn_blocking = json!([{"measure": {"label": "job", "do": [{"spawn_blocking": [{"block": "400 ms"}]}]}}]);
    let mut session = session(&[]);
    assert_eq!(session.info().before, None);
    let late = all_help(&mut session).rows[0].amount.clone().expect("known");
    change(&mut session, &[("tasks.job.program", spawn_blocking)]);
    let info = session.info();
    let before = info.before.expect("a run before");
    assert_eq!(before.amount, late);
    assert!(plain(&info.headline).ends_with(&format!("(before: {late})")), "{}", plain(&info.headline));
    // The job is no longer what the lesson's first try would change: it is not offered again.
    let labels: Vec<String> = all_help(&mut session).rows.into_iter().map(|row| row.label).collect();
    assert!(!labels.contains(&"the job in spawn_blocking".to_owned()), "{labels:?}");
    // Back again, the other way round.
    change(&mut session, &[]);
    assert!(plain(&session.info().headline).contains(&late));
    assert_ne!(session.info().before.expect("a run before").amount, late);
}

/// A change that is called better never makes the number larger, one that is called worse never smaller.
#[test]
fn what_is_recommended_never_makes_it_worse() {
    for (name, policy, kind) in [
        ("w1", "global-queue", "ticker"),
        ("w3", "global-queue", "ticker"),
        ("always-ready", "tokio", "ticker"),
        ("ping-pong", "tokio", "bystander"),
        ("driver-hazard", "tokio", "second"),
        ("w2", "tokio", "ticker"),
        ("w3", "tokio", "ticker"),
        ("w4", "tokio", "ticker"),
        ("lifo-slot", "tokio", "hidden"),
        ("starving-pair", "tokio", "stander"),
        ("pool-limit", "tokio", "main"),
        ("std-mutex", "tokio", "job"),
        ("closed-loop", "tokio", "request"),
        ("chained-spawn", "global-queue", "link"),
    ] {
        let help = help(&scenario(name, policy, &[]), kind, None);
        let before = help.rows.first().and_then(|row| row.value).expect("a number");
        for row in &help.rows[1..] {
            let after = row.value.expect("all are known");
            match row.verdict.expect("all are known") {
                Verdict::Better => assert!(after < before, "{name}: {row:?}"),
                Verdict::Worse => assert!(after > before, "{name}: {row:?}"),
                Verdict::Same => assert!(after.abs_diff(before) <= before / 20 + 1, "{name}: {row:?}"),
            }
        }
        assert!(help.rows[1..].is_sorted_by_key(|row| row.verdict), "{name}: {:?}", help.rows);
    }
}
