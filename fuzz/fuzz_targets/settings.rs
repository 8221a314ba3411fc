//! Any settings of a link open a lesson or are a list of problems. Who simulates is not asked: settings alone are at stake.
#![no_main]

use dandori::policy::Registry;
use dandori::scenario::{Problem, Scenario};
use dandori::view::session::{Engine, Session, Settings};
use libfuzzer_sys::fuzz_target;

fn start(_: &Scenario, _: &Registry) -> Result<Box<dyn Engine>, Vec<Problem>> {
    Err(Vec::new())
}

fuzz_target!(|text: &str| {
    if let Ok(settings) = serde_json::from_str::<Settings>(text) {
        let _ = Session::new(Registry::standard(), start).open(&settings);
    }
});
