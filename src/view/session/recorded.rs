//! A recording from a file: what is needed to show it, and what nobody can know about it.

use crate::id::KindId;
use crate::policy::Registry;
use crate::policy::spec::Nouns;
use crate::scenario::{Problem, lesson, limits};
use crate::trace::import::{self, Import, LeftOut};
use crate::trace::jsonl::Limits;
use crate::trace::recording::Origin;
use crate::trace::{Meta, Recording};
use crate::view::board::{Board, Facts, Focus, Measure};
use crate::view::explain::Rules;
use crate::view::info::{About, FileInfo};
use crate::view::layout::unshown_threads;
use crate::words::number::count;
use crate::words::{Arg, Lang, bare, policies};

/// The common words, for a policy that nobody here knows.
const COMMON: Nouns =
    Nouns { worker: "Worker", slot: "LIFO slot", local: "queue", global: "global queue", monitor: "monitor" };

/// A file that was read.
pub(super) struct File {
    /// Its name; the scenario's where it has none.
    name: String,
    left_out: Vec<(LeftOut, u64)>,
}

impl File {
    /// Reads a file within the bounds of a page.
    pub(super) fn read(bytes: &[u8], name: &str) -> Result<(File, Recording), Vec<Problem>> {
        match import::read(bytes, Limits::PAGE) {
            Ok(import) => Ok((File::of(&import, name), import.recording)),
            Err(problems) => Err(problems
                .into_iter()
                .map(|problem| Problem::new(format!("line {}", problem.line), problem.message))
                .collect()),
        }
    }

    fn of(import: &Import, name: &str) -> File {
        let name: String = name.chars().filter(|letter| !letter.is_control()).take(limits::NAME).collect();
        let name = if name.is_empty() { import.recording.meta.scenario.clone() } else { name };
        File { name, left_out: import.left_out.clone() }
    }

    /// The board of the recording.
    pub(super) fn show(&self, recording: &Recording, registry: &Registry, lang: Lang) -> (Board, About) {
        let board = board(recording, registry, lang);
        let words = lang.words();
        let meta = &recording.meta;
        let lead = match meta.origin {
            Origin::Real => words.file_real,
            Origin::Simulated => words.file_simulated,
            Origin::Foreign => words.file_foreign,
        };
        let file = FileInfo {
            name: self.name.clone(),
            origin: meta.origin,
            policy: board.facts.title.clone(),
            left_out: left_out(&board, &self.left_out),
        };
        let about = About {
            title: self.name.clone(),
            step: 0,
            steps: lesson::STEPS,
            expectation: String::new(),
            lead: lead.to_owned(),
            question: String::new(),
            knobs: Vec::new(),
            cursor: None,
            is_bounded: false,
            file: Some(file),
        };
        (board, about)
    }
}

/// A recording from a file, looked at for whoever waited longest, with what the page says around it. `name`: of the file.
#[must_use]
pub fn show_file(import: &Import, name: &str, registry: &Registry, lang: Lang) -> (Board, About) {
    File::of(import, name).show(&import.recording, registry, lang)
}

/// What of the file is not shown, each with its number.
fn left_out(board: &Board, left_out: &[(LeftOut, u64)]) -> Vec<String> {
    let words = board.words();
    let template = |what| match what {
        LeftOut::Instants => words.left_instants,
        LeftOut::Counters => words.left_counters,
        LeftOut::Flows => words.left_flows,
        LeftOut::Async => words.left_async,
        LeftOut::Others => words.left_others,
        LeftOut::Ends => words.left_ends,
        LeftOut::Deep => words.left_deep,
        LeftOut::Beyond => words.left_beyond,
    };
    let n = |n: u64| [("n", Arg::from(count(n)))];
    let mut told: Vec<String> = left_out.iter().map(|&(what, many)| bare(template(what), &n(many))).collect();
    let threads = unshown_threads(board);
    if threads > 0 {
        told.push(bare(words.left_threads, &n(threads)));
    }
    told
}

/// The board of a recording, looked at for whoever waited longest.
fn board(recording: &Recording, registry: &Registry, lang: Lang) -> Board {
    let focus = Focus { kind: KindId(0), measure: Measure::Wait };
    let mut board = Board::new(recording, facts_of_file(&recording.meta, registry, lang), focus, None, lang);
    board.look_at_worst();
    board
}

/// What the page knows about the policy of a recording: its name and its words. Parameters are not in the file, so
/// nothing that depends on them is said.
fn facts_of_file(meta: &Meta, registry: &Registry, lang: Lang) -> Facts {
    let known = registry.get(&meta.policy).filter(|_| meta.origin != Origin::Foreign);
    let nouns = known.map_or(COMMON, |policy| policy.spec.nouns);
    let title = known.map_or_else(|| meta.policy.clone(), |policy| policies::title(lang, &policy.spec).to_owned());
    // In tokio at most half of the workers search, whatever its parameters are.
    let search_max = (meta.policy == "tokio").then(|| u32::from(meta.workers).div_ceil(2));
    let rules = Rules { search_max, ..Rules::default() };
    let assumptions = known.map_or(0, |policy| policy.spec.assumptions.len());
    Facts { title, assumptions, nouns, capacity: None, pool_max: None, rules }
}
