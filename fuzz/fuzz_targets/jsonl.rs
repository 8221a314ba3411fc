//! Any bytes are JSON Lines or a list of problems; what is a recording is written and read the same.
#![no_main]

use dandori::trace::jsonl::{self, Limits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { records: 10_000, ..Limits::PAGE };
    match jsonl::read(bytes, limits) {
        Ok(recording) => {
            let mut again = Vec::new();
            jsonl::write(&recording, &mut again).expect("memory can be written to");
            assert_eq!(jsonl::read(again.as_slice(), limits).expect("it was written"), recording);
        }
        Err(problems) => assert!(!problems.is_empty() && problems.len() <= limits.problems),
    }
});
