//! The shape of the project as a test: which module may import which, what may be named where, and the house rules that a
//! machine can see. The rules are the tables at the top; a failure names the file, the line, the rule and what to do.
//!
//! Test code (a `#[cfg(test)]` module at the left margin, a file `tests.rs`) may import outwards and use any primitive: what a
//! test uses, the product does not depend on.

use std::fs;
use std::path::{Path, PathBuf};

mod source;
use source::Source;

// ---- The rules ------------------------------------------------------------------------------------------------------------

const BASE: &[&str] = &["time", "id", "rng", "sync"];

/// Imports point inwards only: module, and what it may import besides itself and the base.
const LAYERS: &[(&str, &[&str])] = &[
    ("time", &[]),
    ("id", &[]),
    ("rng", &[]),
    ("sync", &[]),
    ("trace", &[]),
    ("task", &["trace"]),
    ("policy", &["trace"]),
    ("scenario", &["trace", "task", "policy"]),
    ("sim", &["trace", "task", "policy", "scenario"]),
    ("runtime", &["trace", "task", "policy", "scenario"]),
    ("net", &["runtime"]),
    ("words", &["trace", "policy", "scenario"]),
    ("view", &["trace", "task", "policy", "scenario", "words"]),
    ("compare", &["trace", "task", "policy", "scenario", "sim", "runtime"]),
    ("wasm", &["trace", "task", "policy", "scenario", "sim", "words", "view"]),
];

/// Single files that may import more than their layer: file, module, reason.
const LAYER_EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "src/policy/registry.rs",
        "runtime",
        "the registry makes each policy for both kinds of queue entry: id and runnable task",
    ),
    ("src/task/mod.rs", "runtime", "a program finds `spawn` and its like where it looks for them: only shown here"),
    ("src/time.rs", "runtime", "a program finds `sleep` and its like where it looks for them: only shown here"),
    ("src/sync.rs", "runtime", "a program finds its channels and locks where it looks for them: only shown here"),
];

/// A path or a bare name that may be named in some places only.
struct Ban {
    names: &'static [&'static str],
    /// Where the ban holds: prefixes of file names.
    within: &'static [&'static str],
    /// Where it does not hold all the same.
    except: &'static [&'static str],
    instead: &'static str,
}

const BANS: &[Ban] = &[
    Ban {
        names: &[
            "std::sync::atomic",
            "core::sync::atomic",
            "std::sync::Mutex",
            "std::sync::RwLock",
            "std::sync::Condvar",
            "std::sync::Barrier",
            "std::sync::mpsc",
        ],
        within: &["src/"],
        except: &["src/sync.rs", "src/sync/", "src/runtime/", "src/bin/"],
        instead: "take it from crate::sync, which gives loom its own under cfg(loom)",
    },
    Ban {
        names: &["std::thread", "std::time::Instant", "std::time::SystemTime"],
        within: &["src/"],
        except: &["src/runtime/", "src/bin/"],
        instead: "only src/runtime/ and the command know threads and clocks; take time from the world's handle",
    },
    Ban {
        names: &[
            "futures",
            "async_task",
            "mio",
            "cpu_time",
            "async",
            "await",
            "Future",
            "Waker",
            "Instant",
            "std::task",
            "core::task",
            "std::future",
            "core::future",
            "std::pin",
            "std::time",
        ],
        within: &["src/policy/", "src/policy.rs"],
        except: &[],
        instead: "a policy decides about queue entries and ids; what acts on them belongs to task/, sim/ or runtime/",
    },
];

/// A file is one idea. Longer ones are named here, with the reason that keeps them whole.
const LINES_MAX: usize = 700;
const LONG_FILES: &[(&str, &str)] = &[];

/// Left-overs of work, in code.
const LEFTOVERS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X:"),
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("db", "g!("),
];

/// What tells where somebody worked. At the start of a path in text, anywhere in built files.
const LOCAL_PATHS: &[&str] =
    &[concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/"), concat!("/wo", "rk/")];
const LOCAL_NAMES: &[&str] =
    &[concat!(".car", "go/registry/"), concat!("registry", "/src/"), concat!("\"resolved\": \"", "http")];

/// Folders that are not the project's text.
const NOT_OURS: &[&str] = &["target", ".git", "node_modules", ".tools", "corpus", "artifacts", "test-results"];

// ---- The tests ------------------------------------------------------------------------------------------------------------

#[test]
fn imports_point_inwards_only() {
    expect_none(rust_sources().iter().flat_map(import_breaks).collect());
}

#[test]
fn every_module_has_its_place_in_the_layers() {
    let mut breaks = Vec::new();
    for source in rust_sources() {
        let module = source.modules.first().map_or("", String::as_str);
        if !["", "bin", "lib"].contains(&module) && layer(module).is_none() {
            breaks.push(format!(
                "{}: module `{module}` is in no layer; add it to LAYERS, or move it into one that is",
                source.name
            ));
        }
    }
    expect_none(breaks);
}

#[test]
fn primitives_are_named_only_where_they_belong() {
    expect_none(rust_sources().iter().flat_map(ban_breaks).collect());
}

#[test]
fn a_file_is_one_idea() {
    let mut breaks = Vec::new();
    let files: Vec<_> = texts()
        .into_iter()
        .filter(|(name, _)| is_code(name) && (name.starts_with("src/") || name.starts_with("www/")))
        .collect();
    for (name, text) in &files {
        let (lines, listed) = (text.lines().count(), LONG_FILES.iter().any(|(file, _)| file == name));
        match (lines > LINES_MAX, listed) {
            (true, false) => breaks.push(format!("{name}: {lines} lines, more than {LINES_MAX}; find its second idea, or name it in LONG_FILES with a reason")),
            (false, true) => breaks.push(format!("{name}: {lines} lines, it need not stand in LONG_FILES any more; take it out")),
            _ => {}
        }
    }
    for (name, _) in LONG_FILES.iter().filter(|(name, _)| files.iter().all(|(file, _)| file != name)) {
        breaks.push(format!("{name}: in LONG_FILES, but there is no such file"));
    }
    expect_none(breaks);
}

#[test]
fn nothing_is_left_for_later() {
    let mut breaks = Vec::new();
    for (name, text) in texts().iter().filter(|(name, _)| is_code(name)) {
        for (number, line) in (1..).zip(text.lines()) {
            breaks.extend(LEFTOVERS.iter().filter(|word| line.contains(**word)).map(|word| {
                format!("{name}:{number}: `{word}`: do it now, or leave it out and say so in ARCHITECTURE.md")
            }));
        }
    }
    expect_none(breaks);
}

#[test]
fn no_file_tells_where_it_was_made() {
    let mut breaks = Vec::new();
    for path in all_files() {
        let (name, bytes) = (name_of(&path), fs::read(&path).expect("a file that was just listed can be read"));
        let text = String::from_utf8_lossy(&bytes);
        breaks.extend(local_paths(&text, name.ends_with(".wasm")).iter().map(|found| format!("{name}: `{found}`: a path or registry of one machine; write it relative, or remap it (scripts/build-pkg)")));
    }
    expect_none(breaks);
}

/// Each rule bites: sources that break one, and a neighbour that does not.
#[test]
fn the_rules_bite() {
    let imports = |name: &str, code: &str| import_breaks(&Source::new(name, code)).len();
    assert_eq!(imports("src/sim/mod.rs", "use crate::runtime::Thread;"), 1);
    assert_eq!(imports("src/sim/mod.rs", "use crate::{id::TaskId, runtime, scenario::{self, Arrivals}};"), 1);
    assert_eq!(imports("src/trace/fold.rs", "fn f() { let _ = crate::sim::run(); }"), 1);
    assert_eq!(imports("src/policy/tokio.rs", "use super::super::task::Env;"), 1);
    assert_eq!(imports("src/policy/tokio.rs", "use crate::runtime::Runnable;"), 1);
    assert_eq!(imports("src/policy/registry.rs", "use crate::runtime::Runnable;"), 0);
    assert_eq!(imports("src/policy/registry.rs", "use crate::sim::World;"), 1);
    assert_eq!(imports("src/time.rs", "use crate::trace::Record;"), 1);
    assert_eq!(imports("src/view/board.rs", "use super::{layout, super::sim::World};"), 1);
    assert_eq!(imports("src/task/mod.rs", "use dandori::sim::World;"), 1, "the crate under its own name");
    assert_eq!(imports("src/wasm.rs", "use crate::{sim, view, scenario};"), 0);
    assert_eq!(
        imports(
            "src/trace/mod.rs",
            "// use crate::sim;\n/* crate::sim */ const A: &str = \"crate::sim\"; use super::time::Time; use crate::trace::x;"
        ),
        0
    );
    assert_eq!(imports("src/trace/mod.rs", "#[cfg(test)]\nmod tests {\n    use crate::sim::World;\n}\n"), 0);
    assert_eq!(imports("src/trace/mod.rs", "#[cfg(test)]\nmod tests {\n}\nuse crate::sim::World;\n"), 1);

    let bans = |name: &str, code: &str| ban_breaks(&Source::new(name, code)).len();
    assert_eq!(bans("src/trace/mod.rs", "use std::sync::{Arc, Mutex};"), 1);
    assert_eq!(bans("src/trace/mod.rs", "use std::{fmt, sync::{Arc, atomic::{AtomicU64, Ordering}}};"), 2);
    assert_eq!(bans("src/trace/mod.rs", "use std::sync::Arc; use crate::sync::Mutex;"), 0);
    assert_eq!(bans("src/sync.rs", "pub use std::sync::Mutex;"), 0);
    assert_eq!(bans("src/sim/mod.rs", "fn f() { std::thread::spawn(|| {}); }"), 1);
    assert_eq!(bans("src/policy/fifo.rs", "use futures::channel::oneshot;"), 1);
    assert_eq!(bans("src/policy/fifo.rs", "pub async fn f() {}"), 1);
    assert_eq!(bans("src/policy/fifo.rs", "fn f(awaited: u8, futures_len: u8) {} // an async Future"), 0);

    let text = |text: &str| local_paths(text, false).len();
    let root = LOCAL_PATHS[0];
    assert_eq!(text(&format!("open {root}x")), 1);
    assert_eq!(text(&format!("import './a{root}x'; '.{root}'")), 0, "inside a path of the project's own");
    assert_eq!(local_paths(&format!("a{root}x"), true).len(), 1, "in a built file strings stand without a gap");
    assert_eq!(text(&format!("  {}s://example.org/a.tgz", LOCAL_NAMES[2])), 1);
}

fn expect_none(mut breaks: Vec<String>) {
    breaks.sort();
    breaks.dedup();
    assert!(breaks.is_empty(), "{} broken:\n  {}\n", breaks.len(), breaks.join("\n  "));
}

// ---- How the rules are applied --------------------------------------------------------------------------------------------

fn layer(module: &str) -> Option<&'static [&'static str]> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, inner)| *inner)
}

fn import_breaks(source: &Source) -> Vec<String> {
    // lib.rs names all modules; the command stands outside and sees only the library's public side.
    let (Some(from), name) = (source.modules.first(), &source.name) else { return Vec::new() };
    let Some(inner) = layer(from) else { return Vec::new() };
    let mut breaks = Vec::new();
    for path in source.paths() {
        let Some(to) = source.module_named_by(&path.segments) else { continue };
        let excepted = LAYER_EXCEPTIONS.iter().any(|(file, module, _)| file == name && *module == to);
        if to == *from || excepted || inner.contains(&to.as_str()) || BASE.contains(&to.as_str()) {
            continue;
        }
        if layer(&to).is_some() || to == "bin" {
            let allowed = BASE.iter().chain(inner).copied().collect::<Vec<_>>().join(", ");
            breaks.push(format!("{name}:{}: `{from}` imports `{to}`; it may import only: {allowed}. Move the shared part inwards, or hand it in from outside", path.line));
        }
    }
    breaks
}

fn ban_breaks(source: &Source) -> Vec<String> {
    let in_any = |places: &[&str]| places.iter().any(|place| source.name.starts_with(place));
    let mut breaks = Vec::new();
    for ban in BANS.iter().filter(|ban| in_any(ban.within) && !in_any(ban.except)) {
        for path in source.paths() {
            let whole = path.segments.join("::");
            for banned in ban.names {
                let hit = match banned.contains("::") {
                    true => whole == *banned || whole.starts_with(&format!("{banned}::")),
                    false => path.segments.iter().any(|segment| segment == banned),
                };
                if hit {
                    breaks.push(format!("{}:{}: names `{whole}`; {}", source.name, path.line, ban.instead));
                    break;
                }
            }
        }
    }
    breaks
}

fn local_paths(text: &str, built: bool) -> Vec<String> {
    let mut found = Vec::new();
    for prefix in LOCAL_PATHS {
        for (at, _) in text.match_indices(prefix) {
            let before = text[..at].chars().next_back().unwrap_or(' ');
            let after = text[at + prefix.len()..].chars().next().unwrap_or(' ');
            if built
                || !(before.is_alphanumeric() || "._-/*>)}".contains(before))
                    && (after.is_alphanumeric() || after == '.')
            {
                found.push(text[at..].chars().take(60).collect::<String>());
            }
        }
    }
    for name in LOCAL_NAMES {
        // With a `*` behind it, as in a script, it is a rule; with a name behind it, a place.
        let goes_on =
            |at: usize| text[at + name.len()..].starts_with(|after: char| after.is_alphanumeric() || after == ':');
        found.extend(
            text.match_indices(name)
                .filter(|(at, _)| goes_on(*at))
                .map(|(at, _)| text[at..].chars().take(60).collect::<String>()),
        );
    }
    found
}

// ---- Reading the project --------------------------------------------------------------------------------------------------

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn name_of(path: &Path) -> String {
    let relative = path.strip_prefix(root()).expect("a file of the project");
    relative.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Every file of the project, in the order of their names.
fn all_files() -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![root().to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder that was just listed can be read").flatten() {
            let (kind, name) = (entry.file_type().expect("an entry has a type"), entry.file_name());
            if NOT_OURS.iter().any(|other| name == *other) {
                continue;
            } else if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    files
}

/// Files that are code or style, by the end of their name, and not built.
fn is_code(name: &str) -> bool {
    let by_end = [".rs", ".js", ".mjs", ".ts", ".css", ".html", ".sh", ".toml"].iter().any(|end| name.ends_with(end));
    (by_end || name == "check" || name.starts_with("scripts/") || name.starts_with(".ci/")) && !name.starts_with("pkg/")
}

fn texts() -> Vec<(String, String)> {
    let names = all_files().into_iter().map(|path| (name_of(&path), path)).filter(|(name, _)| is_code(name));
    names.map(|(name, path)| (name, fs::read_to_string(path).expect("code is UTF-8"))).collect()
}

fn rust_sources() -> Vec<Source> {
    let product = |name: &str| {
        name.starts_with("src/") && name.ends_with(".rs") && !name.ends_with("/tests.rs") && !name.contains("/tests/")
    };
    let sources: Vec<_> =
        texts().iter().filter(|(name, _)| product(name)).map(|(name, text)| Source::new(name, text)).collect();
    assert!(!sources.is_empty(), "no source found below {}", root().display());
    sources
}
