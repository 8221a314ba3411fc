//! Any bytes that somebody opens are shown or refused: read, folded, drawn, explained, and written again.
#![no_main]

use dandori::policy::Registry;
use dandori::time::Time;
use dandori::trace::import;
use dandori::trace::jsonl::Limits;
use dandori::view::export::{Format, trace};
use dandori::view::session::show_file;
use dandori::view::svg;
use dandori::words::Lang;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { records: 10_000, ..Limits::PAGE };
    let Ok(file) = import::read(bytes, limits) else { return };
    let (board, about) = show_file(&file, "fuzz", &Registry::standard(), Lang::Ja);
    let _ = svg::picture(&board, &about, Time(board.line.end.0 / 2));
    let again = trace(&board, &file.recording, Format::Perfetto);
    let back = import::read(&again, Limits::PAGE).expect("what was written is read");
    assert_eq!(back.recording, file.recording);
});
