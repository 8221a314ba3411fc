//! Every run keeps the laws: library scenarios and random programs, also with ties shuffled.

use crate::common::random::{Shape, scenario};
use dandori::policy::spec::Feature;
use dandori::policy::{Registry, Spec};
use dandori::scenario::{Costs, Scenario, library};
use dandori::sim::{Options, Sim};
use dandori::trace::laws;

fn keeps_the_laws(scenario: &Scenario, registry: &Registry, shuffle: u64) -> u64 {
    let sim = Sim::with(scenario, registry, Options { shuffle, ..Options::default() }).expect("a known policy");
    let recording = sim.finish();
    let report = laws::check(&recording);
    assert!(report.is_clean(), "{} under {} with salt {shuffle}:\n{report}", scenario.name, scenario.policy.name);
    recording.trace.digest()
}

/// Library scenarios that are long by repetition.
fn is_long(name: &str) -> bool {
    ["w4", "w3", "yield-many"].iter().any(|long| name.starts_with(long))
}

#[test]
fn every_library_scenario_under_the_first_policies_that_it_fits_also_with_ties_shuffled() {
    let registry = Registry::standard();
    let mut shuffles_that_matter = 0;
    for named in &library::ALL {
        for policy in &named.fits[..2] {
            let scenario = named.under(policy, &registry).expect("the library is valid");
            let digest = keeps_the_laws(&scenario, &registry, 0);
            assert_eq!(digest, keeps_the_laws(&scenario, &registry, 0), "{} is not repeatable", named.name);
            for salt in 1..=if is_long(named.name) { 1 } else { 3 } {
                shuffles_that_matter += u32::from(digest != keeps_the_laws(&scenario, &registry, salt));
            }
        }
    }
    assert!(shuffles_that_matter > 10, "shuffling ties changes next to nothing: is it done at all?");
}

#[test]
fn every_library_scenario_under_the_other_policies_that_it_fits_once_with_ties_shuffled() {
    let registry = Registry::standard();
    for named in &library::ALL {
        for policy in &named.fits[2..] {
            let scenario = named.under(policy, &registry).expect("the library is valid");
            let digest = keeps_the_laws(&scenario, &registry, 0);
            if !is_long(named.name) {
                assert_eq!(digest, keeps_the_laws(&scenario, &registry, 0), "{} is not repeatable", named.name);
                keeps_the_laws(&scenario, &registry, 1);
            }
        }
    }
}

#[test]
fn random_programs_under_every_policy_on_one_to_three_cpus() {
    let registry = Registry::standard();
    // Those that cannot spawn have nothing to do in a program of several tasks.
    let spawns = |spec: &Spec| spec.refuses.iter().all(|refusal| refusal.feature != Feature::Spawn);
    for policy in registry.iter().filter(|policy| spawns(&policy.spec)) {
        let has_workers = policy.spec.params.iter().any(|param| param.name == "workers");
        for number in 0..400 {
            let costs = if number % 2 == 0 { Costs::SERVER } else { Costs::IDEAL };
            let workers = [("workers", 1 + number % 4)];
            let params = if has_workers { &workers[..] } else { &[] };
            let shape = Shape { policy: policy.spec.name, params, unit: 3_000, alone: false, costs };
            let mut scenario = scenario(number, &shape);
            scenario.machine.cpus = 1 + (number % 3) as u16;
            keeps_the_laws(&scenario, &registry, number % 5);
        }
    }
}
