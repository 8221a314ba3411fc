//! The run as a file for other programs: its stream, or its tracks.

use super::board::Board;
use super::perfetto;
use crate::trace::{Recording, jsonl};

/// A format of a trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// One line for the run and one for each record (`docs/events.md`).
    JsonLines,
    /// Chrome JSON with our stream beside it, for Perfetto and for coming back (`docs/files.md`).
    Perfetto,
}

impl Format {
    /// By its name on the command line and in the page.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Format> {
        match name {
            "jsonl" => Some(Format::JsonLines),
            "perfetto" => Some(Format::Perfetto),
            _ => None,
        }
    }
}

/// The file.
#[must_use]
pub fn trace(board: &Board, recording: &Recording, format: Format) -> Vec<u8> {
    let mut out = Vec::new();
    let written = match format {
        Format::JsonLines => jsonl::write(recording, &mut out),
        Format::Perfetto => perfetto::write(board, recording, &mut out),
    };
    written.expect("memory can be written to");
    out
}
