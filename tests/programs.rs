//! Scenarios as programs in Rust: the committed example is what the library makes today, and programs of many scenarios
//! compile and run under several policies.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use dandori::policy::Registry;
use dandori::scenario::rust::listing;
use dandori::scenario::{Scenario, library};

/// The scenario of the committed example.
const EXAMPLE: &str = "w1-spawn-blocking";

/// What stands above the example: this repository forbids its library more than others do.
const ALLOWED: &str = "#![allow(clippy::disallowed_methods, clippy::vec_init_then_push)]";

/// Every step, arrival, length, channel and socket that there is, for a tenth of a second.
const EVERYTHING: &str = r#"{
    "dandori": 1, "name": "everything", "policy": {"name": "tokio", "workers": 2}, "limits": {"end": "100 ms"},
    "channels": {"in-box": {"capacity": 3, "ready": 2}, "out": {}},
    "sockets": {"net": {"data": {"every": "1 ms", "count": 30}}, "ready": {"data": "always"}},
    "tasks": {
        "box": {"arrive": [{"at": "0 ns", "count": 2}, {"every": "5 ms", "count": 3}], "program": [
            {"cpu": {"uniform": {"from": "1 us", "to": "9 us"}}}, {"sleep": {"exponential": "100 us"}}, {"io": {"list": ["10 us", "20 us"]}},
            {"send": {"channel": "in-box", "count": 2}}, {"send": "out"}, {"recv": {"channel": "in-box", "count": 2}}, {"read": "ready"}]},
        "all-of-it": {"arrive": [{"at": "1 ms"}], "program": [
            {"measure": {"label": "whole", "do": [{"spawn": {"kind": "again", "count": 3}}, "join"]}},
            {"repeat": {"times": 2, "do": [{"spawn_blocking": [{"block": {"list": ["10 us", "1 ms"]}}, {"send": "out"}]}, "yield_now"]}},
            {"block_in_place": [{"syscall": "50 us"}, {"repeat": {"times": 2, "do": [{"cpu": "1 us"}]}}]},
            {"join!": [[{"sleep": {"every": "1 ms"}}, {"spawn": "again"}, "join"], [{"measure": {"label": "branch", "do": [{"sleep": "1 ms"}]}}]]},
            {"select": [[{"sleep": "1 ms"}], ["forget_waker"]]}, "wake_self", {"read": {"socket": "net", "count": 3}}, {"forever": [{"sleep": {"every": "2 ms"}}]}]},
        "again": {"arrive": [{"poisson": "20 ms", "count": 4}, {"burst": 3, "every": "10 ms", "count": 2}], "program": [
            {"cpu": {"lognormal": {"median": "2 us", "sigma": 0.5}}}, {"cpu": {"pareto": {"least": "1 us", "alpha": 2}}},
            {"cpu": {"mixture": [{"weight": 9, "of": "1 us"}, {"weight": 1, "of": {"exponential": "5 us"}}]}}, {"recv": "out"}]},
        "idle": {"program": [{"spawn": "idle"}]}
    }
}"#;

/// What waits, is cut short, fails, or is fed from outside, each inside of others.
const NEW_STEPS: &str = r#"{
    "dandori": 1, "name": "new-steps", "policy": {"name": "tokio", "workers": 3}, "limits": {"end": "100 ms"},
    "channels": {"c": {"outside": {"poisson": "1 ms", "count": 40}}, "fed": {"outside": {"burst": 2, "every": "5 ms", "count": 4}}, "old": {"waker": "first", "capacity": 2}},
    "mutexes": {"c": {}, "plain": {"kind": "std"}, "across": {"kind": "std"}},
    "tasks": {
        "a": {"arrive": [{"at": "0 ns", "count": 3}, {"clients": 2, "think": {"uniform": {"from": "1 ms", "to": "2 ms"}}, "count": 3}], "program": [
            {"lock": {"mutex": "c", "do": [{"sleep": "100 us"}, {"lock": {"mutex": "plain", "do": [{"cpu": "5 us"}]}}]}},
            {"timeout": {"after": {"list": ["1 ms", "2 ms"]}, "do": [{"lock": {"mutex": "c", "do": [{"recv": "c"}]}}], "else": [{"cpu": "1 us"}]}},
            {"chance": {"probability": 0.3, "do": [{"spawn": "b"}], "else": ["yield_now"]}},
            {"chance": {"probability": 0.5, "do": [{"lock": {"mutex": "across", "do": [{"sleep": "10 us"}]}}]}},
            {"repeat": {"times": 2, "do": [{"blocking_job": [{"block": {"list": ["10 us", "1 ms"]}}, {"lock": {"mutex": "plain", "do": []}}]}]}},
            {"block_on": [{"sleep": "200 us"}, {"timeout": {"after": "1 ms", "do": [{"recv": "fed"}]}}]},
            {"start_recv": {"channel": "c", "count": 2}}, {"timeout": {"after": "1 ms", "do": [{"finish_recv": {"channel": "c", "count": 2}}]}},
            {"timeout": {"after": "1 ms", "do": [{"start_recv": "old"}, {"finish_recv": "old"}]}},
            {"block_on": {"token": "thread", "do": [{"join!": [[{"recv": "c"}], [{"block_on": {"token": "own", "do": [{"sleep": "100 us"}]}}]]}]}},
            {"chance": {"probability": 0, "do": ["park"]}},
            {"spawn": "b"}, "abort", "join", {"spawn_blocking": [{"cpu": "1 us"}, "panic"]}]},
        "b": {"program": [{"lock": {"mutex": "plain", "do": [{"cpu": "1 us"}]}}, {"sleep": "1 ms"}, {"lock": {"mutex": "c", "do": ["panic", {"sleep": "1 ms"}]}}, {"cpu": "1 us"}]}
    }
}"#;

fn program(name: &str, policy: &str) -> String {
    let registry = Registry::standard();
    let scenario = match library::get(name) {
        Some(named) => named.under(policy, &registry).expect("it fits"),
        None => {
            let everything = Scenario::parse(if name == "new-steps" { NEW_STEPS } else { EVERYTHING }).expect("valid");
            everything.with_policy(policy, &registry).expect("it fits")
        }
    };
    listing(&scenario, &registry).to_string()
}

#[test]
fn the_example_is_what_the_library_makes() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/from_scenario.rs");
    let made = format!("{ALLOWED}\n\n{}", program(EXAMPLE, "tokio"));
    if std::env::var_os("DANDORI_BLESS").is_some() {
        std::fs::write(&file, &made).expect("the example can be written");
    }
    let found = std::fs::read_to_string(&file).expect("the example is there");
    assert!(found == made, "DANDORI_BLESS=1 writes examples/from_scenario.rs anew");
}

#[test]
fn every_named_scenario_becomes_a_program_under_every_policy_that_it_fits() {
    for named in &library::ALL {
        for policy in named.fits {
            let text = program(named.name, policy);
            let (open, close) = (text.matches('{').count(), text.matches('}').count());
            assert_eq!(open, close, "{} under {policy}:\n{text}", named.name);
            assert!(text.lines().all(|line| line.len() <= 200 && line.trim_end() == line), "{text}");
        }
    }
}

/// Compiles one crate with a module for each program, and runs them all. It takes a minute, and starts a compiler.
#[test]
#[ignore = "starts cargo; ./check runs it among the deep tests"]
fn programs_compile_without_warnings_and_run() {
    let programs = [
        ("w1", ["tokio", "smol"]),
        ("w1-block-in-place", ["tokio", "work-stealing"]),
        ("w1-spawn-blocking", ["global-queue", "event-loop"]),
        ("ping-pong", ["tokio", "tokio-0.1"]),
        ("chained-spawn", ["tokio", "sharded"]),
        ("yield-many", ["tokio", "thread-per-core"]),
        ("lifo-slot", ["tokio", "tokio-current-thread"]),
        ("always-ready", ["tokio", "smol"]),
        ("lost-wake-up", ["tokio", "global-queue"]),
        ("one-sleep", ["block-on", "tokio"]),
        ("waker-ticket", ["tokio", "work-stealing"]),
        ("in-place-join", ["tokio", "thread-per-task"]),
        ("herd", ["tokio", "smol"]),
        ("four-answers", ["go", "async-std-monitor"]),
        ("everything", ["tokio", "work-stealing"]),
        ("std-mutex", ["tokio", "smol"]),
        ("async-mutex", ["tokio", "work-stealing"]),
        ("mutex-across-await", ["tokio", "dandori"]),
        ("nested-block-on", ["tokio", "dandori"]),
        ("moved-future", ["tokio", "smol"]),
        ("stale-waker", ["tokio", "work-stealing"]),
        ("park-token", ["tokio", "dandori"]),
        ("own-parker", ["tokio", "smol"]),
        ("timeout", ["tokio", "event-loop"]),
        ("outside-thread", ["tokio", "global-queue"]),
        ("abort", ["tokio", "tokio-current-thread"]),
        ("panic", ["tokio", "thread-per-core"]),
        ("closed-loop", ["tokio", "smol"]),
        ("budget-siblings", ["tokio", "tokio-current-thread"]),
        ("new-steps", ["tokio", "work-stealing"]),
    ];
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("programs");
    std::fs::create_dir_all(folder.join("src")).expect("a scratch folder");
    let mut main = String::from("#![deny(warnings)]\n");
    let mut calls = String::new();
    for (name, policies) in programs {
        for policy in policies {
            let module = format!("{name}_{policy}").replace(['-', '.'], "_");
            // As a module its `main` is seen from outside; all else is as it is.
            let text = program(name, policy).replace("\nfn main()", "\npub fn main()");
            std::fs::write(folder.join(format!("src/{module}.rs")), text).expect("a scratch file");
            let _ = writeln!(main, "mod {module};");
            let _ = writeln!(calls, "    run({name:?}, {policy:?}, {module}::main);");
        }
    }
    let _ = write!(
        main,
        "\nfn run(name: &str, policy: &str, main: fn() -> Result<(), Box<dyn std::error::Error>>) {{\n    \
         println!(\"{{name}} under {{policy}}\");\n    main().unwrap_or_else(|error| panic!(\"{{name}} under {{policy}}: {{error}}\"));\n}}\n\n\
         fn main() {{\n{calls}}}\n"
    );
    std::fs::write(folder.join("src/main.rs"), main).expect("a scratch file");
    let manifest = format!(
        "[package]\nname = \"programs\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\ndandori = \
         {{ path = {:?}, default-features = false }}\n",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::write(folder.join("Cargo.toml"), manifest).expect("a scratch file");
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock"), folder.join("Cargo.lock")).expect("a lock");
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--offline"])
        .current_dir(&folder)
        .output()
        .expect("cargo starts");
    let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{wrong}");
    // Some of them panic, because their scenario says so.
    for (name, policies) in programs {
        for policy in policies {
            assert!(said.contains(&format!("{name} under {policy}\n")), "{said}");
        }
    }
    assert_eq!(said.matches("tasks were spawned").count(), 2 * programs.len(), "{said}");
}
