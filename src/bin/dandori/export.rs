//! `dandori export S`: a run for other programs: its events as JSON Lines (`docs/events.md`), its tracks for Perfetto, a
//! picture of it (`docs/files.md`), or its figure as one HTML file (`docs/embed.md`). `S` may also be the trace of a run,
//! which then becomes another format.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use dandori::compare;
use dandori::policy::Registry;
use dandori::scenario::{Problem, parse_length};
use dandori::time::Time;
use dandori::trace::Recording;
use dandori::trace::recording::Origin;
use dandori::view::board::Board;
use dandori::view::export;
use dandori::view::info::About;
use dandori::view::session::show_file;
use dandori::view::svg::{self, Theme};

use crate::focus::{self, Language};
use crate::input::{Source, both, file_name, no_policy};
use crate::{Failure, one_file, output, progress, sim};

/// Arguments.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    source: Source,
    /// Run it under another policy than its own.
    #[arg(long)]
    policy: Option<String>,
    /// In which world it runs.
    #[arg(long, default_value = "sim")]
    world: World,
    /// Where to write; `-`: standard output.
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// What to write; without it by the end of the file's name (.jsonl, .json, .svg), else JSON Lines.
    #[arg(long, conflicts_with = "svg")]
    format: Option<Format>,
    /// A picture: the same as `--format svg`.
    #[arg(long)]
    svg: bool,
    /// Language of names and sentences (not of JSON Lines).
    #[arg(long, default_value = "en")]
    lang: Language,
    /// The task whose worst wait is looked at: its name on the page, or its number in the stream.
    #[arg(long, value_name = "TASK")]
    task: Option<String>,
    /// Picture: its moment, for example "150 ms".
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Picture: left edge of its range.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Picture: right edge of its range.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Picture: its width in pixels, 320 to 4096; below 1024 and 600 the layout is that of narrower pages.
    #[arg(long, value_name = "PIXELS")]
    width: Option<u32>,
    /// Picture: its colours.
    #[arg(long, default_value = "auto")]
    theme: Colours,
    /// Write the lesson about it as one HTML file, to be read and operated without a network.
    #[arg(long, conflicts_with_all = ["world", "svg", "format"])]
    html: bool,
}

/// What is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    /// The events, one a line.
    Jsonl,
    /// Tracks, waits and arrows for ui.perfetto.dev and chrome://tracing.
    Perfetto,
    /// The picture of the page.
    Svg,
}

/// Colours of a picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Colours {
    /// Whatever the reader's system says.
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// A world as the command line names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum World {
    /// Virtual time.
    Sim,
    /// Threads of this machine.
    Real,
}

impl World {
    /// As recordings name it.
    pub fn origin(self) -> Origin {
        match self {
            World::Sim => Origin::Simulated,
            World::Real => Origin::Real,
        }
    }
}

/// Runs and writes.
pub fn run(args: &Args) -> Result<(), Failure> {
    if args.html {
        output::check(Some(&args.out))?;
        let html = one_file::html(&args.source, args.policy.as_deref(), args.lang.lang())?;
        let html = html.trim_end();
        return if args.out.as_os_str() == "-" { output::line(html) } else { output::text(html, &args.out) };
    }
    let registry = Registry::standard();
    let picture = both(args.picture(), output::check(Some(&args.out)))?;
    if let Some(import) = args.source.trace()? {
        no_policy(args.policy.as_deref())?;
        let name = file_name(&args.source.scenario);
        return args.write(&import.recording, &picture, || Ok(show_file(&import, &name, &registry, args.lang.lang())));
    }
    let scenario = args.source.scenario(args.policy.as_deref(), &registry)?;
    let recording = match args.world {
        World::Sim => sim::simulate(&scenario, &registry)?,
        World::Real => {
            let clock = progress::clock(format!("{} on threads, {} at most", scenario.name, scenario.limits.end));
            let recording = compare::record(&scenario, &registry, Origin::Real)?;
            clock.finish_and_clear();
            recording
        }
    };
    args.write(&recording, &picture, || {
        let lang = args.lang.lang();
        let board = focus::board(&recording, &scenario, &registry, None, lang)?;
        let about = focus::about(&board, &scenario, lang);
        Ok((board, about))
    })
}

impl Args {
    fn format(&self) -> Format {
        let by_name = || match self.out.extension().and_then(|end| end.to_str()) {
            Some("json") => Format::Perfetto,
            Some("svg") => Format::Svg,
            _ => Format::Jsonl,
        };
        if self.svg { Format::Svg } else { self.format.unwrap_or_else(by_name) }
    }

    /// What the picture shows, or everything that is wrong with it.
    fn picture(&self) -> Result<svg::Options, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut time = |name: &str, text: &Option<String>| {
            let read = text.as_deref().map(parse_length)?;
            read.map_err(|says| problems.push(Problem::new(name, format!("{says}; a time is written as \"150 ms\""))))
                .ok()
                .map(|length| Time(length.0))
        };
        let (at, from, to) = (time("--at", &self.at), time("--from", &self.from), time("--to", &self.to));
        let range = match (from, to) {
            (Some(from), Some(to)) if from < to => Some((from, to)),
            (Some(_), Some(_)) => {
                problems.push(Problem::new("--to", "lies before --from"));
                None
            }
            (None, None) => None,
            _ if self.from.is_none() || self.to.is_none() => {
                problems.push(Problem::new("--from", "a range has two edges: --from and --to"));
                None
            }
            _ => None,
        };
        let width = self.width.map_or(svg::WIDTH, |width| width as f32);
        if !svg::WIDTHS.contains(&width) {
            let (least, most) = (svg::WIDTHS.start(), svg::WIDTHS.end());
            problems.push(Problem::new("--width", format!("{width} pixels: {least} to {most} are allowed")));
        }
        let of_picture = [("--at", self.at.is_some()), ("--from", range.is_some()), ("--width", self.width.is_some())];
        for (name, _) in of_picture.iter().filter(|&&(_, set)| set && self.format() != Format::Svg) {
            problems.push(Problem::new(*name, "is about a picture: use it with --svg"));
        }
        let theme = match self.theme {
            Colours::Auto => Theme::Auto,
            Colours::Light => Theme::Light,
            Colours::Dark => Theme::Dark,
        };
        if problems.is_empty() { Ok(svg::Options { at, range, width, theme }) } else { Err(problems) }
    }

    /// Writes the run; `shown` is asked only where the format needs the words of the page.
    fn write(
        &self,
        recording: &Recording,
        picture: &svg::Options,
        shown: impl FnOnce() -> Result<(Board, About), Vec<Problem>>,
    ) -> Result<(), Failure> {
        if self.format() == Format::Jsonl {
            return output::recording(recording, Some(&self.out));
        }
        let (mut board, about) = shown()?;
        if let Some(name) = &self.task {
            let task = crate::explain::find(&board, name)?;
            board.select(Some(task));
        }
        let bytes = match self.format() {
            Format::Perfetto => export::trace(&board, recording, export::Format::Perfetto),
            Format::Svg | Format::Jsonl => svg::draw(&board, &about, picture).into_bytes(),
        };
        output::bytes(&bytes, Path::new(&self.out))
    }
}
