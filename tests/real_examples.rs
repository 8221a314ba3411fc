//! The examples as programs: an HTTP server under load, its end while a request is under way, the echo server and the
//! pipeline, under every policy that runs programs. Long; they run in `./check --deep`.
//!
//! `DANDORI_HTTP_SECONDS` says how long the server is under load under each policy, 30 if it is not set.

#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Once;

use crate::real_common::programs;

/// An example, built.
fn example(name: &str) -> Command {
    static ONCE: Once = Once::new();
    // target/PROFILE/deps/suite-HASH
    let own = std::env::current_exe().unwrap();
    let profile: PathBuf = own.ancestors().nth(2).expect("a folder of a profile").to_owned();
    ONCE.call_once(|| {
        if !profile.join("examples").join("pipeline").exists() {
            let mut build = Command::new(env!("CARGO"));
            build.args(["build", "--locked", "--examples"]).current_dir(env!("CARGO_MANIFEST_DIR"));
            assert!(build.status().unwrap().success());
        }
    });
    Command::new(profile.join("examples").join(name))
}

/// What it says, if it ends well.
fn says(mut command: Command) -> String {
    let output = command.output().unwrap();
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && errors.is_empty(), "{command:?}: {said}{errors}");
    said.into_owned()
}

#[test]
#[ignore = "seven minutes; DANDORI_HTTP_SECONDS says how many per policy"]
fn real_http_is_under_load_without_an_error_under_every_policy() {
    let seconds = std::env::var("DANDORI_HTTP_SECONDS").unwrap_or_else(|_| "30".to_owned());
    for policy in programs() {
        let mut http = example("http");
        http.args(["--policy", policy, "--load", &seconds]);
        let said = says(http);
        assert!(said.contains("answers") && said.contains("connections that were dropped: 0"), "{policy}: {said}");
        println!("{policy}: {}", said.lines().nth(1).unwrap_or_default());
    }
}

/// A child that is ended with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Reads an answer to its last line.
fn answer(stream: &mut TcpStream, path: &str) -> String {
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(format!("hello from {path}\n").as_bytes()) {
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&text));
        text.push(byte[0]);
    }
    String::from_utf8(text).unwrap()
}

/// The order is made by answers: the request that is under way at the signal is ended after the server has told another
/// connection that it ends.
#[test]
#[ignore = "needs the examples"]
fn real_ctrl_c_ends_the_server_after_the_request_under_way_under_every_policy() {
    for policy in programs() {
        let mut http = example("http");
        http.args(["--policy", policy]).stdout(Stdio::piped());
        let mut server = Server(http.spawn().unwrap());
        let mut lines = BufReader::new(server.0.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let address = first.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let mut under_way = TcpStream::connect(&address).unwrap();
        under_way.write_all(b"GET /late HTTP/1.1\r\n").unwrap();
        let mut idle = TcpStream::connect(&address).unwrap();
        idle.write_all(b"GET /early HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
        answer(&mut idle, "/early");
        let pid = server.0.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        assert_eq!(idle.read(&mut [0; 64]).unwrap(), 0, "an idle connection is closed under {policy}");
        under_way.write_all(b"host: localhost\r\n\r\n").unwrap();
        assert!(answer(&mut under_way, "/late").starts_with("HTTP/1.1 200"), "under {policy}");
        let last: Vec<String> = lines.map(Result::unwrap).collect();
        assert_eq!(last, ["ended; connections that were dropped: 0"], "under {policy}");
        assert!(server.0.wait().unwrap().success());
    }
}

#[test]
#[ignore = "a minute"]
fn real_echo_and_pipeline_run_under_every_policy() {
    for policy in programs() {
        let mut echo = example("echo");
        echo.args(["--policy", policy]);
        assert!(says(echo).starts_with("50 clients, 100 lines each"), "{policy}");
        let mut pipeline = example("pipeline");
        pipeline.args(["--policy", policy]);
        assert_eq!(says(pipeline).lines().count(), 5, "{policy}");
    }
}
