//! Scenarios as programs in Rust: the committed example is what the library makes today, and programs of many scenarios
//! compile and run under several policies.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use dandori::policy::Registry;
use dandori::scenario::library;
use dandori::scenario::rust::listing;

/// The scenario of the committed example.
const EXAMPLE: &str = "w1-spawn-blocking";

fn program(name: &str, policy: &str) -> String {
    let registry = Registry::standard();
    let scenario = library::get(name).expect("in the library").under(policy, &registry).expect("it fits");
    listing(&scenario, &registry).to_string()
}

#[test]
fn the_example_is_what_the_library_makes() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/from_scenario.rs");
    let made = program(EXAMPLE, "tokio");
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
    for (name, policies) in programs {
        for policy in policies {
            assert!(said.contains(&format!("{name} under {policy}\n")), "{said}");
        }
    }
    assert_eq!(said.matches("tasks were spawned").count(), 2 * programs.len(), "{said}");
}
