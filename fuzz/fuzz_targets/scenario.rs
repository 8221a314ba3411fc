//! Any text is a scenario or a list of problems. What is a scenario is written and read the same, and runs for a while.
#![no_main]

use dandori::policy::Registry;
use dandori::scenario::Draft;
use dandori::sim::Sim;
use libfuzzer_sys::fuzz_target;

/// Agenda entries of a run: a scenario may ask for millions.
const STEPS: u64 = 20_000;

fuzz_target!(|text: &str| {
    let registry = Registry::standard();
    let built = Draft::parse(text).and_then(|draft| draft.build(&registry));
    let Ok(scenario) = built else { return };
    if let Ok(mut sim) = Sim::new(&scenario, &registry) {
        sim.advance(STEPS);
        let _ = sim.finish();
    }
});
