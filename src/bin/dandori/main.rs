//! The command: serves the page, simulates, runs on threads, compares, lists and exports.
//!
//! One file for each subcommand. What a subcommand prints goes to standard output, as text or with `--json` as JSON;
//! progress and problems go to standard error. Exit status: 0 done, 1 failed, 2 wrong input, 130 interrupted.

#![allow(
    clippy::disallowed_methods,
    reason = "the command serves, waits and watches: it has threads and reads the clock"
)]

mod calibrate;
mod compare;
mod explain;
mod export;
mod focus;
mod input;
mod one_file;
mod output;
mod policies;
mod progress;
mod real;
mod scenarios;
mod serve;
mod show;
mod sim;
mod summary;
mod sweep;
mod transcript;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use dandori::scenario::Problem;

/// See why a task waited: async schedulers simulated and run on real threads with one code.
#[derive(Parser)]
#[command(name = "dandori", version, about, long_about = None)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the page on this machine and print its address (the default).
    Serve(serve::Args),
    /// Simulate a scenario and print its numbers.
    Sim(sim::Args),
    /// Run a scenario on real threads and print its numbers.
    Real(real::Args),
    /// Run a scenario under several policies, simulated and on real threads, and print them side by side.
    Compare(compare::Args),
    /// Say why a task waited, what is worth knowing of the run, and what would help.
    Explain(explain::Args),
    /// Say what happened in a run, one sentence for each event.
    Transcript(transcript::Args),
    /// Run a scenario with a field at several values and several seeds, and print how long its tasks waited.
    Sweep(sweep::Args),
    /// List the library of scenarios, or print one as JSON.
    Scenarios(scenarios::Args),
    /// List the policies with their parameters and what they leave out.
    Policies(policies::Args),
    /// Write a run for other programs: its events, tracks for Perfetto, a picture, or its figure as one HTML file.
    Export(export::Args),
    /// Print the numbers of recorded runs, of several side by side.
    Show(show::Args),
    /// Measure what this machine takes for what the simulator charges, and write it as a cost profile.
    Calibrate(calibrate::Args),
}

/// Why the command ends without having done what was asked.
enum Failure {
    /// The input is wrong: every problem, with the path of its field.
    Wrong(Vec<Problem>),
    /// The input is right, but it could not be done.
    Failed(String),
}

impl From<Vec<Problem>> for Failure {
    fn from(problems: Vec<Problem>) -> Failure {
        Failure::Wrong(problems)
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let (is_json, result) = match cli.command.unwrap_or(Command::Serve(serve::Args::default())) {
        Command::Serve(args) => (false, serve::run(&args)),
        Command::Sim(args) => (args.json, sim::run(&args)),
        Command::Real(args) => (args.json, real::run(&args)),
        Command::Compare(args) => (args.json, compare::run(&args)),
        Command::Explain(args) => (args.json, explain::run(&args)),
        Command::Transcript(args) => (args.json, transcript::run(&args)),
        Command::Sweep(args) => (args.json, sweep::run(&args)),
        Command::Scenarios(args) => (args.json, scenarios::run(&args)),
        Command::Policies(args) => (args.json, policies::run(&args)),
        Command::Export(args) => (false, export::run(&args)),
        Command::Show(args) => (args.json, show::run(&args)),
        Command::Calibrate(args) => (args.json, calibrate::run(&args)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Wrong(problems)) => {
            output::problems(&problems, is_json);
            ExitCode::from(2)
        }
        Err(Failure::Failed(message)) => {
            eprintln!("dandori: {message}");
            ExitCode::FAILURE
        }
    }
}
