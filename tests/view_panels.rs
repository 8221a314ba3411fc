//! What a session says when it is asked for more than the board: settings, workloads, numbers, code, and other runs.

use std::collections::BTreeMap;

use dandori::policy::Registry;
use dandori::scenario::{Json, Problem, Scenario, lesson};
use dandori::sim::Sim;
use dandori::time::Time;
use dandori::trace::Recording;
use dandori::view::layout::Layout;
use dandori::view::panels::fields::{Field, Fields};
use dandori::view::session::{Engine, Progress, Session, Settings};
use dandori::words::{Lang, plain};
use serde_json::{Value, json};

/// The simulator behind the session, as the boundary to JavaScript puts it there.
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

fn start(scenario: &Scenario, registry: &Registry) -> Result<Box<dyn Engine>, Vec<Problem>> {
    Ok(Box::new(Simulated(Sim::new(scenario, registry)?)))
}

fn settings(lesson: &str, set: &[(&str, Value)]) -> Settings {
    let set: BTreeMap<String, Json> =
        set.iter().map(|(path, value)| ((*path).to_owned(), value.clone().into())).collect();
    Settings { v: 1, lesson: lesson.to_owned(), set, ..Settings::default() }
}

fn run(settings: &Settings) -> Session {
    let mut session = Session::new(Registry::standard(), start);
    assert_eq!(session.open(settings), []);
    while !session.advance(50_000).done {}
    session
}

fn late(set: &[(&str, Value)]) -> Session {
    run(&settings("late-ticker", set))
}

fn field<'a>(fields: &'a Fields, path: &str) -> &'a Field {
    let mut all = fields.groups.iter().flat_map(|group| &group.fields);
    all.find(|field| field.path == path).unwrap_or_else(|| panic!("there is no field {path}"))
}

#[test]
fn every_parameter_of_every_policy_is_a_field_with_all_that_is_known_about_it() {
    let registry = Registry::standard();
    for policy in registry.iter() {
        let wanted = settings("late-ticker", &[("policy.name", json!(policy.spec.name))]);
        let session = Session::new(Registry::standard(), start);
        if !session.check(&wanted).is_empty() {
            continue;
        }
        let fields = run(&wanted).fields().expect("a lesson is shown");
        for param in policy.spec.params {
            let field = field(&fields, &format!("policy.{}", param.name));
            assert_eq!((field.what.as_str(), field.source.as_str()), (param.what, param.source));
            assert!(field.disabled.is_none() && !field.value.is_null(), "{field:?}");
        }
        assert_eq!(fields.assumptions.len(), policy.spec.assumptions.len());
        assert_eq!(fields.groups[0].fields.len(), policy.spec.params.len() + 1);
    }
}

#[test]
fn a_field_is_what_the_run_has_and_setting_it_to_its_value_changes_nothing() {
    let session = late(&[
        ("policy.workers", json!(3)),
        ("machine.costs.profile", json!("laptop")),
        ("limits.end", json!("400 ms")),
    ]);
    let fields = session.fields().expect("a lesson is shown");
    assert_eq!(
        (&field(&fields, "policy.workers").value, &field(&fields, "policy.workers").initial),
        (&json!(3), &json!(2))
    );
    assert_eq!(field(&fields, "machine.costs.profile").value, json!("laptop"));
    // Costs follow their profile: none of them is a change of its own.
    let park = field(&fields, "machine.costs.wake_latency");
    assert_eq!((&park.value, &park.initial, park.default.as_str()), (&json!("5 us"), &json!("5 us"), "5 us"));
    assert_eq!(field(&fields, "limits.end").value, json!("400 ms"));
    let digest = session.info().digest;
    let all: Vec<(&str, Value)> = fields
        .groups
        .iter()
        .flat_map(|group| &group.fields)
        .filter(|field| field.path != "seed" && field.kind != "text")
        .map(|field| (field.path.as_str(), field.value.clone()))
        .collect();
    assert_eq!(late(&all).info().digest, digest);
}

#[test]
fn values_out_of_range_are_told_with_their_path_and_nothing_starts() {
    let mut session = late(&[]);
    let digest = session.info().digest;
    let wrong: [(&str, Value); 5] = [
        ("policy.workers", json!(0)),
        ("policy.timer_resolution", json!("9 h")),
        ("machine.cpus", json!(4_096)),
        ("machine.costs.park", json!("2 s")),
        ("seed", json!(-1)),
    ];
    let problems = session.check(&settings("late-ticker", &wrong));
    let paths: Vec<_> = problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths.len(), wrong.len(), "{problems:?}");
    for (path, _) in &wrong {
        assert!(paths.contains(path), "{path}: {problems:?}");
    }
    assert!(session.advance(1).done);
    assert_eq!(session.info().digest, digest);
}

#[test]
fn a_parameter_of_another_policy_waits_for_it_and_says_why_it_does_nothing() {
    let set = [("policy.name", json!("go")), ("policy.event_interval", json!(7))];
    let session = late(&set);
    let fields = session.fields().expect("a lesson is shown");
    let waiting = field(&fields, "policy.event_interval");
    assert_eq!(waiting.disabled.as_deref(), Some("Go 1.27 has no event_interval."));
    assert_eq!(session.info().digest, late(&set[..1]).info().digest);
    // What no policy has is a problem as before.
    let problems = session.check(&settings("late-ticker", &[("policy.nonsense", json!(1))]));
    assert_eq!(problems[0].path, "policy.nonsense");
}

#[test]
fn an_edited_workload_becomes_the_fewest_fields_and_they_make_it() {
    let session = late(&[("policy.workers", json!(3))]);
    let fields = session.fields().expect("a lesson is shown");
    let base = settings("late-ticker", &[("policy.workers", json!(3)), ("tasks.main.label", json!("Q"))]);
    let same = session.workload(&base, &fields.workload);
    assert_eq!(same.set.keys().collect::<Vec<_>>(), ["policy.workers"], "what was set before is set anew");
    let edited = session.workload(&base, &fields.workload.replace("400 ms", "40 ms"));
    assert_eq!(edited.problems, []);
    let keys: Vec<_> = edited.set.keys().map(String::as_str).collect();
    assert_eq!(keys, ["policy.workers", "tasks.job.program.0.measure.do.0.block"]);
    let again = run(&Settings { set: edited.set, ..base.clone() }).fields().expect("a lesson is shown");
    assert_eq!(again.workload, fields.workload.replace("400 ms", "40 ms"));
    assert_eq!(again.workload_initial, fields.workload);
}

#[test]
fn kinds_keep_the_order_in_which_they_are_written() {
    let session = late(&[]);
    let text = session.fields().expect("a lesson is shown").workload;
    let Ok(Json::Map(mut parts)) = Json::parse(&text) else { panic!("{text}") };
    let Some((_, Json::Map(kinds))) = parts.iter_mut().find(|(name, _)| name == "tasks") else { panic!("{text}") };
    kinds.reverse();
    let wanted = Json::Map(parts).to_string();
    let edited = session.workload(&settings("late-ticker", &[]), &wanted);
    assert_eq!((edited.problems.len(), edited.set.keys().map(String::as_str).collect::<Vec<_>>()), (0, vec!["tasks"]));
    // Through JSON and back, as it goes through a link.
    let text = serde_json::to_string(&edited.set).expect("plain JSON");
    let set: BTreeMap<String, Json> = serde_json::from_str(&text).expect("reads back");
    let now = run(&Settings { set, ..settings("late-ticker", &[]) }).fields().expect("a lesson is shown");
    assert_eq!(now.workload, wanted);
}

#[test]
fn everything_that_is_wrong_with_a_workload_is_told_at_once() {
    let session = late(&[]);
    let problems = |text: &str| session.workload(&settings("late-ticker", &[]), text).problems;
    let paths = |text: &str| problems(text).into_iter().map(|problem| problem.path).collect::<Vec<_>>();
    assert_eq!(paths("{"), [""]);
    assert_eq!(paths(r#"{"seed": 1, "tasks": {}}"#), ["seed"]);
    let wrong =
        r#"{"tasks": {"a": {"arrive": [{"at": "now"}], "program": [{"cpu": "1 h 2"}, {"spawn": "b"}, {"fly": 1}]}}}"#;
    let found = paths(wrong);
    for path in ["tasks.a.arrive.0.at", "tasks.a.program.0.cpu", "tasks.a.program.1", "tasks.a.program.2"] {
        assert!(found.iter().any(|known| known.starts_with(path)), "{path}: {found:?}");
    }
    assert!(problems(&" ".repeat(300_000))[0].message.contains("at most"));
}

#[test]
fn numbers_of_every_lesson_fit_their_heads_and_shares_of_workers_add_up() {
    for name in lesson::names() {
        let session = run(&settings(name, &[]));
        let tables = session.numbers();
        for table in &tables {
            assert!(table.rows.iter().all(|row| row.cells.len() == table.columns.len()), "{name} {}", table.id);
        }
        let workers = tables.iter().find(|table| table.id == "workers").expect("there are workers");
        for row in &workers.rows {
            let sum: f64 = row.cells[..7].iter().filter_map(|cell| cell.raw).sum();
            assert!((sum - 1.0).abs() < 1e-6, "{name} {}: {sum}", row.name);
        }
        assert!(
            session.measures()[0].cell.raw.is_some() || name == "waker-ticket",
            "{name}: {:?}",
            session.measures()[0]
        );
        assert!(session.curve().is_sorted());
    }
}

#[test]
fn a_mean_depth_is_that_of_the_queue_over_time() {
    // 600 jobs for 512 threads: the first 512 are taken at once, 88 wait for 400 ms of the run.
    let session = run(&settings("blocking-pool", &[]));
    let tables = session.numbers();
    let queues = tables.iter().find(|table| table.id == "queues").expect("there are queues");
    let pool = queues.rows.iter().find(|row| row.name == "Blocking pool").expect("the pool was used");
    let (most, mean) = (pool.cells[0].raw.unwrap(), pool.cells[1].raw.unwrap());
    assert!(most >= 88.0 && mean > 10.0 && mean < most, "{most} {mean}");
}

#[test]
fn two_runs_part_where_a_task_does_something_else_and_nowhere_if_they_are_alike() {
    let (one, same) = (late(&[]), late(&[]));
    assert_eq!(one.parting(&same), None);
    let other = late(&[("policy.name", json!("go"))]);
    let parting = one.parting(&other).expect("they differ");
    assert_eq!(parting.at, parting.at.min(Time(450_000_000)));
    assert_ne!(plain(&parting.one), plain(&parting.other));
    assert_eq!(other.parting(&one).map(|back| (back.at, back.alike)), Some((parting.at, parting.alike)));
}

#[test]
fn a_band_has_the_focus_the_workers_and_other_threads_and_hits_what_it_shows() {
    let mut session = late(&[("policy.name", json!("go"))]);
    let info = session.info();
    let band = session.scene(Layout::Band, 800.0, info.from, info.to);
    let shown = info.rows.iter().filter(|row| ["focus", "worker", "thread", "pool"].contains(&row.kind)).count();
    assert_eq!((band.rows.len(), band.axis_height), (shown, 0.0));
    assert!(band.rows.iter().all(|row| row.height <= 50.0) && band.height < 200.0, "{}", band.height);
    let bottom = band.rows.iter().map(|row| row.y + row.height).fold(0.0, f32::max);
    for prim in &band.prims {
        assert!(prim.y >= -1.0 && prim.y + prim.h <= bottom + 1.0, "{prim:?}");
    }
    let last = band.rows.last().expect("rows");
    assert!((0..800).any(|x| session.at(x as f32, last.y + last.height / 2.0).is_some()));
}

#[test]
fn a_band_of_another_programs_trace_has_its_threads() {
    let mut session = late(&[]);
    let trace = br#"[{"ph":"X","pid":1,"tid":7,"ts":0,"dur":20,"name":"a"},{"ph":"X","pid":1,"tid":8,"ts":5,"dur":90,"name":"b"}]"#;
    assert_eq!(session.open_trace(trace, "app.json", Lang::En), []);
    let info = session.info();
    let band = session.scene(Layout::Band, 800.0, info.from, info.to);
    assert_eq!(band.rows.len(), info.rows.len());
    assert!(band.rows[1..].iter().all(|row| (row.height - 24.0).abs() < 0.01));
    let last = band.rows.last().expect("rows");
    assert!((0..800).any(|x| session.at(x as f32, last.y + last.height / 2.0).is_some()));
}

#[test]
fn the_code_stands_where_the_task_is_at_every_moment_of_every_lesson() {
    for name in lesson::names() {
        for lang in Lang::ALL {
            let session = run(&Settings { lang, ..settings(name, &[]) });
            let info = session.info();
            let mut seen = std::collections::BTreeSet::new();
            for part in 0..=200 {
                let t = Time(info.end.0 / 200 * part);
                let code = session.code(t).expect("there is a task in focus");
                assert_eq!(code.waited.len(), code.lines.len());
                assert_eq!(code.line.is_some(), !["new", "done"].contains(&code.how), "{name} at {t}: {code:?}");
                assert!(code.line.is_none_or(|line| line < code.lines.len()));
                seen.insert(code.how);
            }
            assert!(seen.contains("waits") || seen.contains("new") || seen.contains("done"), "{name}: {seen:?}");
            assert!(session.program().expect("a lesson is shown").contains("fn main()"));
        }
    }
}

#[test]
fn a_task_in_its_timer_says_so_also_while_nobody_notices() {
    let session = late(&[]);
    let code = session.code(Time(150_000_000)).expect("the ticker");
    let line = &code.lines[code.line.expect("it waits")];
    assert_eq!(line.trim(), "ticks.tick().await;");
    assert_eq!(
        (plain(&code.state), plain(&code.ticket)),
        ("Suspend0: waits at line 6".into(), "held by the timer".into())
    );
    let waited: Vec<_> = code.waited.iter().filter(|waited| !waited.is_empty()).collect();
    assert_eq!(waited.len(), 1);
    let job = Settings { sel: Some(2), ..settings("late-ticker", &[]) };
    let code = run(&job).code(Time(150_000_000)).expect("a job");
    assert_eq!(
        (code.how, code.lines[code.line.expect("it runs")].trim()),
        ("polls", "thread::sleep(Duration::from_millis(400));")
    );
}
