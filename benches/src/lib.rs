//! What all measurements print about where they ran.

use std::fs;
use std::process::Command;

/// The lock file names the peers' versions.
const LOCK: &str = include_str!("../Cargo.lock");

/// Machine, compiler and versions of the peers, as Markdown.
pub fn print_machine(peers: &[&str]) {
    let cpus = std::thread::available_parallelism().map_or(1, |n| n.get());
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown CPU", |text| text.trim_start_matches([' ', '\t', ':']));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    println!("- machine: {cpus} CPUs, {model}; Linux {}", kernel.trim());
    println!("- compiler: {}", output("rustc", "--version"));
    println!("- dandori {}", version("dandori"));
    for peer in peers {
        println!("- {peer} {}", version(peer));
    }
    println!();
}

fn output(program: &str, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output();
    output.map_or_else(|error| error.to_string(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn version(package: &str) -> &'static str {
    let entry = LOCK.split("[[package]]").find(|entry| entry.contains(&format!("name = \"{package}\"\n")));
    entry.and_then(|entry| entry.split("version = \"").nth(1)?.split('"').next()).unwrap_or("of unknown version")
}
