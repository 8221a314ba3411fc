//! `dandori explain S`: why a task waited, what was found in the run, and what would help. Of the trace of a run, which
//! cannot be run again, the last is left out.

use std::fmt;

use dandori::id::TaskId;
use dandori::policy::Registry;
use dandori::scenario::{Draft, Problem};
use dandori::trace::import::Import;
use dandori::trace::recording::Origin;
use dandori::view::board::Board;
use dandori::view::findings::{Told, told};
use dandori::view::help::{Goal, Help, Table, Verdict, candidates};
use dandori::view::info::info;
use dandori::view::session::show_file;
use dandori::view::why::{Explanation, why};
use dandori::words::plain;
use serde::Serialize;

use crate::focus::{self, Language};
use crate::input::{Source, file_name, no_policy};
use crate::{Failure, output, progress, sim};

/// Arguments.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    source: Source,
    /// The task: its name on the page (`T`, `J2`), or its number in the stream. Without it the one that waited longest,
    /// among those that the scenario's lesson looks at.
    #[arg(long, value_name = "TASK")]
    task: Option<String>,
    /// Run it under another policy than its own.
    #[arg(long)]
    policy: Option<String>,
    /// Language of the sentences.
    #[arg(long, default_value = "en")]
    lang: Language,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Everything that is printed.
#[derive(Serialize)]
struct Explained {
    scenario: String,
    policy: String,
    seed: u64,
    origin: Origin,
    /// What a foreign trace comes to, in a sentence; empty for runs.
    slices: String,
    /// What the file holds and nobody is told of.
    left_out: Vec<String>,
    task: Option<String>,
    why: Option<Explanation>,
    findings: Vec<Told>,
    help: Help,
}

/// Simulates and prints.
pub fn run(args: &Args) -> Result<(), Failure> {
    let registry = Registry::standard();
    if let Some(import) = args.source.trace()? {
        no_policy(args.policy.as_deref())?;
        return recorded(args, &import, &registry);
    }
    let scenario = args.source.scenario(args.policy.as_deref(), &registry)?;
    let recording = sim::simulate(&scenario, &registry)?;
    let mut board = focus::board(&recording, &scenario, &registry, None, args.lang.lang())?;
    let task = args.task.as_deref().map(|name| find(&board, name)).transpose()?;
    if task.is_some() {
        board.select(task);
    }
    let goal = task.and_then(|task| Goal::task(&board, task)).unwrap_or(Goal::Focus);
    // A lesson's tries are about its own question.
    let lesson = focus::lesson_about(&scenario.name).filter(|_| task.is_none());
    let draft = Draft::of(&scenario, &registry);
    let mut table = Table::new(&board, goal, candidates(&board, lesson.as_ref(), &draft, &registry));
    while let Some(candidate) = table.next() {
        let clock = progress::clock(candidate.label.clone());
        let tried = sim::simulate(&candidate.scenario, &registry)?;
        let kind = &scenario.kinds[board.focus.kind.index()].name;
        let mut after = focus::board(&tried, &candidate.scenario, &registry, Some(kind), args.lang.lang())?;
        (after.focus.measure, after.scale) = (board.focus.measure, board.scale);
        table.fill(goal.value(&after).map(|value| (value, goal.written(&after, value))));
        clock.finish_and_clear();
    }
    let explained = Explained {
        scenario: scenario.name.clone(),
        policy: board.facts.title.clone(),
        seed: scenario.seed,
        origin: Origin::Simulated,
        slices: String::new(),
        left_out: Vec::new(),
        task: board.focus_task().map(|task| board.name(task)),
        why: why(&board),
        findings: told(&board),
        help: table.help(),
    };
    output::print(&explained, args.json)
}

/// The same of a run that somebody recorded.
fn recorded(args: &Args, import: &Import, registry: &Registry) -> Result<(), Failure> {
    let name = file_name(&args.source.scenario);
    let (mut board, about) = show_file(import, &name, registry, args.lang.lang());
    let task = args.task.as_deref().map(|name| find(&board, name)).transpose()?;
    if task.is_some() {
        board.select(task);
    }
    let info = info(&board, &about, Vec::new());
    let meta = &import.recording.meta;
    let explained = Explained {
        scenario: if meta.scenario.is_empty() { name } else { meta.scenario.clone() },
        policy: board.facts.title.clone(),
        seed: meta.seed,
        origin: meta.origin,
        slices: if board.is_foreign() { plain(&info.headline) } else { String::new() },
        left_out: about.file.map(|file| file.left_out).unwrap_or_default(),
        task: board.focus_task().map(|task| board.name(task)),
        why: why(&board),
        findings: told(&board),
        help: Help { rows: Vec::new(), done: true },
    };
    output::print(&explained, args.json)
}

/// The task of that name or number.
pub fn find(board: &Board, name: &str) -> Result<TaskId, Vec<Problem>> {
    let named = board.line.tasks.iter().find(|lane| !lane.job && board.name(lane.id) == name);
    let number = name.parse().ok().map(TaskId).filter(|&task| board.line.task(task).is_some());
    named.map(|lane| lane.id).or(number).ok_or_else(|| {
        let some: Vec<String> =
            board.line.tasks.iter().filter(|lane| !lane.job).take(8).map(|lane| board.name(lane.id)).collect();
        vec![Problem::new("--task", format!("there is no task \"{name}\"; there are {} and so on", some.join(", ")))]
    })
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.origin {
            Origin::Simulated => writeln!(f, "{} under {}, seed {}", self.scenario, self.policy, self.seed)?,
            Origin::Real => writeln!(f, "{} under {}, recorded on threads", self.scenario, self.policy)?,
            Origin::Foreign => writeln!(f, "{}, of another program", self.scenario)?,
        }
        match &self.why {
            None if self.origin == Origin::Foreign => {
                writeln!(f, "\n{}", self.slices)?;
                writeln!(f, "Its trace does not say when something could have run, so nothing is known of waits.")?;
                for left_out in &self.left_out {
                    writeln!(f, "Not read: {left_out}")?;
                }
            }
            Some(why) => {
                writeln!(f, "\n{}", why.title)?;
                for part in &why.parts {
                    let mark = if part.largest { "*" } else { " " };
                    writeln!(f, "{:>12} {mark} {} (record {})", part.amount, plain(&part.text), part.record)?;
                }
            }
            None => writeln!(f, "\nNo task waited.")?,
        }
        if !self.findings.is_empty() {
            writeln!(f, "\nFindings")?;
        }
        for (index, found) in self.findings.iter().enumerate() {
            writeln!(f, "{:>12}. {}", index + 1, plain(&found.text))?;
        }
        if self.help.rows.len() > 1 {
            writeln!(f, "\nWhat would help?")?;
        }
        for row in self.help.rows.iter().filter(|_| self.help.rows.len() > 1) {
            let verdict = match row.verdict {
                Some(Verdict::Better) => "better",
                Some(Verdict::Same) => "no change",
                Some(Verdict::Worse) => "worse",
                None => "",
            };
            let line = format!("{:>12}   {:<44} {verdict}", row.amount.as_deref().unwrap_or_default(), row.label);
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
