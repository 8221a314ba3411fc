//! No sentence may be wrong after a knob moved: random settings of every lesson, and what the page then says (headline,
//! why, findings, captions) is recomputed from the records by a second path that shares nothing with the views.
//!
//! `DANDORI_TRUTH=5000 cargo test --test suite truth` tries more; `DANDORI_TRUTH_SEED=7` other settings.

use std::collections::BTreeMap;

use dandori::id::KindId;
use dandori::policy::Registry;
use dandori::rng::{FastRand, Key, Stream};
use dandori::scenario::lesson::{self, Control, Lesson, Measure};
use dandori::scenario::{Json, Problem, Scenario, library};
use dandori::sim::Sim;
use dandori::time::{Nanos, Time};
use dandori::trace::{Ended, Recording};
use dandori::view::board::{Board, Focus, Measure as BoardMeasure};
use dandori::view::caption::caption;
use dandori::view::findings::told;
use dandori::view::info::RunInfo;
use dandori::view::session::{Engine, Progress, Session, Settings, facts};
use dandori::words::{Lang, plain};
use serde_json::Value;

use crate::truth_raw::Raw;

/// Settings that are tried, over all lessons.
const ROUNDS: u64 = 2_000;
/// Captions that are checked in each run.
const MOMENTS: u64 = 6;

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

/// Random settings of a lesson: some of its knobs somewhere in their range.
fn settings(lesson: &Lesson, draw: &mut FastRand, lang: Lang) -> Settings {
    let mut settings = Settings { v: 1, lesson: lesson.name.clone(), lang, ..Settings::default() };
    for knob in &lesson.knobs {
        if draw.below(3) == 0 {
            continue;
        }
        let value = match &knob.control {
            Control::Policies(names) => Value::from(names[draw.below(names.len() as u32) as usize].as_str()),
            Control::Options(choices) => {
                let Some(choice) = choices.get(draw.below(choices.len() as u32) as usize) else { continue };
                serde_json::from_str(&choice.value.to_string()).expect("JSON")
            }
            // Mostly small numbers: there is more to see with few of everything.
            Control::Integer { min, max } => {
                let span = (max - min).min(if draw.below(4) == 0 { u64::from(u32::MAX) - 1 } else { 8 }) + 1;
                Value::from(min + u64::from(draw.below(span as u32)))
            }
        };
        match (knob.path.as_str(), value.as_u64()) {
            ("seed", Some(seed)) => settings.seed = Some(seed),
            _ => {
                settings.set.insert(knob.path.clone(), value.into());
            }
        }
    }
    settings
}

/// The same run beside the session, from the lesson's scenario.
fn recording(lesson: &Lesson, settings: &Settings, registry: &Registry) -> (Scenario, Recording) {
    let mut draft = lesson.draft();
    if let Some(dandori::scenario::Json::Text(name)) = settings.set.get("policy.name") {
        draft.with_policy(name, registry);
    }
    for (path, value) in settings.set.iter().filter(|(path, _)| *path != "policy.name") {
        let mut with = draft.clone();
        with.put(path, value.clone()).expect("a field");
        // A parameter that this policy does not have waits for another one.
        if with.build(registry).is_ok() {
            draft = with;
        }
    }
    if let Some(seed) = settings.seed {
        draft.put("seed", Json::integer(seed)).expect("a field");
    }
    let scenario = draft.build(registry).expect("the session took it");
    let recording = Sim::new(&scenario, registry).expect("valid").finish();
    (scenario, recording)
}

#[test]
fn nothing_that_the_page_says_contradicts_the_run() {
    let number =
        |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (rounds, seed) = (number("DANDORI_TRUTH", ROUNDS), number("DANDORI_TRUTH_SEED", 20_261_122));
    println!("seed {seed}, {rounds} settings");
    let registry = Registry::standard();
    let lessons: Vec<Lesson> = lesson::names().filter_map(lesson::get).collect();
    let mut checked: BTreeMap<&str, u64> = BTreeMap::new();
    let mut refused = 0;
    for round in 0..rounds {
        let lesson = &lessons[(round % lessons.len() as u64) as usize];
        let mut draw = FastRand::new(Stream::new(seed, Key::named("truth").child(round)));
        let lang = if round % 8 == 7 { Lang::Ja } else { Lang::En };
        let settings = settings(lesson, &mut draw, lang);
        let mut session = Session::new(registry.clone(), start);
        if !session.open(&settings).is_empty() {
            refused += 1;
            continue;
        }
        while !session.advance(1_000_000).done {}
        let (scenario, recording) = recording(lesson, &settings, &registry);
        let info = session.info();
        let what = format!("seed {seed}, round {round}: {settings:?}");
        assert_eq!(info.digest, format!("{:016x}", recording.trace.digest()), "{what}");
        let raw = Raw::new(&recording);
        headline(lesson, &scenario, &raw, &info, &what);
        why(&raw, &info, lang, &what);
        if lang == Lang::En {
            findings(&raw, &info, &what);
            for _ in 0..MOMENTS {
                let share = u128::from(draw.below(u32::MAX));
                let t = Time((u128::from(raw.end.0) * share / u128::from(u32::MAX)) as u64);
                let caption = plain(&session.moment(t).caption).replace('\u{a0}', " ");
                if let Some(kind) = raw.check_caption(&caption, t, info.to.since(info.from)).unwrap_or_else(|wrong| {
                    panic!("{what}\nat {t}: {caption}\n{wrong}");
                }) {
                    *checked.entry(kind).or_default() += 1;
                }
            }
        }
        *checked.entry("headline").or_default() += 1;
    }
    println!("{checked:?}, refused: {refused}");
    assert!(refused * 4 < rounds, "{refused} of {rounds} settings were refused: nothing was checked there");
    for kind in ["steady", "blocked", "due", "headline"] {
        assert!(checked.get(kind).is_some_and(|&count| count * 100 > rounds), "{kind}: {checked:?}");
    }
}

/// The numbers of the headline: that with a style, and how many times.
fn headline(lesson: &Lesson, scenario: &Scenario, raw: &Raw, info: &RunInfo, what: &str) {
    let text = plain(&info.headline);
    let kind = scenario.kinds.iter().position(|kind| kind.name == lesson.focus.kind).expect("a kind") as u16;
    let period = scenario.period(&lesson.focus.kind);
    let styled = info.headline.iter().skip(1).find(|span| span.style.is_some());
    match (lesson.focus.measure, period) {
        (Measure::Lateness, Some(every)) => {
            let late = raw.waits(kind, true);
            let Some(worst) = late.iter().map(|wait| wait.length()).max() else { return };
            let said = styled.map(|span| span.text.as_str()).unwrap_or_default();
            assert!(is_about(said, worst), "{what}\n{text}: the records say {worst}");
            let often = late.iter().filter(|wait| wait.length() > every).count();
            let red = styled.is_some_and(|span| span.style == Some(dandori::words::Style::Harm));
            assert_eq!(red, often > 0, "{what}\n{text}: {often} times late");
            if often > 1 && text.contains("times it ran") {
                assert!(text.contains(&format!("{often} times")), "{what}\n{text}: {often} times late");
            }
        }
        (Measure::Lateness | Measure::Wait, _) => {
            let Some(worst) = raw.waits(kind, false).iter().map(|wait| wait.length()).max() else { return };
            let said = styled.map(|span| span.text.as_str()).unwrap_or_default();
            assert!(is_about(said, worst), "{what}\n{text}: the records say {worst}");
        }
        (Measure::Count, _) => {
            let polls = raw.polls_of(kind);
            let said: String =
                styled.map(|span| span.text.chars().filter(char::is_ascii_digit).collect()).unwrap_or_default();
            if polls < 10_000 {
                assert_eq!(said, polls.to_string(), "{what}\n{text}");
            }
        }
        (Measure::Never, _) => {
            let lost = raw.lost(kind);
            let says = info.headline.iter().any(|span| span.style == Some(dandori::words::Style::Harm));
            assert_eq!(says, lost, "{what}\n{text}");
        }
    }
}

/// The parts are those of the longest wait, add up to it, and name blocked workers that were blocked.
fn why(raw: &Raw, info: &RunInfo, lang: Lang, what: &str) {
    let Some(why) = &info.why else { return };
    let sum = Nanos(why.parts.iter().map(|part| part.ns).sum());
    let task = info.selected.expect("a wait has a task");
    let longest = raw.waits_of(task).iter().map(|wait| wait.length()).filter(|&length| length == sum).count();
    assert!(longest > 0, "{what}\n{}: no wait of {task} took {sum}", why.title);
    assert!(is_about(number_in(&why.title), sum), "{what}\n{}: the parts are {sum}", why.title);
    for part in &why.parts {
        assert!(part.at < raw.end && (part.record as usize) < raw.count, "{what}: {part:?}");
        assert_eq!(raw.time_of(part.record), part.cause, "{what}: {part:?}");
        if lang == Lang::En {
            let text = plain(&part.text).replace('\u{a0}', " ");
            let wrong = raw.check_whereabouts(&text, part.at, Time(part.at.0 + part.ns));
            assert_eq!(wrong, None, "{what}\n{text}\nfrom {} for {}", part.at, Nanos(part.ns));
        }
    }
}

fn findings(raw: &Raw, info: &RunInfo, what: &str) {
    for found in &info.findings {
        let text = plain(&found.text).replace('\u{a0}', " ");
        let wrong = raw.check_finding(found, &text);
        assert_eq!(wrong, None, "{what}\n{text}: {found:?}");
    }
    // What is not found is not there: a deadlock is always the first.
    if let Some((Ended::Deadlock, _)) = raw.ended {
        let first = info.findings.first().map(|found| found.kind);
        assert!(matches!(first, Some("deadlock" | "lost_wake_up")), "{what}: {first:?}");
    }
}

/// The text from its first digit on.
fn number_in(text: &str) -> &str {
    let from = text.match_indices(|c: char| c.is_ascii_digit() || c == '<').map(|(at, _)| at);
    // A task's name may have digits, too: the number has a unit after a no-break space.
    let with_unit = |&at: &usize| {
        text[at..].split(|c: char| !(c.is_ascii_digit() || c == '.' || c == '<')).nth(1).is_some()
            && text[at..].trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '<').starts_with('\u{a0}')
            && (at == 0 || !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '.'))
    };
    from.into_iter().find(with_unit).map_or("", |at| &text[at..])
}

/// Whether a number as it is written (`395.9 ms late`) is that length, as exactly as it is written.
pub(crate) fn is_about(said: &str, length: Nanos) -> bool {
    let said = said.trim_start_matches(|c: char| !(c.is_ascii_digit() || c == '<'));
    let below = said.starts_with('<');
    let said = said.trim_start_matches('<');
    let digits: String = said.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let unit: String =
        said[digits.len()..].trim_start_matches(['\u{a0}', ' ']).chars().take_while(|c| c.is_alphabetic()).collect();
    let scale = match unit.as_str() {
        unit if unit.starts_with("ns") => 1.0,
        unit if unit.starts_with("µs") => 1e3,
        unit if unit.starts_with("ms") => 1e6,
        unit if unit.starts_with('s') => 1e9,
        _ => return false,
    };
    let decimals = digits.split_once('.').map_or(0, |(_, behind)| behind.len());
    let step = (0..decimals).fold(scale, |step, _| step / 10.0);
    let Ok(value) = digits.parse::<f64>() else { return false };
    // Parts are rounded so that they add up: a total may be one step off.
    if below { (length.0 as f64) < step * 1.01 } else { (value * scale - length.0 as f64).abs() <= step * 1.01 }
}

/// Scenarios without a lesson, for what no lesson has: mutexes, timeouts, aborts, panics, threads outside, closed loops.
const OTHERS: [&str; 11] = [
    "std-mutex",
    "async-mutex",
    "mutex-across-await",
    "nested-block-on",
    "timeout",
    "outside-thread",
    "abort",
    "panic",
    "open-loop",
    "closed-loop",
    "budget-siblings",
];

#[test]
fn nothing_that_is_said_of_mutexes_aborts_and_loops_contradicts_the_run() {
    let seed = 20_261_123;
    println!("seed {seed}");
    let registry = Registry::standard();
    let mut checked: BTreeMap<&str, u64> = BTreeMap::new();
    for round in 0..330 {
        let mut draw = FastRand::new(Stream::new(seed, Key::named("others").child(round)));
        let named = library::get(OTHERS[round as usize % OTHERS.len()]).expect("in the library");
        let policy = named.fits[draw.below(named.fits.len() as u32) as usize];
        let mut draft = named.draft();
        draft.with_policy(policy, &registry);
        draft.put("seed", Json::integer(u64::from(draw.below(100)))).expect("a field");
        draft.put("machine.cpus", Json::integer(1 + u64::from(draw.below(4)))).expect("a field");
        let mut more = draft.clone();
        more.put("policy.workers", Json::integer(1 + u64::from(draw.below(6)))).expect("a field");
        let scenario = more.build(&registry).or_else(|_| draft.build(&registry)).expect("it fits");
        let what = format!("seed {seed}, round {round}: {} under {policy}, {draft}", named.name);
        let recording = Sim::new(&scenario, &registry).expect("valid").finish();
        let raw = Raw::new(&recording);
        let facts = facts(&registry.get(policy).expect("known").spec, &scenario);
        let kind = KindId(draw.below(scenario.kinds.len() as u32) as u16);
        let board = Board::new(&recording, facts, Focus { kind, measure: BoardMeasure::Wait }, None, Lang::En);
        for found in told(&board) {
            let text = plain(&found.text).replace('\u{a0}', " ");
            assert_eq!(raw.check_finding(&found, &text), None, "{what}\n{text}: {found:?}");
            *checked.entry(found.kind).or_default() += 1;
        }
        // The second path knows no wait that ends with the task.
        if let Some(wait) = board.wait().filter(|wait| wait.poll.is_some()) {
            let sum: u64 = board.parts.iter().map(|part| part.length.0).sum();
            let told = raw.waits_of(wait.task).iter().any(|wait| wait.length().0 == sum);
            assert!(told, "{what}: no wait of {} took {sum} ns", wait.task);
        }
        for _ in 0..MOMENTS {
            let share = u128::from(draw.below(u32::MAX));
            let t = Time((u128::from(raw.end.0) * share / u128::from(u32::MAX)) as u64);
            let caption = plain(&caption(&board, t)).replace('\u{a0}', " ");
            let kind = raw.check_caption(&caption, t, board.to.since(board.from));
            let kind = kind.unwrap_or_else(|wrong| panic!("{what}\nat {t}: {caption}\n{wrong}"));
            *checked.entry(kind.unwrap_or("another caption")).or_default() += 1;
        }
    }
    println!("{checked:?}");
    for kind in ["lock_convoy", "deadlock", "long_poll", "steady", "due"] {
        assert!(checked.contains_key(kind), "{kind}: {checked:?}");
    }
}

#[test]
fn a_wrong_number_is_noticed() {
    assert!(is_about("395.9\u{a0}ms late", Nanos(395_900_000)));
    assert!(!is_about("395.9\u{a0}ms late", Nanos(397_000_000)));
    assert!(!is_about("395.9\u{a0}µs late", Nanos(395_900_000)));
    assert_eq!(number_in("Why did T2 wait 395.9\u{a0}ms?"), "395.9\u{a0}ms?");
}
