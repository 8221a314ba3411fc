//! Digests of the whole library, for every target.

use dandori::policy::Registry;
use dandori::scenario::library;
use dandori::sim::Sim;

/// One line for each scenario and policy: name, policy, records, digest.
pub fn all() -> Vec<String> {
    let registry = Registry::standard();
    let mut lines = Vec::new();
    for named in &library::ALL {
        for policy in named.fits {
            let scenario = named.under(policy, &registry).expect("the library is valid");
            let recording = Sim::new(&scenario, &registry).expect("a known policy").finish();
            lines.push(format!("{} {policy} {} {:016x}", named.name, recording.trace.len(), recording.trace.digest()));
        }
    }
    lines
}

/// Panics with every line that differs from the committed ones.
pub fn compare(now: &[String]) {
    let committed: Vec<&str> = include_str!("digests.txt").lines().collect();
    let wrong: Vec<String> = (0..now.len().max(committed.len()))
        .filter(|&i| now.get(i).map(String::as_str) != committed.get(i).copied())
        .map(|i| format!("  committed {:?}\n  now       {:?}", committed.get(i), now.get(i)))
        .collect();
    assert!(wrong.is_empty(), "{} digests differ:\n{}", wrong.len(), wrong.join("\n"));
}
