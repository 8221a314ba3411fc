//! `dandori scenarios`: the library.

use std::fmt;

use dandori::policy::Registry;
use dandori::scenario::lesson::{self, Lesson};
use dandori::scenario::library::{self, Named};
use dandori::scenario::{Problem, groups};
use serde::Serialize;

use crate::{Failure, output};

/// Arguments.
#[derive(clap::Args)]
pub struct Args {
    /// Print this one, as the JSON that a file would have.
    name: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct List(Vec<Entry>);

#[derive(Serialize)]
struct Entry {
    /// The lesson that it is grouped under.
    lesson: String,
    step: u32,
    #[serde(skip)]
    title: String,
    name: &'static str,
    /// Policies that it fits; the first is its own.
    fits: &'static [&'static str],
    kinds: Vec<String>,
    cpus: u16,
    end_ns: u64,
}

/// Lists or prints.
pub fn run(args: &Args) -> Result<(), Failure> {
    let registry = Registry::standard();
    if let Some(name) = &args.name {
        let Some(named) = library::get(name) else {
            let message = "there is no scenario of that name in the library; `dandori scenarios` lists them";
            return Err(vec![Problem::new(name, message)].into());
        };
        return output::line(named.scenario(&registry)?.to_json().trim_end());
    }
    let mut entries = Vec::new();
    for (lesson, named) in grouped() {
        let scenario = named.scenario(&registry)?;
        entries.push(Entry {
            lesson: lesson.name,
            step: lesson.step,
            title: lesson.words.en.title,
            name: named.name,
            fits: named.fits,
            kinds: scenario.kinds.iter().map(|kind| kind.name.clone()).collect(),
            cpus: scenario.machine.cpus,
            end_ns: scenario.limits.end.0,
        });
    }
    output::print(&List(entries), args.json)
}

/// The library in the order of the course: under each lesson its own scenario and then the others.
fn grouped() -> Vec<(Lesson, &'static Named)> {
    let lessons = lesson::names().filter_map(lesson::get);
    let under = |lesson: Lesson| {
        let others = groups::of(&lesson.name).map(|grouped| grouped.scenario.to_owned());
        let names: Vec<String> = std::iter::once(lesson.scenario.clone()).chain(others).collect();
        names.into_iter().filter_map(move |name| Some((lesson.clone(), library::get(&name)?)))
    };
    lessons.flat_map(under).collect()
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|entry| entry.name.len()).max().unwrap_or(0);
        let mut step = 0;
        for entry in &self.0 {
            if std::mem::replace(&mut step, entry.step) != entry.step {
                writeln!(f, "{}{}. {} ({})", if entry.step > 1 { "\n" } else { "" }, step, entry.title, entry.lesson)?;
            }
            let kinds = entry.kinds.join(", ");
            writeln!(f, "   {:<width$}  fits {}; tasks: {kinds}", entry.name, entry.fits.join(", "))?;
        }
        write!(f, "\n`dandori scenarios NAME` prints one as JSON, `dandori sim NAME` runs it.")
    }
}
