//! `dandori serve`: the page and its package, embedded in the command, on this machine only.
//!
//! It listens on the loopback address and answers requests that name it: a page of another origin that had its name
//! resolved to this address (DNS rebinding) sends that name as `Host` and is refused. Only the files that were embedded
//! are served; a path is looked up, never opened.

use std::borrow::Cow;
use std::io::Cursor;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use include_dir::{Dir, include_dir};
use tiny_http::{Header, Method, Request, Response, Server};

use crate::{Failure, output};

static WWW: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/www");
static PKG: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/pkg");

/// The first port that is tried.
const PORT: u16 = 4640;
/// How many ports are tried, one after the other.
const PORTS: u16 = 20;
/// Longest address of a request, in bytes. The page keeps its state behind `#`, which is not sent.
const URL_MAX: usize = 2_048;
/// Requests that are answered at the same time; a reader that does not read holds one of them.
const AT_ONCE: usize = 32;

/// What the page may do: its own scripts, styles and workers, WebAssembly, nothing from elsewhere.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     connect-src 'self'; worker-src 'self' blob:; img-src 'self' data:; base-uri 'none'; form-action 'none'; \
     require-trusted-types-for 'script'; trusted-types dandori";

/// Arguments.
#[derive(clap::Args, Default)]
pub struct Args {
    /// Port; without it 4640 or the next free one. 0: any free one.
    #[arg(long)]
    port: Option<u16>,
}

/// Serves until Ctrl-C or SIGTERM.
pub fn run(args: &Args) -> Result<(), Failure> {
    let listener = listen(args.port)?;
    let port = listener.local_addr().map_err(|error| Failure::Failed(error.to_string()))?.port();
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| Failure::Failed(format!("cannot serve: {error}"));
    let server = Arc::new(Server::from_listener(listener, None).map_err(failed)?);
    let is_over = Arc::new(AtomicBool::new(false));
    let (stop, over) = (server.clone(), is_over.clone());
    ctrlc::set_handler(move || {
        over.store(true, Ordering::SeqCst);
        stop.unblock();
    })
    .map_err(|error| Failure::Failed(format!("cannot watch for Ctrl-C: {error}")))?;
    output::line(&format!("Dandori is at http://127.0.0.1:{port}/ (Ctrl-C ends it)"))?;
    let under_way = Arc::new(AtomicUsize::new(0));
    while !is_over.load(Ordering::SeqCst) {
        // An error is one connection's, or the unblocking above.
        let Ok(request) = server.recv() else { continue };
        if under_way.fetch_add(1, Ordering::SeqCst) >= AT_ONCE {
            under_way.fetch_sub(1, Ordering::SeqCst);
            drop(request);
            continue;
        }
        let under_way = under_way.clone();
        thread::spawn(move || {
            respond(request, port);
            under_way.fetch_sub(1, Ordering::SeqCst);
        });
    }
    Ok(())
}

fn listen(port: Option<u16>) -> Result<TcpListener, Failure> {
    let ports = port.map_or(PORT..=PORT + PORTS - 1, |port| port..=port);
    let mut last = String::new();
    for port in ports.clone() {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error.to_string(),
        }
    }
    let (from, to) = (ports.start(), ports.end());
    let which = if from == to { format!("port {from}") } else { format!("none of the ports {from} to {to}") };
    Err(Failure::Failed(format!("cannot listen on {which}: {last}")))
}

fn respond(request: Request, port: u16) {
    let host = request.headers().iter().find(|header| header.field.equiv("Host")).map(|h| h.value.as_str().to_owned());
    let asked = Asked {
        method: request.method(),
        url: request.url(),
        host: host.as_deref(),
        has_body: request.body_length().is_some_and(|length| length > 0)
            || request.headers().iter().any(|header| header.field.equiv("Transfer-Encoding")),
    };
    let answer = asked.answer(port);
    let length = answer.body.len();
    let mut response = Response::new(answer.status.into(), Vec::new(), Cursor::new(answer.body), Some(length), None);
    for (name, value) in HEADERS.iter().copied().chain([("Content-Type", answer.kind)]) {
        response.add_header(Header::from_bytes(name, value).expect("names and values are ours"));
    }
    if answer.status == 405 {
        response.add_header(Header::from_bytes("Allow", "GET, HEAD").expect("ours"));
    }
    // A reader that went away is no concern of ours.
    let _ = request.respond(response.with_chunked_threshold(usize::MAX));
}

const HEADERS: &[(&str, &str)] = &[
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    // The next version of the command serves other files under the same names.
    ("Cache-Control", "no-cache"),
];

/// What matters of a request.
struct Asked<'a> {
    method: &'a Method,
    url: &'a str,
    host: Option<&'a str>,
    has_body: bool,
}

struct Answer {
    status: u16,
    kind: &'static str,
    body: Cow<'static, [u8]>,
}

impl Asked<'_> {
    fn answer(&self, port: u16) -> Answer {
        let plain = |status, text: &'static str| Answer {
            status,
            kind: "text/plain; charset=utf-8",
            body: Cow::Borrowed(text.as_bytes()),
        };
        if !self.host.is_some_and(|host| is_this_machine(host, port)) {
            return plain(403, "This server answers to its own address only.\n");
        }
        if !matches!(self.method, Method::Get | Method::Head) {
            return plain(405, "Only GET and HEAD are answered.\n");
        }
        if self.has_body {
            return plain(413, "A request has no body here.\n");
        }
        if self.url.len() > URL_MAX {
            return plain(414, "The address is too long.\n");
        }
        match file(self.url) {
            Some((name, bytes)) => Answer { status: 200, kind: kind(name), body: Cow::Borrowed(bytes) },
            None => plain(404, "There is no such file.\n"),
        }
    }
}

/// Whether a `Host` names this server: a loopback name with its port.
fn is_this_machine(host: &str, port: u16) -> bool {
    let Some((name, number)) = host.rsplit_once(':') else { return false };
    let is_name = ["127.0.0.1", "[::1]"].contains(&name) || name.eq_ignore_ascii_case("localhost");
    is_name && number.parse() == Ok(port)
}

/// The embedded file behind an address: `www/` at the root, `pkg/` beside it, also under their own names as in a clone.
fn file(url: &str) -> Option<(&str, &'static [u8])> {
    let path = url.split(['?', '#']).next().unwrap_or_default().strip_prefix('/')?;
    let name = path.strip_prefix("www/").unwrap_or(path);
    let name = if name.is_empty() { "index.html" } else { name };
    let found = match path.strip_prefix("pkg/") {
        Some(name) => PKG.get_file(name),
        None => WWW.get_file(name),
    };
    Some((name, found?.contents()))
}

/// The type of a file by its name.
fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, end)| end) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: &Method, url: &str, host: Option<&str>, has_body: bool) -> u16 {
        Asked { method, url, host, has_body }.answer(4640).status
    }

    #[test]
    fn only_this_machines_names_with_the_port_are_answered() {
        for host in ["127.0.0.1:4640", "localhost:4640", "LocalHost:4640", "[::1]:4640"] {
            assert_ne!(status(&Method::Get, "/nothing", Some(host), false), 403, "{host}");
        }
        for host in ["evil.example:4640", "127.0.0.1", "127.0.0.1:80", "localhost.evil.example:4640", "", ":4640"] {
            assert_eq!(status(&Method::Get, "/", Some(host), false), 403, "{host}");
        }
        assert_eq!(status(&Method::Get, "/", None, false), 403);
    }

    #[test]
    fn other_methods_bodies_long_addresses_and_other_files_are_refused() {
        let host = Some("localhost:4640");
        assert_eq!(status(&Method::Post, "/", host, false), 405);
        assert_eq!(status(&Method::Get, "/", host, true), 413);
        assert_eq!(status(&Method::Get, &"/x".repeat(URL_MAX), host, false), 414);
        for url in
            ["/../Cargo.toml", "/pkg/../Cargo.toml", "//etc/passwd", "/%2e%2e/Cargo.toml", "no-slash", "/src/lib.rs"]
        {
            assert_eq!(status(&Method::Get, url, host, false), 404, "{url}");
        }
    }

    #[test]
    fn modules_and_webassembly_have_the_types_that_browsers_insist_on() {
        assert_eq!(kind("dandori_bg.wasm"), "application/wasm");
        assert_eq!(kind("main.js"), "text/javascript; charset=utf-8");
        assert_eq!(kind("index.html"), "text/html; charset=utf-8");
    }
}
