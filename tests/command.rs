//! The command, as people and programs use it.

#![cfg(all(unix, feature = "command"))]
#![allow(clippy::disallowed_methods, reason = "a test of signals waits until the process is under way")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use dandori::trace::{Ended, Event, jsonl, laws};
use serde_json::Value;

fn dandori(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dandori")).args(args).output().expect("the command starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the command prints UTF-8")
}

fn json(args: &[&str]) -> Value {
    let output = dandori(args);
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("with --json it prints JSON")
}

/// A file of this test, below the build's own folder.
fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().expect("kill starts");
    assert!(sent.success());
}

#[test]
fn wrong_input_names_every_problem_with_its_path_and_ends_with_status_2() {
    let out = file("not-written.jsonl");
    let args = ["sim", "w1", "--set", "policy.workers=0", "--set", "machine.cpus=zero", "--set", "nothing", "--out"];
    let output = dandori(&[&args[..], &[out.to_str().unwrap()]].concat());
    let problems = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{problems}");
    for path in ["policy.workers:", "machine.cpus:", "--set nothing:"] {
        assert!(problems.contains(path), "{path} is not named in:\n{problems}");
    }
    assert!(output.stdout.is_empty());
    assert!(!out.exists(), "nothing is written");
    for args in [
        &["sim", "no-such-scenario"][..],
        &["compare", "w1", "--policies", "none,neither"],
        &["compare", "w1", "--runs", "0"],
        &["compare", "w1", "--focus", "nobody", "--label", "nothing"],
        &["sim", "w1", "--policy", "none"],
        &["policies", "none"],
        &["scenarios", "none"],
        &["export", "w1", "--out", "/no/such/folder/file"],
        &["export", "w1", "--html", "--out", "/no/such/folder/file"],
        &["export", "no-such-lesson", "--html"],
        &["export", "w1", "--html", "--set", "policy.workers=0"],
        &["export", "w1", "--html", "--world", "real"],
        &["sim", "w1", "--seed", "-1"],
        &["explain", "w1", "--task", "nobody"],
        &["transcript", "w1", "--row", "nobody"],
        &["sweep", "w1"],
        &["sweep", "w1", "--set", "policy.workers=4..1"],
        &["sweep", "w1", "--set", "policy.workers=0..2"],
        &["sweep", "w1", "--set", "policy.workers=1..2", "--focus", "nobody"],
    ] {
        let output = dandori(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{args:?}");
    }
    let output = dandori(&["sim", "w1", "--json", "--set", "machine.cpus=0"]);
    let problems: Value = serde_json::from_slice(&output.stderr).expect("with --json problems are JSON");
    assert_eq!(problems["problems"][0]["path"], "machine.cpus");
}

#[test]
fn a_simulation_repeats_and_what_is_exported_is_what_was_printed() {
    let summary = json(&["sim", "w1", "--json"]);
    assert_eq!(summary["violations"], 0);
    assert_eq!(json(&["sim", "w1", "--json"])["digest"], summary["digest"]);
    assert_ne!(json(&["sim", "w1", "--json", "--set", "policy.workers=1"])["digest"], summary["digest"]);
    let exported = dandori(&["export", "w1"]).stdout;
    let recording = jsonl::read(exported.as_slice(), jsonl::Limits::default()).expect("it is readable");
    assert_eq!(format!("{:016x}", recording.trace.digest()), summary["digest"]);
    assert!(text(&dandori(&["sim", "w1"]).stdout).contains(summary["digest"].as_str().unwrap()));
}

#[test]
fn a_file_is_a_scenario_and_so_is_what_the_library_prints() {
    let printed = dandori(&["scenarios", "w1"]).stdout;
    let path = file("w1-printed.json");
    std::fs::write(&path, printed).unwrap();
    let from_file = json(&["sim", path.to_str().unwrap(), "--json"]);
    assert_eq!(from_file["digest"], json(&["sim", "w1", "--json"])["digest"]);
}

#[test]
fn lists_name_what_there_is() {
    let policies = text(&dandori(&["policies"]).stdout);
    for name in ["tokio:", "global-queue:", "block-on:"] {
        assert!(policies.contains(name), "{name}");
    }
    assert!(json(&["policies", "--json"]).as_array().unwrap().len() >= 3);
    let scenarios = json(&["scenarios", "--json"]);
    assert!(scenarios.as_array().unwrap().iter().any(|entry| entry["name"] == "w1"));
    assert!(scenarios.as_array().unwrap().iter().any(|e| e["name"] == "stolen-token" && e["lesson"] == "one-future"));
    // Under the title of its lesson, the lesson's own scenario first.
    let printed = text(&dandori(&["scenarios"]).stdout);
    let under = &printed[printed.find("7. The LIFO slot (lifo-slot)\n   lifo-slot ").expect("a heading")..];
    assert!(under.find("\n   ping-pong ").unwrap() < under.find("8. ").unwrap(), "{printed}");
}

#[test]
fn a_comparison_has_a_row_for_each_policy_and_world() {
    let table = json(&["compare", "one-sleep", "--policies", "global-queue,block-on", "--runs", "2", "--json"]);
    let rows = table["rows"].as_array().unwrap();
    let names: Vec<_> =
        rows.iter().map(|row| (row["policy"].as_str().unwrap(), row["world"].as_str().unwrap())).collect();
    let expected =
        [("global-queue", "simulated"), ("global-queue", "real"), ("block-on", "simulated"), ("block-on", "real")];
    assert_eq!(names, expected);
    let runs: Vec<usize> = rows.iter().map(|row| row["runs"].as_array().unwrap().len()).collect();
    assert_eq!(runs, [1, 2, 1, 2]);
    let printed = text(&dandori(&["compare", "one-sleep", "--worlds", "sim"]).stdout);
    assert!(printed.contains("worst lateness of sleeper") && printed.contains("First divergence"), "{printed}");
}

#[test]
fn a_calibration_is_a_profile_for_other_commands() {
    let out = file("calibration.json");
    let out = out.to_str().unwrap();
    let output = dandori(&["calibrate", "--rounds", "3", "--out", out]);
    let report = text(&output.stdout);
    assert!(output.status.success() && report.contains("wake_latency"), "{report}{}", text(&output.stderr));
    let written: Value = serde_json::from_str(&std::fs::read_to_string(out).unwrap()).expect("JSON");
    let default = json(&["sim", "w1", "--json"]);
    let calibrated = json(&["sim", "w1", "--json", "--costs", out]);
    assert_ne!(default["digest"], calibrated["digest"], "other costs, other run");
    let one = format!("machine.costs={}", written["costs"]);
    assert_eq!(calibrated["digest"], json(&["sim", "w1", "--json", "--set", &one])["digest"]);
    let output = dandori(&["sim", "w1", "--costs", "no-such-file", "--set", "policy.workers=0"]);
    assert_eq!(output.status.code(), Some(2));
    let problems = text(&output.stderr);
    assert!(problems.contains("--costs no-such-file") && problems.contains("policy.workers"), "{problems}");
}

#[test]
fn an_explanation_has_parts_findings_and_what_would_help() {
    let told = json(&["explain", "w1", "--json"]);
    let parts = told["why"]["parts"].as_array().unwrap();
    assert!(parts.iter().any(|part| part["largest"] == true && part["record"].is_u64()), "{told}");
    assert_eq!(told["findings"][0]["kind"], "late_timer");
    let rows = told["help"]["rows"].as_array().unwrap();
    assert_eq!(rows.last().unwrap()["verdict"], "same", "the slot has nothing to do with it");
    assert!(rows[0]["value"].as_u64() > rows[1]["value"].as_u64());
    // Of one task, by its name, in words.
    let output = text(&dandori(&["explain", "lifo-slot", "--task", "H", "--lang", "ja"]).stdout);
    assert!(output.contains("Hはなぜ") && output.contains("LIFOスロットなし"), "{output}");
    // The parts are told to the nanosecond, whatever the unit in which they are written.
    let sum: u64 = parts.iter().map(|part| part["ns"].as_u64().unwrap()).sum();
    assert_eq!(sum, rows[0]["value"].as_u64().unwrap());
}

#[test]
fn a_sweep_has_a_band_for_each_value_and_repeats_on_any_number_of_cores() {
    let args = ["sweep", "w1", "--set", "policy.workers=1..3", "--seeds", "3", "--json"];
    let told = json(&args);
    let bands = told["bands"].as_array().unwrap();
    let values: Vec<_> = bands.iter().map(|band| band["value"].as_str().unwrap()).collect();
    assert_eq!((values, told["measure"].as_str()), (vec!["1", "2", "3"], Some("lateness")));
    let worst = |index: usize| bands[index]["max_ns"].as_u64().unwrap();
    assert!(worst(1) > 100 * worst(2), "two jobs block two workers, and not three");
    assert_eq!(json(&args)["bands"], told["bands"]);
    let text =
        text(&dandori(&["sweep", "w1", "--set", "tasks.job.program.0.measure.do.0.block=100ms..200ms..100ms"]).stdout);
    assert!(text.contains("100 ms") && text.contains("200 ms") && text.contains("p90"), "{text}");
}

#[test]
fn an_interrupted_real_run_writes_and_prints_what_it_recorded() {
    for (signal, name) in [("-INT", "int.jsonl"), ("-TERM", "term.jsonl")] {
        let out = file(name);
        // How long a run takes to begin is the machine's: when it was interrupted too early, try again later.
        let stdout = [300, 1_000, 3_000].into_iter().find_map(|ms| {
            let _ = std::fs::remove_file(&out);
            let child = Command::new(env!("CARGO_BIN_EXE_dandori"))
                .args(["real", "w2", "--json", "--set", "limits.end=60 s", "--out", out.to_str().unwrap()])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("the command starts");
            std::thread::sleep(Duration::from_millis(ms));
            send(signal, &child);
            let output = child.wait_with_output().expect("it ends");
            assert_eq!(output.status.code(), Some(130), "{}", text(&output.stderr));
            out.exists().then_some(output.stdout)
        });
        let summary: Value = serde_json::from_slice(&stdout.expect("three seconds are enough")).unwrap();
        assert_eq!(summary["ended"], "cancelled");
        let bytes = std::fs::read(&out).unwrap();
        let recording = jsonl::read(bytes.as_slice(), jsonl::Limits::default()).expect("it is whole");
        let last = recording.trace.get(recording.trace.len() - 1).event;
        assert!(matches!(last, Event::RunEnd { why: Ended::Cancelled, .. }));
        let report = laws::check(&recording);
        assert!(report.is_clean(), "{report}");
    }
}

/// A server under test; ended when the test ends.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start() -> Server {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dandori"))
            .args(["serve", "--port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.split("127.0.0.1:").nth(1).and_then(|rest| rest.split('/').next()).map(str::parse);
        let port = port.expect("it prints its address").expect("a port");
        Server { child, port }
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(request.replace("PORT", &self.port.to_string()).as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_server_answers_its_own_name_with_types_and_policy_and_ends_cleanly() {
    let mut server = Server::start();
    let page = server.ask("GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nConnection: close\r\n\r\n");
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    for header in ["Content-Type: text/html", "Content-Security-Policy: default-src 'none'", "nosniff", "no-referrer"] {
        assert!(page.contains(header), "{header} is missing");
    }
    let script = server.ask("GET /main.js?x HTTP/1.1\r\nHost: localhost:PORT\r\nConnection: close\r\n\r\n");
    assert!(script.contains("Content-Type: text/javascript"), "{script}");
    let rebound = server.ask("GET / HTTP/1.1\r\nHost: evil.example:PORT\r\nConnection: close\r\n\r\n");
    assert!(rebound.starts_with("HTTP/1.1 403"), "{rebound}");
    let nameless = server.ask("GET / HTTP/1.0\r\n\r\n");
    assert!(nameless.starts_with("HTTP/1.1 403"), "{nameless}");
    let outside = server.ask("GET /../Cargo.toml HTTP/1.1\r\nHost: localhost:PORT\r\nConnection: close\r\n\r\n");
    assert!(outside.starts_with("HTTP/1.1 404"), "{outside}");
    let post = server.ask("POST / HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert!(post.starts_with("HTTP/1.1 405") && post.contains("Allow: GET, HEAD"), "{post}");
    let endless = server.ask(&format!("GET / HTTP/1.1\r\nHost: localhost:PORT\r\nX: {}", "x".repeat(16 * 1024)));
    assert!(endless.starts_with("HTTP/1.1 400"), "{endless}");
    let head = server.ask("HEAD / HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{head}");
    // Connections without a word do not keep others waiting.
    let silent: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(("127.0.0.1", server.port)).unwrap()).collect();
    let page = server.ask("GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nConnection: close\r\n\r\n");
    assert!(page.starts_with("HTTP/1.1 200"));
    drop(silent);
    send("-INT", &server.child);
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_taken_port_is_a_failure_when_it_was_asked_for() {
    let server = Server::start();
    let output = dandori(&["serve", "--port", &server.port.to_string()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("cannot listen on port"), "{}", text(&output.stderr));
}

#[test]
fn a_run_goes_out_in_three_formats_and_its_traces_come_back() {
    let digest = json(&["sim", "w1", "--json"])["digest"].clone();
    let lines = file("w1-out.jsonl");
    let tracks = file("w1-out.json");
    let picture = file("w1-out.svg");
    for path in [&lines, &tracks, &picture] {
        let output = dandori(&["export", "w1", "--out", path.to_str().unwrap()]);
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    for path in [&lines, &tracks] {
        let shown = json(&["show", path.to_str().unwrap(), "--json"]);
        assert_eq!((&shown["digest"], &shown["violations"]), (&digest, &Value::from(0)));
        let told = json(&["explain", path.to_str().unwrap(), "--json"]);
        assert_eq!(told["origin"], "simulated");
        let title = json(&["explain", "w1", "--json"])["why"]["title"].clone();
        assert_eq!(told["why"]["title"], title, "the ticker waited longest");
    }
    // From one format to the other and back.
    let back = dandori(&["export", tracks.to_str().unwrap(), "--format", "jsonl"]).stdout;
    assert_eq!(back, std::fs::read(&lines).unwrap());
    let svg = std::fs::read_to_string(&picture).unwrap();
    assert!(svg.contains("role=\"img\"") && svg.contains("395."), "{}", &svg[..400]);
    let narrow = ["--svg", "--width", "400", "--theme", "dark", "--at", "150 ms", "--lang", "ja", "--task", "T"];
    let output = dandori(&[&["export", lines.to_str().unwrap()][..], &narrow].concat());
    let svg = text(&output.stdout);
    assert!(
        svg.contains("width=\"400\"") && svg.contains("ティッカー") || svg.contains("遅れ") || svg.contains("待っ"),
        "{svg:.300}"
    );
    let table = text(&dandori(&["show", lines.to_str().unwrap(), tracks.to_str().unwrap()]).stdout);
    assert_eq!(table.lines().filter(|line| line.contains("simulated")).count(), 2, "{table}");
}

#[test]
fn wrong_options_and_files_of_an_export_are_all_told() {
    let args = ["export", "w1", "--svg", "--at", "soon", "--from", "2 ms", "--to", "1 ms", "--width", "9"];
    let output = dandori(&args);
    assert_eq!(output.status.code(), Some(2));
    let told = text(&output.stderr);
    for path in ["--at:", "--to:", "--width:"] {
        assert!(told.contains(path), "{path} is not named in:\n{told}");
    }
    assert!(text(&dandori(&["export", "w1", "--at", "1 ms"]).stderr).contains("use it with --svg"));
    let trace = file("bad.jsonl");
    std::fs::write(&trace, "[{\"ph\":\"X\"},\n{\"ph\":\"X\",\"ts\":1}]").unwrap();
    let path = trace.to_str().unwrap();
    for command in ["explain", "show", "export"] {
        let output = dandori(&[command, path]);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{command}: {told}");
        assert!(told.contains("line 1: ts:") && told.contains("line 2: dur:"), "{command}: {told}");
    }
    std::fs::write(&trace, "[{\"ph\":\"X\",\"ts\":1,\"dur\":5,\"pid\":1,\"tid\":1,\"name\":\"work\"}]").unwrap();
    let told = text(&dandori(&["explain", path]).stdout);
    assert!(told.contains("One slice: work") && told.contains("nothing is known of waits"), "{told}");
    assert!(text(&dandori(&["show", path]).stdout).contains("work"));
    let told = text(&dandori(&["explain", path, "--seed", "3", "--set", "a=1", "--policy", "go"]).stderr);
    assert!(told.contains("--seed") && told.contains("--set a=1"), "{told}");
}

#[test]
fn a_recording_of_real_threads_is_explained_like_a_simulated_run() {
    let path = file("real-w1.jsonl");
    let output = dandori(&["real", "w1", "--out", path.to_str().unwrap()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told = json(&["explain", path.to_str().unwrap(), "--json"]);
    assert_eq!(told["origin"], "real");
    assert_eq!(told["help"]["rows"], serde_json::json!([]));
    let parts = told["why"]["parts"].as_array().expect("somebody waited");
    assert!(!parts.is_empty() && parts.iter().all(|part| part["text"].as_array().is_some_and(|text| !text.is_empty())));
    assert!(text(&dandori(&["explain", path.to_str().unwrap()]).stdout).contains("recorded on threads"));
}

#[test]
fn the_transcript_has_a_line_for_each_event_and_says_how_many_are_left() {
    let some = text(&dandori(&["transcript", "w1", "--lines", "3"]).stdout);
    assert!(some.lines().count() == 5 && some.contains("more lines: --from, --lines"), "{some}");
    let told = json(&["transcript", "w1", "--json"]);
    let (lines, total) = (told["lines"].as_array().expect("lines"), told["total"].as_u64().expect("a number"));
    assert_eq!(lines.len() as u64, total);
    assert!(lines.iter().enumerate().all(|(at, line)| line["record"] == at), "every record, in order");
    let later = json(&["transcript", "w1", "--json", "--from", "500", "--lines", "7"]);
    assert_eq!(later["lines"].as_array().expect("lines")[..], lines[500.min(lines.len())..507.min(lines.len())]);
    let driver = json(&["transcript", "w1", "--json", "--row", "driver", "--lang", "ja"]);
    assert!(driver["total"].as_u64().expect("a number") < total);
}
