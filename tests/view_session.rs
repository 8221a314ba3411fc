//! The page's session over the real simulator: what a visitor sees, for the lesson and for changed settings.

use std::collections::BTreeMap;

use dandori::id::{KindId, TaskId};
use dandori::policy::Registry;
use dandori::scenario::{Json, Problem, Scenario, library};
use dandori::sim::Sim;
use dandori::time::Time;
use dandori::trace::{Event, Recording, Trace};
use dandori::view::board::{Board, Focus, Measure};
use dandori::view::export::Format;
use dandori::view::layout::Layout;
use dandori::view::moment::moment;
use dandori::view::scene::scene;
use dandori::view::session::{Engine, Progress, Session, Settings, facts};
use dandori::view::why::why;
use dandori::words::{Lang, Rich, plain};
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

fn settings(lang: Lang, set: &[(&str, Value)]) -> Settings {
    let set: BTreeMap<String, Json> =
        set.iter().map(|(path, value)| ((*path).to_owned(), value.clone().into())).collect();
    Settings { v: 1, lesson: "late-ticker".into(), set, lang, ..Settings::default() }
}

fn run(settings: &Settings) -> Session {
    let mut session = Session::new(Registry::standard(), start);
    assert_eq!(session.open(settings), []);
    while !session.advance(10_000).done {}
    session
}

fn job(step: Value) -> Value {
    json!([{"measure": {"label": "job", "do": [step]}}])
}

/// `395.9 ms late` as milliseconds.
fn number(text: &str) -> f64 {
    let digits: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    digits.parse().unwrap_or_else(|_| panic!("no number in {text}"))
}

fn harm(rich: &Rich) -> Option<String> {
    rich.iter().find(|span| span.style == Some(dandori::words::Style::Harm)).map(|span| span.text.clone())
}

#[test]
fn a_scenario_under_a_lesson_opens_like_one_and_says_only_what_it_is() {
    for (lang, lead) in [(Lang::En, "hand a message to and fro"), (Lang::Ja, "メッセージをやり取り")] {
        let session = run(&Settings { lesson: "ping-pong".into(), ..settings(lang, &[]) });
        let info = session.info();
        assert_eq!((info.title.as_str(), info.step), ("ping-pong", 7));
        assert!(info.lead.contains(lead), "{}", info.lead);
        let knobs: Vec<&str> = info.knobs.iter().map(|knob| knob.path.as_str()).collect();
        assert_eq!(knobs, ["policy.name", "policy.workers", "seed"]);
        let stop = info.course.iter().find(|stop| stop.step == 7).expect("its lesson");
        assert!(stop.scenarios.iter().any(|further| further.name == "ping-pong" && further.lead == info.lead));
        assert!(info.question.is_empty() && !info.findings.is_empty() | plain(&info.headline).contains("10"));
    }
    // Its fields are set as a lesson's are.
    let set = settings(Lang::En, &[("policy.name", json!("smol"))]);
    let changed = run(&Settings { lesson: "stale-waker".into(), ..set });
    assert!(plain(&changed.info().headline).ends_with("0 of 1 task ran to the end."));
}

#[test]
fn a_wait_that_is_not_over_at_the_end_is_not_said_to_be() {
    let headline = |end: &str| {
        let settings = Settings { lesson: "lifo-slot".into(), ..settings(Lang::En, &[("limits.end", json!(end))]) };
        plain(&run(&settings).info().headline)
    };
    assert!(headline("100 ms").ends_with(" and had still not run."), "{}", headline("100 ms"));
    assert!(headline("2 s").ends_with(" before it ran."), "{}", headline("2 s"));
}

#[test]
fn the_first_lesson_opens_on_the_late_tick() {
    let session = run(&settings(Lang::En, &[]));
    let info = session.info();
    let headline = plain(&info.headline);
    assert!(headline.starts_with("The ticker wants to run every 10\u{a0}ms. Once, it ran "), "{headline}");
    let late = number(&harm(&info.headline).expect("a red number"));
    assert!((380.0..400.0).contains(&late), "{late}");
    let ids: Vec<_> = info.rows.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids, ["focus", "worker-0", "worker-1", "driver"]);
    assert_eq!(info.quiet, ["global queue", "blocking pool", "CPUs"]);
    let why = info.why.expect("a wait");
    let sum: u64 = why.parts.iter().map(|part| part.ns).sum();
    assert!((sum as f64 / 1e6 - late).abs() < 0.06, "{sum} {late}");
    let largest = why.parts.iter().find(|part| part.largest).expect("one is the largest");
    assert!(plain(&largest.text).starts_with("The timer was due, but nobody looked. Worker 0 was blocked in J"));
    let moment = session.moment(info.cursor);
    assert_eq!(moment.clock, "150.0\u{a0}ms");
    assert!(
        plain(&moment.caption).starts_with("Both workers are inside blocking calls, so nobody looks at the timers."),
        "{}",
        plain(&moment.caption)
    );
}

#[test]
fn a_knob_changes_the_world_and_every_sentence_with_it() {
    for step in [json!({"spawn_blocking": [{"block": "400 ms"}]}), json!({"block_in_place": [{"block": "400 ms"}]})] {
        let session = run(&settings(Lang::En, &[("tasks.job.program", job(step))]));
        let info = session.info();
        let headline = plain(&info.headline);
        assert!(headline.contains("It was never more than "), "{headline}");
        assert_eq!(harm(&info.headline), None);
        let moment = session.moment(Time(150_000_000));
        assert!(!plain(&moment.caption).contains("Both workers"), "{}", plain(&moment.caption));
        let rows: Vec<_> = info.rows.iter().map(|row| row.id.as_str()).collect();
        assert!(rows.contains(&"pool") || rows.contains(&"threads"), "{rows:?}");
    }
}

#[test]
fn everything_that_is_wrong_with_a_link_is_told_and_the_run_stays() {
    let mut session = run(&settings(Lang::En, &[]));
    let digest = session.info().digest;
    let problems = session.open(&settings(
        Lang::En,
        &[("policy.workers", json!(0)), ("tasks.nobody.label", json!("N")), ("limits.end", json!("9 h"))],
    ));
    let paths: Vec<_> = problems.iter().map(|problem| problem.path.as_str()).collect();
    assert!(paths.contains(&"policy.workers") && paths.contains(&"limits.end"), "{problems:?}");
    assert_eq!(session.info().digest, digest);
    let unknown = Settings { lesson: "x".repeat(1_000), v: 7, ..Settings::default() };
    let problems = session.open(&unknown);
    assert_eq!(problems.iter().map(|p| p.path.as_str()).collect::<Vec<_>>(), ["v", "lesson"]);
    assert!(problems[1].message.len() < 400, "{}", problems[1].message);
}

#[test]
fn steps_go_from_record_to_record_and_back() {
    let session = run(&settings(Lang::En, &[]));
    let info = session.info();
    let mut t = Time::ZERO;
    let mut seen = 0;
    loop {
        let next = session.step(t, true, None);
        if next == t {
            break;
        }
        assert!(session.step(next, false, None) <= t.max(next));
        (t, seen) = (next, seen + 1);
    }
    assert!(t == info.end && seen > 50, "{t} {seen}");
    let in_row = session.step(Time(100_000_000), true, Some("driver"));
    assert!(in_row > Time(100_000_000) && in_row <= info.end);
    assert_eq!(session.step(info.end, true, Some("focus")), info.end);
}

#[test]
fn what_lies_under_a_point_is_the_task_there() {
    let mut session = run(&settings(Lang::En, &[]));
    let info = session.info();
    let scene = session.scene(Layout::Wide, 794.0, info.from, info.to);
    let worker = info.rows.iter().position(|row| row.id == "worker-1").expect("a row");
    let hit = session.at(397.0, scene.rows[worker].y + 20.0).expect("a job is there");
    assert!(hit.task.is_some() && hit.from < Time(51_000_000) && hit.to > Time(449_000_000), "{hit:?}");
    assert!(plain(&hit.text).contains("blocked"), "{}", plain(&hit.text));
    assert_eq!(session.at(397.0, -1.0), None);
    session.select(hit.task);
    assert_eq!(session.info().selected, hit.task);
    session.select(None);
    assert_ne!(session.info().selected, hit.task);
}

/// The number in the headline by a second path: straight from the records, without rows, waits or parts.
#[test]
fn the_headline_agrees_with_the_records() {
    let registry = Registry::standard();
    for (name, workers) in [("tokio", 1), ("tokio", 2), ("tokio", 3), ("global-queue", 2)] {
        let set = [("policy.name", json!(name)), ("policy.workers", json!(workers))];
        let headline = run(&settings(Lang::En, &set)).info().headline;
        let mut draft = dandori::scenario::lesson::get("late-ticker").expect("a lesson").draft();
        draft.with_policy(name, &registry);
        draft.set("policy.workers", &workers.to_string()).expect("a parameter");
        let scenario = draft.build(&registry).expect("valid");
        let trace = Sim::new(&scenario, &registry).expect("valid").finish().trace;
        let mut due = None;
        let mut worst = 0;
        for record in trace.iter() {
            match record.event {
                Event::Timer { due: at, .. } => due = Some(at),
                Event::PollStart { task, .. } if Some(task) == ticker(&trace) => {
                    worst = worst.max(due.take().map_or(0, |due| record.at.since(due).0));
                }
                _ => {}
            }
        }
        if let Some(due) = due {
            worst = worst.max(scenario.limits.end.since(due).0);
        }
        let said: f64 =
            headline.iter().skip(1).find(|span| span.style.is_some()).map_or(0.0, |span| number(&span.text));
        assert!((said - worst as f64 / 1e6).abs() < 0.06, "{name} {workers}: {} {worst}", plain(&headline));
    }
}

/// The first task that asks for a deadline.
fn ticker(trace: &Trace) -> Option<TaskId> {
    trace.iter().find_map(|record| match record.event {
        Event::Timer { task, .. } => Some(task),
        _ => None,
    })
}

/// No sentence may be wrong, and nothing may break, after any knob moved: every caption, headline and why of many
/// settings is made, in both languages, at many times; what can be checked by a second path is.
#[test]
fn no_setting_breaks_a_sentence_or_a_picture() {
    let jobs = [
        json!({"block": "400 ms"}),
        json!({"cpu": "30 ms"}),
        json!({"spawn_blocking": [{"block": "400 ms"}]}),
        json!({"block_in_place": [{"block": "400 ms"}]}),
    ];
    for policy in ["tokio", "global-queue"] {
        for (step, workers, count) in jobs.iter().flat_map(|step| [(step, 1, 1), (step, 2, 5), (step, 8, 64)]) {
            for lang in Lang::ALL {
                let mut session = run(&settings(
                    lang,
                    &[
                        ("policy.name", json!(policy)),
                        ("policy.workers", json!(workers)),
                        ("tasks.main.program.0.measure.do.0.spawn.count", json!(count)),
                        ("tasks.job.program", job(step.clone())),
                    ],
                ));
                check(&mut session, &format!("{policy} {workers} {count} {step} {lang:?}"));
            }
        }
    }
}

fn check(session: &mut Session, what: &str) {
    let info = session.info();
    if let Some(why) = &info.why {
        let shares: f64 = why.parts.iter().map(|part| part.share).sum();
        assert!((shares - 1.0).abs() < 1e-9, "{what}: {shares}");
        assert_eq!(why.parts.iter().filter(|part| part.largest).count(), 1, "{what}");
    }
    for step in 0..=50 {
        let t = Time(info.end.0 / 50 * step);
        let moment = session.moment(t);
        assert!(!moment.caption.is_empty(), "{what} at {t}");
        assert_eq!(moment.stage.len(), info.rows.len());
        for cell in &moment.stage {
            assert!((1..=2).contains(&cell.lines.len()), "{what} {cell:?}");
        }
    }
    for (layout, width) in [(Layout::Wide, 794.0), (Layout::Middle, 414.0), (Layout::Narrow, 336.0)] {
        let scene = session.scene(layout, width, info.from, info.to);
        // Bars, strips, graph steps, lines, marks: a few per pixel and row, however many records there are.
        assert!(scene.prims.len() < 6 * width as usize * scene.rows.len(), "{what}: {}", scene.prims.len());
        for prim in &scene.prims {
            assert!(prim.x.is_finite() && prim.x >= 0.0 && prim.x <= width, "{what} {prim:?}");
            assert!(prim.w >= 0.0 && prim.h >= 0.0 && prim.y >= 0.0 && prim.y <= scene.height, "{what} {prim:?}");
        }
    }
}

/// Writes pictures of several settings to look at: `DANDORI_PICTURES=folder cargo test --test suite view_session pictures`.
#[test]
fn pictures_of_every_setting_can_be_drawn() {
    let variants = [
        ("first", vec![]),
        ("spawn-blocking", vec![("tasks.job.program", job(json!({"spawn_blocking": [{"block": "400 ms"}]})))]),
        ("block-in-place", vec![("tasks.job.program", job(json!({"block_in_place": [{"block": "400 ms"}]})))]),
        ("twenty-jobs", vec![("tasks.main.program.0.measure.do.0.spawn.count", json!(20))]),
        (
            "computing",
            vec![
                ("tasks.main.program.0.measure.do.0.spawn.count", json!(40)),
                ("tasks.job.program", job(json!({"cpu": "7 ms"}))),
                ("policy.workers", json!(4)),
            ],
        ),
        ("global-queue", vec![("policy.name", json!("global-queue"))]),
    ];
    for (name, set) in variants {
        for lang in Lang::ALL {
            let session = run(&settings(lang, &set));
            let svg = session.picture(Time(150_000_000));
            assert!(svg.ends_with("</svg>\n") && !svg.contains("NaN"), "{name}");
            if let Ok(folder) = std::env::var("DANDORI_PICTURES") {
                std::fs::write(format!("{folder}/{name}-{}.svg", lang.code()), svg).expect("the folder is there");
            }
        }
    }
}

/// The picture for the README is that of this run. `DANDORI_WRITE=1 cargo test --test suite view_session picture` writes it.
#[test]
fn the_committed_picture_is_that_of_the_run() {
    const FILE: &str = "docs/first-picture.svg";
    let svg = run(&settings(Lang::En, &[])).picture(Time(150_000_000));
    if std::env::var_os("DANDORI_WRITE").is_some() {
        std::fs::write(FILE, &svg).expect("the file can be written");
    }
    let written = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        written == svg,
        "{FILE} is another picture; DANDORI_WRITE=1 cargo test --test suite view_session picture writes it"
    );
}

/// Every named scenario under every policy that it fits, looked at for every kind of task in it: nothing panics, parts
/// add up, and the picture is bounded by its pixels even where a run has a record every few nanoseconds.
#[test]
fn every_library_scenario_can_be_looked_at() {
    let registry = Registry::standard();
    let mut most = 0.0f64;
    let every =
        library::ALL.iter().flat_map(|named| named.fits.iter().enumerate().map(move |(n, policy)| (named, n, policy)));
    for (named, n, policy) in every {
        // The long ones under the first two: their length is in their repetition.
        if n >= 2
            && ["w3", "w4", "yield-many", "spawn-many", "global-interval"]
                .iter()
                .any(|long| named.name.starts_with(long))
        {
            continue;
        }
        let Some(registered) = registry.get(policy) else { continue };
        let scenario = named.under(policy, &registry).expect("it fits");
        let recording = Sim::new(&scenario, &registry).expect("valid").finish();
        let facts = facts(&registered.spec, &scenario);
        let what = format!("{} under {policy}, {} records", named.name, recording.trace.len());
        for kind in 0..scenario.kinds.len() {
            let focus = Focus { kind: KindId(kind as u16), measure: Measure::Wait };
            let board = Board::new(&recording, facts.clone(), focus, None, Lang::ALL[kind % 2]);
            if let Some(wait) = board.wait() {
                let sum: u64 = board.parts.iter().map(|part| part.length.0).sum();
                assert_eq!(sum, wait.length().0, "{what}: {wait:?}");
                assert!(why(&board).is_some(), "{what}");
            }
            for step in 0..=10 {
                assert!(!moment(&board, Time(board.line.end.0 / 10 * step)).caption.is_empty(), "{what}");
            }
            for (layout, width) in [(Layout::Wide, 794.0), (Layout::Narrow, 336.0)] {
                let scene = scene(&board, layout, width, board.from, board.to);
                let per_pixel = scene.prims.len() as f64 / (f64::from(width) * scene.rows.len() as f64);
                most = most.max(per_pixel);
                assert!(per_pixel < 4.0, "{what}: {} primitives", scene.prims.len());
            }
        }
    }
    assert!(most > 0.05, "no picture was dense enough to test the bound: {most}");
}

// ---- Files --------------------------------------------------------------------------------------------------------------

/// The session with the recording of the first lesson, exported in a format and opened again.
fn reopened(format: Format) -> (Session, Session) {
    let session = run(&settings(Lang::En, &[]));
    let mut other = Session::new(Registry::standard(), start);
    assert_eq!(other.open_trace(&session.export_trace(format), "tick.file", Lang::En), []);
    (session, other)
}

#[test]
fn an_exported_run_opens_again_as_the_same_recording_without_knobs() {
    for format in [Format::JsonLines, Format::Perfetto] {
        let (run, mut file) = reopened(format);
        let (was, info) = (run.info(), file.info());
        assert_eq!((was.world, info.world), ("simulated", "recorded"));
        assert_eq!(was.recording, None);
        let told = info.recording.clone().expect("it is from a file");
        assert_eq!((told.name.as_str(), told.left_out.len()), ("tick.file", 0));
        assert_eq!(told.policy, "tokio 1.53, multi-thread");
        assert_eq!((&info.title, info.step, info.knobs.len()), (&"tick.file".to_owned(), 0, 0));
        assert_eq!((&info.digest, info.records, info.end), (&was.digest, was.records, was.end));
        assert!(plain(&info.model).contains("A simulated run from a file: tokio"), "{}", plain(&info.model));
        assert!(info.lead.contains("Nothing can be set here"), "{}", info.lead);
        // The lesson looks at the ticker, and nothing waited longer in the whole run.
        let (was, why) = (was.why.expect("a wait"), info.why.expect("a wait"));
        assert_eq!(why.title, was.title);
        assert_eq!(
            why.parts.iter().map(|part| part.ns).sum::<u64>(),
            was.parts.iter().map(|part| part.ns).sum::<u64>()
        );
        assert!(file.help().rows.is_empty() && file.help_advance(1_000).done);
        assert_eq!(file.export_trace(Format::JsonLines), run.export_trace(Format::JsonLines));
    }
}

#[test]
fn a_recording_changes_its_language_and_keeps_its_selection() {
    let (_, mut file) = reopened(Format::JsonLines);
    let task = file.info().selected.expect("a task");
    file.select(Some(TaskId(task.0 + 1)));
    file.relabel(Lang::Ja);
    let info = file.info();
    assert_eq!(info.selected, Some(TaskId(task.0 + 1)));
    assert!(info.lead.contains("ファイル") && plain(&info.headline).contains('。'), "{}", info.lead);
}

#[test]
fn a_bad_file_is_told_by_line_and_the_run_stays() {
    let mut session = run(&settings(Lang::En, &[]));
    let digest = session.info().digest;
    let mut lines: Vec<String> =
        String::from_utf8(session.export_trace(Format::JsonLines)).unwrap().lines().map(str::to_owned).collect();
    lines[3] = "{".to_owned();
    let problems = session.open_trace(lines.join("\n").as_bytes(), "x", Lang::En);
    assert_eq!(problems[0].path, "line 4");
    assert_eq!(session.info().digest, digest);
    // A stream that was tampered with breaks a law, and the line is named.
    let mut lines: Vec<String> =
        String::from_utf8(session.export_trace(Format::JsonLines)).unwrap().lines().map(str::to_owned).collect();
    let start = lines.iter().position(|line| line.contains("poll_start")).expect("a poll");
    lines.remove(start);
    let problems = session.open_trace(lines.join("\n").as_bytes(), "x", Lang::En);
    assert!(problems[0].message.contains("breaks the law"), "{problems:?}");
    assert_eq!(session.info().world, "simulated");
}

/// A link may ask for a hundred million events: what a page can hold is simulated and shown, and the sentence says so.
#[test]
fn a_run_ends_at_what_a_page_can_hold_and_says_so() {
    let forever = json!([{"forever": [{"sleep": {"every": "1 us"}}]}]);
    let set = |records: u64| {
        [("limits.records", json!(records)), ("limits.end", json!("3600 s")), ("tasks.ticker.program", forever.clone())]
    };
    let told = |lang, records| {
        let mut session = Session::new(Registry::standard(), start).holding(20_000);
        assert_eq!(session.open(&settings(lang, &set(records))), []);
        while !session.advance(10_000).done {}
        let info = session.info();
        assert!((20_000..20_100).contains(&info.records) == (records > 20_000), "{} records", info.records);
        plain(&info.notice.expect("it ended early")).replace('\u{a0}', " ")
    };
    let held = told(Lang::En, 100_000_000);
    assert!(held.starts_with("Stopped at 20 k events, ") && held.contains(": a page can hold no more."), "{held}");
    assert!(told(Lang::Ja, 100_000_000).contains("ページに保持できる上限"));
    let asked = told(Lang::En, 3_000);
    assert!(asked.starts_with("Stopped at ") && !asked.contains("page"), "{asked}");
}

/// Jobs that run in the pool's threads wait in no queue, whatever the number of them.
#[test]
fn jobs_in_threads_are_not_said_to_be_in_a_queue() {
    let session = run(&Settings { v: 1, lesson: "blocking-pool".into(), ..Settings::default() });
    let moment = serde_json::to_value(session.moment(Time(410_000_000))).expect("a moment is JSON");
    let rows = moment["stage"].as_array().expect("rows");
    let pool = rows.iter().find(|row| row["row"] == "pool").expect("the pool's row");
    let parts = pool["lines"][0].as_array().expect("its first line");
    let more = parts.iter().find_map(|part| part["more"].is_u64().then(|| part["name"].as_str())).flatten();
    assert_eq!(more, Some("508 more, each in a thread of its own"));
}

#[test]
fn another_programs_trace_is_shown_by_thread_and_nothing_is_invented() {
    let mut session = Session::new(Registry::standard(), start);
    let trace = r#"[
        {"ph":"M","pid":1,"tid":7,"name":"thread_name","args":{"name":"tokio-runtime-worker"}},
        {"ph":"B","pid":1,"tid":7,"ts":1000,"name":"request","cat":"app"},
        {"ph":"X","pid":1,"tid":7,"ts":1100.5,"dur":200.25,"name":"query"},
        {"ph":"E","pid":1,"tid":7,"ts":2000},
        {"ph":"X","pid":1,"tid":8,"ts":1500,"dur":9000,"name":"flush"},
        {"ph":"C","pid":1,"ts":1500,"name":"queue","args":{"n":3}},
        {"ph":"i","pid":1,"tid":7,"ts":1600,"name":"log","s":"t"}
    "#;
    assert_eq!(session.open_trace(trace.as_bytes(), "app.json", Lang::En), []);
    let info = session.info();
    let rows: Vec<_> = info.rows.iter().map(|row| (row.id.as_str(), row.name.as_str())).collect();
    assert_eq!(rows, [("focus", "Flush"), ("thread-0", "Tokio-runtime-worker"), ("thread-1", "8")]);
    let headline = plain(&info.headline);
    assert_eq!(headline, "Slices: 3, threads: 2. The longest is flush, 9.000\u{a0}ms.");
    assert_eq!(info.end, Time(9_500_000));
    assert!(info.why.is_none() && info.findings.is_empty() && info.quiet.is_empty());
    let told = info.recording.expect("a file");
    assert_eq!(told.left_out, ["instants: 1", "values of counters: 1"]);
    assert_eq!(plain(&info.notice.expect("told")), "Not shown of this file: instants: 1, values of counters: 1.");
    let moment = session.moment(Time(200_000));
    assert!(moment.spoken.contains("Tokio-runtime-worker: request"), "{}", moment.spoken);
    assert!(!session.scene(Layout::Wide, 800.0, Time::ZERO, info.end).prims.is_empty());
    let hit = (30..200).find_map(|y| session.at(50.0, y as f32).filter(|hit| plain(&hit.text).contains("request")));
    assert!(hit.is_some());
    // It goes out again, and comes back as it was.
    let mut again = Session::new(Registry::standard(), start);
    assert_eq!(again.open_trace(&session.export_trace(Format::Perfetto), "x", Lang::En), []);
    assert_eq!(again.info().digest, session.info().digest);
}
