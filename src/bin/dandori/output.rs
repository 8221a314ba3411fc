//! Where results go: standard output, or a file that is there whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use dandori::scenario::Problem;
use dandori::trace::{Recording, jsonl};
use serde::Serialize;

use crate::Failure;

/// Problems on standard error, one a line, or as one JSON object.
pub fn problems(problems: &[Problem], is_json: bool) {
    if is_json {
        eprintln!("{}", serde_json::json!({ "problems": problems }));
        return;
    }
    for problem in problems {
        // A problem of the whole text has no path.
        if problem.path.is_empty() {
            eprintln!("dandori: {}", problem.message);
        } else {
            eprintln!("dandori: {problem}");
        }
    }
}

/// Prints a value as JSON or as text.
pub fn print<T: Serialize + std::fmt::Display>(value: &T, is_json: bool) -> Result<(), Failure> {
    let text = if is_json { json(value)? } else { value.to_string() };
    line(text.trim_end())
}

/// A value as JSON, for people and programs.
pub fn json<T: Serialize>(value: &T) -> Result<String, Failure> {
    serde_json::to_string_pretty(value).map_err(|error| Failure::Failed(format!("cannot write JSON: {error}")))
}

/// A line on standard output. A reader that went away is no failure.
pub fn line(text: &str) -> Result<(), Failure> {
    gone_is_fine(writeln!(io::stdout().lock(), "{text}")).map_err(|error| Failure::Failed(error.to_string()))
}

/// Whether a file can be written there, asked before a run that may take long.
pub fn check(path: Option<&Path>) -> Result<(), Vec<Problem>> {
    let Some(path) = path.filter(|path| *path != Path::new("-")) else { return Ok(()) };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let message = if path.is_dir() {
        "is a folder"
    } else if path.file_name().is_none() {
        "is not the name of a file"
    } else if !folder.is_dir() {
        "its folder does not exist"
    } else {
        return Ok(());
    };
    Err(vec![Problem::new(format!("--out {}", path.display()), message)])
}

/// Writes a recording as JSON Lines: to a file, or with `None` or `-` to standard output.
pub fn recording(recording: &Recording, path: Option<&Path>) -> Result<(), Failure> {
    let Some(path) = path.filter(|path| *path != Path::new("-")) else {
        let out = BufWriter::new(io::stdout().lock());
        return gone_is_fine(jsonl::write(recording, out)).map_err(|error| Failure::Failed(error.to_string()));
    };
    whole(path, |file| jsonl::write(recording, file))
}

/// Writes bytes: to a file, or with `-` to standard output.
pub fn bytes(bytes: &[u8], path: &Path) -> Result<(), Failure> {
    if path == Path::new("-") {
        return gone_is_fine(io::stdout().lock().write_all(bytes)).map_err(|error| Failure::Failed(error.to_string()));
    }
    whole(path, |mut file| file.write_all(bytes))
}

/// Writes a text with a line's end to a file.
pub fn text(text: &str, path: &Path) -> Result<(), Failure> {
    whole(path, |mut file| writeln!(file, "{text}"))
}

/// A file that is there whole or not at all.
fn whole(path: &Path, write: impl FnOnce(BufWriter<File>) -> io::Result<()>) -> Result<(), Failure> {
    let partial = partial(path);
    let written = File::create(&partial).and_then(|file| write(BufWriter::new(file)));
    written.and_then(|()| fs::rename(&partial, path)).map_err(|error| {
        let _ = fs::remove_file(&partial);
        Failure::Failed(format!("{}: {error}", path.display()))
    })
}

/// Beside the file, so that renaming it into place is one step.
fn partial(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".dandori-partial");
    path.with_file_name(name)
}

fn gone_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
