//! Files that somebody opens, over what a page and the command call: what is ours comes back exactly, what another program
//! wrote is shown as far as it goes, and what is broken or hostile is refused with its line, at once and without a panic.

use std::collections::BTreeMap;

use dandori::policy::Registry;
use dandori::runtime;
use dandori::scenario::{Draft, Scenario, library};
use dandori::sim::Sim;
use dandori::time::{Nanos, Time};
use dandori::trace::import::{self, Import, LeftOut};
use dandori::trace::jsonl::{self, Limits, LineProblem};
use dandori::trace::recording::Origin;
use dandori::trace::{Event, Recording};
use dandori::view::board::Board;
use dandori::view::explain::{Why, explain};
use dandori::view::export::{Format, trace};
use dandori::view::info::{About, info};
use dandori::view::layout::Layout;
use dandori::view::moment::moment;
use dandori::view::scene::scene;
use dandori::view::session::show_file;
use dandori::view::svg::{self, Theme};
use dandori::words::{Lang, plain};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Small, so that the bounds can be reached.
const SMALL: Limits = Limits { line: 20_000, bytes: 200_000, records: 2_000, problems: 20 };

fn scenario(name: &str) -> Scenario {
    library::get(name).expect("in the library").draft().build(&Registry::standard()).expect("valid")
}

fn simulated(name: &str) -> Recording {
    Sim::new(&scenario(name), &Registry::standard()).expect("valid").finish()
}

fn shown(import: &Import, lang: Lang) -> (Board, About) {
    show_file(import, "a file", &Registry::standard(), lang)
}

fn lines(recording: &Recording) -> Vec<u8> {
    let mut out = Vec::new();
    jsonl::write(recording, &mut out).expect("memory");
    out
}

fn perfetto(recording: &Recording, lang: Lang) -> Vec<u8> {
    let import = Import { recording: recording.clone(), left_out: Vec::new() };
    let (board, _) = shown(&import, lang);
    trace(&board, recording, Format::Perfetto)
}

/// Everything that a page asks of a file that it shows.
fn look_at(import: &Import) {
    for lang in Lang::ALL {
        let (mut board, about) = shown(import, lang);
        let told = info(&board, &about, Vec::new());
        assert!(!plain(&told.headline).is_empty());
        let end = board.line.end;
        for t in [Time::ZERO, Time(end.0 / 2), end] {
            assert!(!moment(&board, t).spoken.is_empty());
        }
        for layout in [Layout::Wide, Layout::Narrow] {
            let drawn = scene(&board, layout, 600.0, board.from, board.to);
            assert!(drawn.prims.iter().all(|prim| prim.x.is_finite() && prim.w.is_finite()));
        }
        let svg = svg::picture(&board, &about, Time(end.0 / 3));
        assert!(svg.starts_with("<svg") && !svg.contains("NaN") && !svg.contains("<script"));
        if let Some(task) = board.line.tasks.last().map(|lane| lane.id) {
            board.select(Some(task));
        }
    }
}

// ---- Out and in again -----------------------------------------------------------------------------------------------------

#[test]
fn what_dandori_writes_comes_back_exactly_in_both_formats() {
    for name in ["w1", "w3", "one-sleep"] {
        let recording = simulated(name);
        for bytes in [lines(&recording), perfetto(&recording, Lang::En), perfetto(&recording, Lang::Ja)] {
            let back = import::read(&bytes, Limits::default()).expect("it is whole");
            assert_eq!(back.recording, recording, "{name}");
            assert_eq!(back.left_out, []);
        }
    }
}

/// Events of the Chrome JSON, by their letter.
fn events(bytes: &[u8]) -> BTreeMap<String, Vec<Value>> {
    let file: Value = serde_json::from_slice(bytes).expect("it is JSON");
    let mut by_letter: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for event in file["traceEvents"].as_array().expect("a list") {
        by_letter.entry(event["ph"].as_str().expect("a letter").to_owned()).or_default().push(event.clone());
    }
    by_letter
}

fn nanos(value: &Value) -> u64 {
    (value.as_f64().expect("a number") * 1_000.0).round() as u64
}

#[test]
fn the_tracks_of_perfetto_say_what_the_page_says() {
    let recording = simulated("w1");
    let import = Import { recording: recording.clone(), left_out: Vec::new() };
    let (board, about) = shown(&import, Lang::En);
    let events = events(&trace(&board, &recording, Format::Perfetto));
    let tracks: BTreeMap<u64, &str> = events["M"]
        .iter()
        .filter(|event| event["name"] == "thread_name")
        .map(|event| (event["tid"].as_u64().unwrap(), event["args"]["name"].as_str().unwrap()))
        .collect();
    let names: Vec<&str> = tracks.values().copied().collect();
    for name in ["Worker 0", "Worker 1", "Thread 1", "T", "J1", "J2", "CPU 0"] {
        assert!(names.contains(&name), "{name} is no track: {names:?}");
    }
    // The wait in question is a slice with the length, the time and the reasons of the page.
    let wait = board.wait().expect("a wait");
    let told = info(&board, &about, Vec::new()).why.expect("a why");
    let slice = events["X"]
        .iter()
        .find(|event| {
            event["args"]["due_ns"] == json!(wait.due.0) && event["args"]["length_ns"] == json!(wait.length().0)
        })
        .expect("the wait is a slice");
    assert_eq!((nanos(&slice["ts"]), nanos(&slice["dur"])), (wait.due.0, wait.length().0));
    assert_eq!(slice["name"], format!("waited {}", board.scale.length(wait.length())));
    assert!(slice["args"]["why 1"].as_str().unwrap().starts_with(&told.parts[0].amount));
    // Every poll is a slice at its time on the track of its worker.
    for poll in &board.line.polls {
        let worker = board.worker_start(poll.worker.expect("w1 has no pool"));
        let found = events["X"].iter().any(|event| {
            tracks[&event["tid"].as_u64().unwrap()] == worker
                && nanos(&event["ts"]) == poll.start.0
                && event["name"] == json!(board.name(poll.task))
        });
        assert!(found, "{poll:?}");
    }
    // A wake and its poll are the two ends of an arrow.
    let ends = |letter: &str| -> BTreeMap<u64, u64> {
        events[letter].iter().map(|event| (event["id"].as_u64().unwrap(), nanos(&event["ts"]))).collect()
    };
    let (from, to) = (ends("s"), ends("f"));
    assert!(!from.is_empty() && from.keys().eq(to.keys()));
    for (number, wait) in board.line.waits.iter().enumerate().filter(|(_, wait)| wait.poll.is_some()) {
        let id = number as u64 + 1;
        assert_eq!((from[&id], to[&id]), (wait.wake.unwrap().0, wait.until.0));
    }
    assert!(events["f"].iter().all(|event| event["bp"] == "e" && event["cat"] == "wake"));
    // A counter ends at the depth that its queue has at the end.
    assert!(events["C"].iter().any(|event| event["name"] == "The global queue" && event["args"]["tasks"] == 1));
}

/// What the format ("Trace Event Format", Google) and Perfetto's importer ask of every event: a known letter, the fields of
/// that letter with their types, times that are numbers from 0 on, lengths that are not negative, and slices of a track
/// that nest.
fn well_formed(name: &str, recording: &Recording) {
    let bytes = perfetto(recording, Lang::Ja);
    let text = String::from_utf8(bytes.clone()).expect("UTF-8");
    assert!(text.starts_with("{\"displayTimeUnit\":\"ns\"") && !text.contains("\\u"));
    let events = events(&bytes);
    for (letter, event) in events.iter().flat_map(|(letter, events)| events.iter().map(move |event| (letter, event))) {
        let number = |field: &str| event[field].as_f64().is_some_and(|number| number >= 0.0);
        let whole = |field: &str| event[field].is_u64();
        let fits = match letter.as_str() {
            "X" => number("ts") && number("dur") && whole("tid") && event["args"].is_object(),
            "i" => number("ts") && whole("tid") && event["s"] == "t",
            "s" | "f" => number("ts") && whole("tid") && whole("id") && event["cat"].is_string(),
            "C" => number("ts") && event["args"].as_object().is_some_and(|args| args.values().all(Value::is_u64)),
            "M" => event["args"].is_object(),
            _ => false,
        };
        assert!(fits, "{name}: {event}");
    }
    let mut tracks: BTreeMap<u64, Vec<(u64, u64)>> = BTreeMap::new();
    for slice in &events["X"] {
        let (ts, dur) = (nanos(&slice["ts"]), nanos(&slice["dur"]));
        tracks.entry(slice["tid"].as_u64().expect("a track")).or_default().push((ts, ts + dur));
    }
    for (track, mut slices) in tracks {
        // The order in which the importer takes them: by time, and as they stand in the file.
        slices.sort_by_key(|&(from, _)| from);
        let mut open: Vec<(u64, u64)> = Vec::new();
        for slice in slices {
            open.retain(|&(_, to)| to > slice.0);
            let fits = open.last().is_none_or(|&(_, to)| slice.1 <= to);
            assert!(fits, "{name}, track {track}: {slice:?} does not nest in {:?}", open.last());
            open.push(slice);
        }
    }
    let pid = |event: &Value| event["pid"].as_u64().is_some_and(|pid| (1..=5).contains(&pid));
    assert!(events.values().flatten().all(|event| pid(event) && event["name"].is_string()));
}

#[test]
fn every_event_has_the_form_that_perfetto_reads_and_slices_nest() {
    for name in ["w1", "w2", "w3", "std-mutex", "async-mutex", "nested-block-on", "abort", "panic", "outside-thread"] {
        well_formed(name, &simulated(name));
    }
}

#[test]
fn real_recordings_have_the_form_that_perfetto_reads() {
    for (name, policy) in [("w1", "tokio"), ("std-mutex", "async-std-monitor"), ("abort", "tokio")] {
        well_formed(name, &recorded(name, policy));
    }
}

// ---- Recordings of real threads -------------------------------------------------------------------------------------------

/// Recorded by the runtime here and now.
fn recorded(name: &str, policy: &str) -> Recording {
    let registry = Registry::standard();
    let mut draft = library::get(name).expect("in the library").draft();
    draft.with_policy(policy, &registry);
    let scenario = draft.build(&registry).expect("valid");
    runtime::run(&scenario, &registry, &runtime::Options::default()).expect("it runs")
}

#[test]
fn real_recordings_are_explained_from_their_file_and_every_part_has_a_name() {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for (name, policy) in [("w1", "tokio"), ("w1", "go"), ("w1", "async-std-monitor"), ("w1", "global-queue")] {
        let recording = recorded(name, policy);
        assert_eq!(recording.meta.origin, Origin::Real);
        let import = import::read(&perfetto(&recording, Lang::En), Limits::default()).expect("it is whole");
        assert_eq!(import.recording, recording);
        let (board, about) = shown(&import, Lang::En);
        let told = info(&board, &about, Vec::new());
        assert_eq!(told.world, "recorded");
        assert!(told.why.is_some(), "{name} under {policy}: somebody waited");
        for wait in &board.line.waits {
            let parts = explain(&board.line, &board.facts.rules, wait);
            assert_eq!(parts.iter().map(|part| part.length.0).sum::<u64>(), wait.length().0);
            for part in &parts {
                let cause = format!("{:?}", part.why);
                *seen.entry(cause.split([' ', '{', '(']).next().unwrap_or_default().to_owned()).or_default() += 1;
                assert_ne!(part.why, Why::Other, "{name} under {policy}: nothing explains {part:?} of {wait:?}");
                assert_ne!(part.why, Why::Lost, "{name} under {policy}: no record was lost");
                // What threads do not record is never claimed.
                let claimed = matches!(part.why, Why::Cpu { .. } | Why::Lock { .. });
                assert!(!claimed, "{name} under {policy}: {part:?}");
                if let Why::Own { .. } = part.why {
                    assert!(part.length <= Nanos(100 * 100_000), "{part:?}");
                }
            }
        }
        look_at(&import);
    }
    assert!(seen.contains_key("Unnoticed") || seen.contains_key("Long") || seen.contains_key("Last"), "{seen:?}");
}

#[test]
fn lost_records_are_the_named_cause_of_what_nobody_knows() {
    let mut recording = simulated("w1");
    recording.meta.origin = Origin::Real;
    let mut cut = dandori::trace::Trace::new();
    let mut lossy = std::collections::BTreeSet::new();
    for record in recording.trace.iter() {
        // From 40 ms on nothing of the workers' queues is left; every thread says that it lost something.
        let gone = record.at > Time(40_000_000)
            && matches!(record.event, Event::Enqueue { .. } | Event::Move { .. } | Event::PollEnd { .. });
        if !gone {
            cut.push(record);
        } else if lossy.insert(record.thread) {
            cut.push(dandori::trace::Record { event: Event::Dropped { count: 9 }, ..record });
        }
    }
    recording.trace = cut;
    recording.meta.dropped = 9;
    let import = import::read(&lines(&recording), Limits::default()).expect("gaps are allowed");
    let (board, about) = shown(&import, Lang::En);
    let waits = board.line.waits.iter();
    let causes: Vec<Why> =
        waits.flat_map(|wait| explain(&board.line, &board.facts.rules, wait)).map(|part| part.why).collect();
    assert!(!causes.contains(&Why::Other));
    let told = info(&board, &about, Vec::new()).notice.expect("it is told");
    assert!(plain(&told).contains("Events lost while recording: 9"), "{}", plain(&told));
    look_at(&import);
}

// ---- Pictures -------------------------------------------------------------------------------------------------------------

#[test]
fn a_picture_has_the_width_range_and_colours_that_were_asked_for() {
    let import = Import { recording: simulated("w1"), left_out: Vec::new() };
    for lang in Lang::ALL {
        let (board, about) = shown(&import, lang);
        for (width, rows_beside) in [(1_262.0, true), (700.0, true), (360.0, false)] {
            let range = Some((Time(20_000_000), Time(90_000_000)));
            let options = svg::Options { at: Some(Time(60_000_000)), range, width, theme: Theme::Dark };
            let svg = svg::draw(&board, &about, &options);
            assert!(svg.contains(&format!("width=\"{width}\"")), "{width}");
            assert!(svg.contains("role=\"img\"") && svg.contains("<title") && svg.contains("<desc"));
            assert!(svg.contains("--paper:#14171B") && !svg.contains("prefers-color-scheme"));
            assert!(svg.contains("60.0\u{a0}ms"), "the moment is written");
            assert_eq!(svg.contains("text-anchor=\"middle\"") || rows_beside, rows_beside || svg.contains("middle"));
            // No line of words leaves the picture, measured with the widest font.
            for line in svg.split("<text ").skip(1) {
                let Some(end) = line.find("</text>") else { continue };
                let value = |name: &str| -> f32 {
                    let at = line.find(&format!("{name}=\"")).map(|at| at + name.len() + 2);
                    at.and_then(|at| line[at..].split('"').next()?.parse().ok()).unwrap_or(0.0)
                };
                let words: String =
                    line[..end].split('>').skip(1).map(|part| part.split('<').next().unwrap_or("")).collect();
                let words =
                    words.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
                let wide = dandori::view::text::width(words.trim_end(), value("font-size"), false);
                if value("font-size") >= 14.0 && !line.contains("text-anchor") {
                    assert!(value("x") + wide <= width + 1.0, "{width}: {words}");
                }
            }
        }
        let light = svg::Options { theme: Theme::Light, ..svg::Options::default() };
        assert!(svg::draw(&board, &about, &light).contains("--paper:#FBFAF6"));
        // Nonsense is put right.
        for width in [f32::NAN, -1.0, f32::INFINITY, 1e9] {
            let svg = svg::draw(&board, &about, &svg::Options { width, ..svg::Options::default() });
            assert!(!svg.contains("NaN") && !svg.contains("inf\""), "{width}");
        }
    }
}

// ---- Other programs -------------------------------------------------------------------------------------------------------

fn read(text: &str) -> Result<Import, Vec<LineProblem>> {
    import::read(text.as_bytes(), SMALL)
}

/// Slices as `name thread from to`, in the order in which they begin.
fn slices(import: &Import) -> Vec<String> {
    let (board, _) = shown(import, Lang::En);
    let of = |poll: &dandori::view::timeline::Poll| {
        let thread = poll.thread.map_or(0, |thread| thread.0);
        format!("{} {thread} {} {}", board.name(poll.task), poll.start.0, poll.to.0)
    };
    board.line.polls.iter().map(of).collect()
}

#[test]
fn begins_ends_and_complete_events_become_nested_slices() {
    let text = r#"{"traceEvents":[
        {"ph":"B","ts":10,"pid":1,"tid":1,"name":"outer"},
        {"ph":"B","ts":20,"pid":1,"tid":1,"name":"inner"},
        {"ph":"E","ts":30,"pid":1,"tid":1},
        {"ph":"E","ts":40,"pid":1,"tid":1,"name":"outer"},
        {"ph":"X","ts":"40.5","dur":1.25,"pid":1,"tid":1,"name":"outer"},
        {"ph":"X","ts":15,"dur":100,"pid":1,"tid":"net","name":"read"},
        {"ph":"B","ts":100,"pid":1,"tid":1,"name":"open"}
    ],"displayTimeUnit":"ms"}"#;
    let import = read(text).expect("it is good");
    let expected =
        ["outer 0 0 30000", "read 1 5000 105000", "inner 0 10000 20000", "outer 0 30500 31750", "open 0 90000 105000"];
    assert_eq!(slices(&import), expected);
    look_at(&import);
    assert_eq!(import.left_out, []);
}

/// The middle slice begins inside the first one and ends after it; the last has its name, and lies inside of it alone.
#[test]
fn slices_that_overlap_are_not_two_polls_of_one_task_at_once() {
    let text = r#"[{"ph":"X","pid":1,"tid":1,"ts":1.5,"dur":1,"name":"a"},
        {"ph":"X","pid":1,"tid":1,"ts":2,"dur":17,"name":"b"},
        {"ph":"X","pid":1,"tid":1,"ts":3,"dur":0,"name":"b"}]"#;
    let import = read(text).expect("a trace");
    let tasks: Vec<_> = import
        .recording
        .trace
        .iter()
        .filter_map(|record| match record.event {
            Event::PollStart { task, .. } => Some(task.0),
            _ => None,
        })
        .collect();
    assert_eq!(tasks, [0, 1, 2]);
}

#[test]
fn what_a_recording_cannot_hold_is_counted_by_what_it_is() {
    let text = r#"[{"ph":"X","ts":1,"dur":2,"pid":1,"tid":1,"name":"a"},
        {"ph":"i","ts":1,"name":"x"},{"ph":"I","ts":1},{"ph":"C","ts":1,"args":{"v":1}},{"ph":"s","id":1,"ts":1},
        {"ph":"f","id":1,"ts":2,"bp":"e"},{"ph":"b","ts":1,"id":"0x1","cat":"c"},{"ph":"e","ts":2,"id":"0x1","cat":"c"},
        {"ph":"P","ts":1},{"ph":"E","ts":0,"pid":9,"tid":9},{"ph":"M","name":"process_labels","args":{"labels":"x"}}]"#;
    let import = read(text).expect("it is good");
    assert_eq!(
        import.left_out,
        [
            (LeftOut::Instants, 2),
            (LeftOut::Counters, 1),
            (LeftOut::Flows, 2),
            (LeftOut::Async, 2),
            (LeftOut::Others, 1),
            (LeftOut::Ends, 1)
        ]
    );
}

#[test]
fn bounds_of_depth_threads_and_names_are_kept_and_counted() {
    let deep: String = (0..100).map(|i| format!(r#"{{"ph":"B","ts":{i},"pid":1,"tid":1,"name":"d"}},"#)).collect();
    let import = read(&format!("[{deep}")).expect("it is good");
    assert_eq!(import.left_out, [(LeftOut::Deep, 68)]);
    look_at(&import);
    let many: String =
        (0..1_500).map(|i| format!(r#"{{"ph":"X","ts":{i},"dur":1,"pid":1,"tid":{i},"name":"n"}},"#)).collect();
    let import = import::read(format!("[{many}]").as_bytes(), SMALL).expect("it is good");
    assert_eq!(import.left_out, [(LeftOut::Beyond, 476)]);
    let (board, about) = shown(&import, Lang::En);
    assert!(board.rows.len() <= 49, "{} rows", board.rows.len());
    assert_eq!(about.file.expect("a file").left_out.last().map(String::as_str), Some("rows of further threads: 976"));
}

// ---- Hostile files --------------------------------------------------------------------------------------------------------

/// Each with what its first problem must say; empty: it may be shown.
fn hostile() -> Vec<(String, &'static str)> {
    let good = String::from_utf8(lines(&simulated("one-sleep"))).expect("UTF-8");
    let meta = good.lines().next().expect("a first line").to_owned();
    let with = |from: &str, to: &str| good.replacen(from, to, 1);
    let after = |line: &str| format!("{meta}\n{line}\n");
    let event = |inner: &str| format!("[{{{inner}}}]");
    let x = |inner: &str| format!(r#"[{{"ph":"X","ts":1,"dur":1,"pid":1,"tid":1,"name":"a"}},{{{inner}}}]"#);
    let own = |inner: &str| format!(r#"{{"traceEvents":[],"dandori":[{inner}]}}"#);
    let mut files: Vec<(String, &str)> = vec![
        // Nothing, and what is no text.
        (String::new(), "the file is empty"),
        (" \n\t\n".into(), "is not JSON"),
        ("\u{feff}".into(), "the file is empty"),
        ("\u{0}\u{0}\u{0}\u{0}".into(), "is not JSON"),
        ("GIF89a".into(), "is not JSON"),
        ("<svg onload=alert(1)>".into(), "is not JSON"),
        ("null".into(), "format: is missing"),
        ("0".into(), "format: is missing"),
        ("\"".repeat(1_000), "is not JSON"),
        ("x".repeat(30_000), "the line is longer"),
        ("[".into(), "nothing can be shown"),
        ("[]".into(), "nothing can be shown"),
        ("{}".into(), "format: is missing"),
        ("{".into(), "is not JSON"),
        // Depth.
        ("[".repeat(50_000), "is not JSON"),
        ("{\"a\":".repeat(50_000), ""),
        (format!("{{\"traceEvents\":{}", "[".repeat(50_000)), ""),
        (event(&format!(r#""ph":"X","args":{}"#, "[".repeat(50_000))), "is not JSON"),
        (event(&format!(r#""ph":"X","ts":1,"dur":1,"args":{}{}"#, "[".repeat(20_000), "]".repeat(20_000))), ""),
        (event(&format!(r#""ph":"X","ts":1,"dur":1,"args":{}1{}"#, r#"{"a":"#.repeat(9_000), "}".repeat(9_000))), ""),
        // The first line of JSON Lines.
        (meta.replace("\"format\":1", "\"format\":-1"), "format: is missing"),
        (meta.replace("\"format\":1", "\"format\":99999999999"), "is newer"),
        (meta.replace("\"kinds\":[", "\"kinds\":[5,"), "does not describe a run"),
        (meta.replace("\"cpus\":", "\"cpus\":99999"), "does not describe a run"),
        (meta.replace("\"end\":", "\"end\":9999999"), "end: "),
        (meta.replace("\"workers\":", "\"threads\":[\"x\"],\"colour\":3,\"workers\":"), "colour: is not a field"),
        (meta.replace("\"scenario\":\"", &format!("\"scenario\":\"{}", "n".repeat(300))), "scenario: a name is longer"),
        (meta.clone(), "breaks the law"),
        (good.replace("\"seed\":", "\"seed\":-"), "does not describe a run"),
        // Records.
        (after("{"), "is not a record"),
        (after("{}"), "is not a record"),
        (after("[]"), "is not a record"),
        (after(r#"{"at":0,"event":"no_such"}"#), "unknown variant"),
        (after(r#"{"at":-1,"event":"search"}"#), "is not a record"),
        (after(r#"{"at":1e300,"event":"search"}"#), "is not a record"),
        (after(r#"{"at":0,"event":"search","on_thread":70000}"#), "is not a record"),
        (after(r#"{"at":0,"event":"wake","task":4294967295,"cause":"timer"}"#), "task: 4294967295"),
        (after(r#"{"at":0,"event":"spawn","task":1999,"kind":65535,"job":false}"#), "kind: 65535"),
        (after(r#"{"at":9007199254740992,"event":"search"}"#), "at: 9007199254740992 is later"),
        (after(r#"{"at":0,"event":"timer","task":0,"cause":"timer","due":0,"fires":18446744073709551615}"#), "fires"),
        (after(r#"{"at":0,"event":"send","task":0,"channel":7}"#), "channel: 7"),
        (after(r#"{"at":0,"event":"measure","task":0,"label":7,"took":1}"#), "label: 7"),
        (after(r#"{"at":0,"event":"enqueue","task":0,"place":"local","of":65535}"#), ""),
        (after(r#"{"at":0,"event":"search","on_worker":65535}"#), "on_worker"),
        (with("\"event\":\"poll_start\"", "\"event\":\"poll_end\""), "is not a record"),
        (with("\"at\":", "\"at\":900"), "lies before"),
        (good.replace("\"event\":\"spawn\"", "\"event\":\"spawn\",\"x\":\"<script>\""), "x: is not a field"),
        (good.lines().filter(|line| !line.contains("run_end")).collect::<Vec<_>>().join("\n"), "breaks the law"),
        (good.lines().filter(|line| !line.contains("poll_start")).collect::<Vec<_>>().join("\n"), "breaks the law"),
        (format!("{good}{}", good.lines().last().expect("an end")), "breaks the law"),
        (format!("{good}\n\n\n"), "is not a record"),
        (after(&"{\"at\":0,\"event\":\"search\"}\n".repeat(3_000)), "more than 2000 records"),
        // Chrome JSON.
        (event(r#""ph":"X""#), "ts: is missing"),
        (event(r#""ph":"X","ts":1"#), "dur: is missing"),
        (event(r#""ph":"X","ts":-5,"dur":1"#), "ts: -5 is not between"),
        (event(r#""ph":"X","ts":1e300,"dur":1"#), "is not between"),
        (event(r#""ph":"X","ts":"NaN","dur":1"#), "is not between"),
        (event(r#""ph":"X","ts":9007199254740,"dur":9007199254740"#), "ends later"),
        (event(r#""ph":"","ts":1"#), "ph: is one letter"),
        (event(r#""ph":["X"],"ts":1"#), "ph: is missing"),
        (event(r#""ph":"X","ts":{"a":1},"dur":[]"#), "ts: is missing"),
        (event(r#""ph":"X","ts":1,"dur":1,"pid":[1]"#), "pid: is neither"),
        (event(r#""ph":"E","ts":1,"pid":1,"tid":1"#), ""),
        ("[1,2,3]".into(), "is not an event"),
        ("[{}]".into(), "ph: is missing"),
        ("[{}{}]".into(), "ph: is missing"),
        (x(r#""ph":"X","ts":1,"dur":1e-300,"name":{"a":[]}"#), ""),
        (x(&format!(r#""ph":"X","ts":1,"dur":1,"name":"{}""#, "n".repeat(10_000))), ""),
        (x(r#""ph":"X","ts":1,"dur":1,"name":"<script>alert(1)</script>\u0000\u202e"}"#), ""),
        (x(r#""ph":"M","name":"thread_name","args":5"#), ""),
        (x(r#""ph":"M","name":"thread_name","args":{"name":{"name":"x"}}"#), ""),
        (format!("[{}]", r#"{"ph":"i"},"#.repeat(9_000)), "more than"),
        (r#"{"traceEvents":{}}"#.into(), "is not a list"),
        (r#"{"traceEvents":[]"#.into(), "the file ends"),
        (r#"{"traceEvents":[],}x"#.into(), "something follows"),
        (r#"{"traceEvents" []}"#.into(), ""),
        (r#"{"otherData":{"traceEvents":1}}"#.into(), "is missing"),
        (own(""), "there are no records"),
        (own("1"), "format: is missing"),
        (own(&format!("{meta},1")), "is not a record"),
        (own(&meta), "breaks the law"),
        (
            own(&format!("{meta},{{\"at\":0,\"event\":\"search\",\"pad\":\"{}\"}}", "p".repeat(30_000))),
            "is longer than",
        ),
    ];
    // Cut in the middle, at many places.
    let perfetto = String::from_utf8(perfetto(&simulated("one-sleep"), Lang::En)).expect("UTF-8");
    for part in 1..6 {
        let cut = |text: &str| {
            let at = (text.len() * part / 6..).find(|&at| text.is_char_boundary(at)).expect("an end");
            text[..at].to_owned()
        };
        files.push((cut(&good), ""));
        files.push((cut(&perfetto), ""));
    }
    files
}

#[test]
fn hostile_files_are_refused_with_their_line_or_shown_and_nothing_panics() {
    let files = hostile();
    assert!(files.len() >= 80, "{} files", files.len());
    let mut wrong = Vec::new();
    for (file, expected) in &files {
        let start: String = file.chars().take(120).collect();
        match import::read(file.as_bytes(), SMALL) {
            Ok(import) if expected.is_empty() => look_at(&import),
            Ok(_) => wrong.push(format!("{start} is shown; expected: {expected}")),
            Err(problems) => {
                let lines = file.lines().count() as u64 + 1;
                let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
                let fine = !problems.is_empty()
                    && problems.len() <= SMALL.problems
                    && problems.iter().all(|problem| (1..=lines).contains(&problem.line))
                    && told.iter().all(|told| told.len() < 1_000)
                    && told.iter().any(|told| told.contains(expected));
                if !fine {
                    wrong.push(format!("{start}: {told:?}; expected: {expected}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let long = import::read(&vec![b'['; 300_000], SMALL).expect_err("it is too long");
    assert!(long[0].message.contains("longer than 200000 bytes"));
}

#[test]
fn problems_of_chrome_json_have_the_line_of_their_event() {
    let text = "[\n{\"ph\":\"X\",\"ts\":1,\"dur\":1},\n\n{\"ph\":\"X\",\n\"ts\":\"x\"},\n{\"ph\":1},\n{\"ph\" 1}]";
    let problems = read(text).expect_err("it is bad");
    let told: Vec<(u64, &str)> =
        problems.iter().map(|problem| (problem.line, problem.message.split(':').next().unwrap_or_default())).collect();
    assert_eq!(told, [(4, "ts"), (6, "ph"), (7, "an event")]);
}

/// One event of a random Chrome trace: times and threads collide often.
fn any_event() -> impl Strategy<Value = Value> {
    let ts =
        prop_oneof![(0u32..50).prop_map(|ts| json!(ts)), any::<f64>().prop_map(|ts| json!(ts)), Just(json!("1.5"))];
    let letter = prop_oneof![4 => Just("B"), 4 => Just("E"), 4 => Just("X"), 1 => Just("M"), 1 => any::<char>()
        .prop_map(|_| "i")];
    (letter, ts, 0u32..60, 0u32..3, 0u32..4).prop_map(|(ph, ts, dur, tid, name)| {
        json!({"ph": ph, "ts": ts, "dur": dur, "pid": 1, "tid": tid, "name": format!("n{name}")})
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_list_of_events_is_shown_or_refused(events in proptest::collection::vec(any_event(), 0..60)) {
        let text = serde_json::to_string(&events).expect("JSON");
        if let Ok(import) = import::read(text.as_bytes(), SMALL) {
            look_at(&import);
            let (board, _) = shown(&import, Lang::En);
            // On its own thread, a slice that is over lies inside the run, and polls of one task do not overlap.
            for lane in &board.line.tasks {
                let polls: Vec<_> = lane.polls.iter().map(|&poll| board.line.poll(poll)).collect();
                prop_assert!(polls.windows(2).all(|two| two[0].to <= two[1].start), "{polls:?}");
            }
            let again = trace(&board, &import.recording, Format::Perfetto);
            let back = import::read(&again, Limits::PAGE).expect("what was written is read");
            prop_assert_eq!(back.recording, import.recording);
        }
    }

    #[test]
    fn any_changed_byte_of_an_export_is_shown_or_refused(places in proptest::collection::vec((any::<u32>(), any::<u8>()), 1..4)) {
        let recording = simulated("one-sleep");
        for mut bytes in [lines(&recording), perfetto(&recording, Lang::En)] {
            let length = bytes.len() as u32;
            for &(at, byte) in &places {
                bytes[(at % length) as usize] = byte;
            }
            if let Ok(import) = import::read(&bytes, SMALL) {
                look_at(&import);
            }
        }
    }

    #[test]
    fn any_bytes_are_refused_or_shown(bytes in proptest::collection::vec(any::<u8>(), 0..300), chrome in any::<bool>()) {
        let mut text = if chrome { b"[{\"ph\":\"X\"".to_vec() } else { Vec::new() };
        text.extend(&bytes);
        if let Ok(import) = import::read(&text, SMALL) {
            look_at(&import);
        }
    }
}

/// A scenario that was written as a file is no trace, and a trace is no scenario.
#[test]
fn traces_and_scenarios_are_told_apart() {
    for named in library::ALL {
        let draft = named.draft();
        assert!(!import::is_trace(draft.json().to_string().as_bytes()), "{}", named.name);
    }
    let recording = simulated("one-sleep");
    for bytes in [lines(&recording), perfetto(&recording, Lang::En), b"[".to_vec()] {
        assert!(import::is_trace(&bytes));
        let built = Draft::parse(&String::from_utf8_lossy(&bytes)).and_then(|draft| draft.build(&Registry::standard()));
        assert!(built.is_err());
    }
}
