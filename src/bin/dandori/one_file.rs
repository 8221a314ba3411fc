//! `dandori export S --html`: a lesson's figure as one HTML file that needs neither host nor network.
//!
//! The page makes the same file with *Save as one file* (`www/one-file.js`), from the same template (`www/one-file.html`)
//! and the same modules; a test compares the two. Modules and module are packed, since they are most of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dandori::policy::Registry;
use dandori::scenario::lesson;
use dandori::scenario::{Json, Problem, Scenario};
use dandori::sim::{self, Sim};
use dandori::time::Time;
use dandori::trace::Recording;
use dandori::view::layout::Layout;
use dandori::view::session::{self, Engine, Progress, Session};
use dandori::words::{Lang, plain};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::Failure;
use crate::focus::lesson_about;
use crate::input::Source;
use crate::serve::{PKG, WWW};

/// Where the modules of a figure begin; what these import comes with them.
const ROOTS: [&str; 3] = ["www/dandori-sim.js", "www/embed.js", "www/sim-worker.js"];
const SHEETS: [&str; 3] = ["www/style.css", "www/overview.css", "www/embed.css"];
/// In one file another module says where things are.
const PLACE: (&str, &str) = ("www/place.js", "www/one-file-place.js");
/// What of a figure's height is not its board, wide and narrow, in pixels at a text size of 16: `www/embed.css`, as
/// Chromium lays it out.
const AROUND: [f32; 2] = [168.0, 198.0];
/// Agenda entries between two looks at whether the run is over.
const SLICE: u64 = 200_000;

/// The file, with its line's end left out.
pub fn html(source: &Source, policy: Option<&str>, lang: Lang) -> Result<String, Failure> {
    let settings = settings(source, policy, lang)?;
    let mut session = Session::new(Registry::standard(), start);
    let problems = session.open(&settings);
    if !problems.is_empty() {
        return Err(Failure::Wrong(problems));
    }
    while !session.advance(SLICE).done {}
    let info = session.info();
    let moment = session.moment(info.cursor);
    let heights =
        [Layout::Middle, Layout::Narrow].map(|layout| session.scene(layout, 360.0, info.from, info.to).height);
    let attributes = format!(
        "state=\"{}\" height=\"{}\" height-narrow=\"{}\"",
        escaped(&link(&settings, info.cursor)),
        (heights[0] + AROUND[0]).ceil(),
        (heights[1] + AROUND[1]).ceil()
    );
    let alt = format!("{} {}: {}", plain(&info.headline), moment.clock, plain(&moment.caption));
    let files = Value::from_iter(gather()?);
    let slots: BTreeMap<&str, String> = BTreeMap::from([
        ("lang", if lang == Lang::Ja { "ja" } else { "en" }.to_owned()),
        ("page", String::new()),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("title", escaped(&info.title)),
        ("attributes", attributes),
        ("alt", escaped(&alt)),
        ("picture", STANDARD.encode(session.picture(info.cursor))),
        ("files", packed(files.to_string().as_bytes())?),
        ("wasm", packed(bytes("pkg/dandori_bg.wasm")?)?),
    ]);
    filled(text("www/one-file.html")?, &slots)
}

struct Simulated(Sim);

impl Engine for Simulated {
    fn advance(&mut self, steps: u64) -> Progress {
        let sim::Progress { done, records, now } = self.0.advance(steps);
        Progress { done, records, now }
    }

    fn finish(self: Box<Self>) -> Recording {
        self.0.finish()
    }
}

fn start(scenario: &Scenario, registry: &Registry) -> Result<Box<dyn Engine>, Vec<Problem>> {
    Ok(Box::new(Simulated(Sim::new(scenario, registry)?)))
}

/// What the command line asks for, as a link's payload. A figure shows a lesson: one that is named, or the one about a
/// scenario of the library.
fn settings(source: &Source, policy: Option<&str>, lang: Lang) -> Result<session::Settings, Vec<Problem>> {
    let mut problems = Vec::new();
    let lesson = lesson::get(&source.scenario).or_else(|| lesson_about(&source.scenario));
    if lesson.is_none() {
        let known: Vec<&str> = lesson::names().collect();
        let message = format!("a figure shows a lesson, or the scenario of one; lessons: {}", known.join(", "));
        problems.push(Problem::new(&source.scenario, message));
    }
    if source.costs.is_some() {
        problems.push(Problem::new("--costs", "a link cannot carry a cost profile, so a figure cannot either"));
    }
    let mut set = BTreeMap::new();
    if let Some(policy) = policy {
        set.insert("policy.name".to_owned(), Json::from(Value::from(policy)));
    }
    for given in &source.set {
        match given.split_once('=') {
            Some((path, value)) => {
                let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
                set.insert(path.to_owned(), Json::from(value));
            }
            None => problems.push(Problem::new(format!("--set {given}"), "PATH=VALUE is expected")),
        }
    }
    match lesson {
        Some(lesson) if problems.is_empty() => Ok(session::Settings {
            v: 1,
            lesson: lesson.name,
            set,
            seed: source.seed,
            lang,
            ..session::Settings::default()
        }),
        _ => Err(problems),
    }
}

/// As `www/url.js` reads it.
fn link(settings: &session::Settings, t: Time) -> String {
    let mut fields = vec!["v=1".to_owned(), format!("lesson={}", settings.lesson)];
    for (path, value) in &settings.set {
        fields.push(format!("set.{path}={}", encoded(&value.to_string())));
    }
    fields.extend(settings.seed.map(|seed| format!("seed={seed}")));
    fields.push(format!("t={}", t.0));
    if settings.lang == Lang::Ja {
        fields.push("lang=ja".to_owned());
    }
    fields.join("&")
}

/// Everything but letters, digits and `-._~` as `%` and two digits.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte.into()),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Text for an attribute or an element.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '&' | '<' | '>' | '"' | '\'' => out.push_str(&format!("&#{};", u32::from(letter))),
            _ => out.push(letter),
        }
    }
    out
}

fn packed(bytes: &[u8]) -> Result<String, Failure> {
    let mut out = GzEncoder::new(Vec::new(), Compression::best());
    let packed = out.write_all(bytes).and_then(|()| out.finish());
    packed.map(|bytes| STANDARD.encode(bytes)).map_err(|error| Failure::Failed(format!("cannot pack: {error}")))
}

/// An embedded file by its path in the project.
fn bytes(path: &str) -> Result<&'static [u8], Failure> {
    let found = match path.split_once('/') {
        Some(("pkg", name)) => PKG.get_file(name),
        Some(("www", name)) => WWW.get_file(name),
        _ => None,
    };
    found.map(include_dir::File::contents).ok_or_else(|| Failure::Failed(format!("{path} is not in this command")))
}

fn text(path: &str) -> Result<&'static str, Failure> {
    std::str::from_utf8(bytes(path)?).map_err(|error| Failure::Failed(format!("{path}: {error}")))
}

/// All modules of a figure with their texts, and its style sheets.
fn gather() -> Result<BTreeMap<String, &'static str>, Failure> {
    let mut found = BTreeMap::new();
    let mut queue: BTreeSet<String> = ROOTS.map(str::to_owned).into();
    while let Some(name) = queue.pop_first() {
        let source = text(if name == PLACE.0 { PLACE.1 } else { &name })?;
        queue.extend(imports(source).map(|to| beside(&name, to)).filter(|to| !found.contains_key(to) && *to != name));
        found.insert(name, source);
    }
    for name in SHEETS {
        found.insert(name.to_owned(), text(name)?);
    }
    Ok(found)
}

/// What a module imports from files, as it is written there.
fn imports(source: &str) -> impl Iterator<Item = &str> {
    let after = |word: &'static str| source.match_indices(word).map(move |(at, _)| &source[at + word.len()..]);
    let quoted = after(" from '").chain(after("\nimport '")).filter_map(|rest| rest.split_once('\'').map(|(to, _)| to));
    quoted.filter(|to| to.starts_with("./") || to.starts_with("../"))
}

/// The path of a file that another one names.
fn beside(name: &str, to: &str) -> String {
    let mut path: Vec<&str> = name.split('/').collect();
    path.pop();
    for part in to.split('/') {
        match part {
            "." => {}
            ".." => drop(path.pop()),
            _ => path.push(part),
        }
    }
    path.join("/")
}

/// The template with its slots filled; every slot once, in one pass, so that no text can bring slots of its own.
fn filled(template: &str, slots: &BTreeMap<&str, String>) -> Result<String, Failure> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, left) = after.split_once("}}").unwrap_or((after, ""));
        let value =
            slots.get(name).ok_or_else(|| Failure::Failed(format!("one-file.html has an unknown slot {name}")))?;
        out.push_str(before);
        out.push_str(value);
        rest = left;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_all_that_its_modules_import_and_nothing_of_the_page() {
        let files = gather().unwrap_or_else(|_| panic!("a module is missing"));
        for name in ["www/element.js", "www/figure.js", "www/desk.js", "pkg/dandori.js", "www/style.css"] {
            assert!(files.contains_key(name), "{name}");
        }
        for name in ["www/main.js", "www/course.js", "www/one-file-place.js"] {
            assert!(!files.contains_key(name), "{name}");
        }
        assert!(files["www/place.js"].contains("dandori-wasm"), "the module of the one file says where things are");
    }

    #[test]
    fn text_cannot_leave_its_place() {
        assert_eq!(escaped("\"><script>'&"), "&#34;&#62;&#60;script&#62;&#39;&#38;");
        assert_eq!(encoded("[1,\"é&\"]"), "%5B1%2C%22%C3%A9%26%22%5D");
        let slots = BTreeMap::from([("a", "{{b}}".to_owned()), ("b", "x".to_owned())]);
        assert_eq!(filled("<{{a}}|{{b}}>", &slots).ok().as_deref(), Some("<{{b}}|x>"));
    }

    #[test]
    fn paths_are_taken_from_where_they_are_named() {
        assert_eq!(beside("www/desk.js", "../pkg/dandori.js"), "pkg/dandori.js");
        assert_eq!(beside("www/a.js", "./b.js"), "www/b.js");
        let source = "import { a } from './a.js';\nimport './b.js';\n// not 'c.js' from 'd.js'\n";
        assert_eq!(imports(source).collect::<Vec<_>>(), ["./a.js", "./b.js"]);
    }
}
