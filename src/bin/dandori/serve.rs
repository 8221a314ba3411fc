//! `dandori serve`: the page and its package, embedded in the command, on this machine only.
//!
//! It listens on the loopback address and answers requests that name it: a page of another origin that had its name
//! resolved to this address (DNS rebinding) sends that name as `Host` and is refused. Only the files that were embedded
//! are served; a path is looked up, never opened.
//!
//! One request a connection, and everything about it is bounded: its head in bytes, its fields in number, its time, and
//! how many there are at once. Browsers open connections in bursts and hold some of them without a word; a server that
//! keeps a small pool of threads for its connections stands still then, which is why each has a thread of its own.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use include_dir::{Dir, include_dir};

use crate::{Failure, output};

/// The page.
pub static WWW: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/www");
/// Its package.
pub static PKG: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/pkg");

/// The first port that is tried.
const PORT: u16 = 4640;
/// How many ports are tried, one after the other.
const PORTS: u16 = 20;
/// Longest address of a request, in bytes. The page keeps its state behind `#`, which is not sent.
const URL_MAX: usize = 2_048;
/// Longest head of a request, in bytes.
const HEAD_MAX: usize = 16 * 1024;
/// Most fields in a head.
const FIELDS_MAX: usize = 64;
/// Connections at once; further ones are closed unanswered. Several times what a browser opens.
const AT_ONCE: usize = 128;
/// How long a connection may take to send its head, and to take the answer.
const PATIENCE: Duration = Duration::from_secs(10);

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
    let address = listener.local_addr().map_err(|error| Failure::Failed(error.to_string()))?;
    let port = address.port();
    let is_over = Arc::new(AtomicBool::new(false));
    let over = is_over.clone();
    ctrlc::set_handler(move || {
        over.store(true, Ordering::SeqCst);
        // Wakes the loop below, which waits for a connection.
        let _ = TcpStream::connect(address);
    })
    .map_err(|error| Failure::Failed(format!("cannot watch for Ctrl-C: {error}")))?;
    output::line(&format!("Dandori is at http://127.0.0.1:{port}/ (Ctrl-C ends it)"))?;
    let under_way = Arc::new(AtomicUsize::new(0));
    while !is_over.load(Ordering::SeqCst) {
        let Ok((stream, _)) = listener.accept() else {
            // Out of descriptors, or the client is gone already: neither is worth ending for.
            thread::sleep(Duration::from_millis(10));
            continue;
        };
        if under_way.load(Ordering::SeqCst) >= AT_ONCE {
            continue;
        }
        under_way.fetch_add(1, Ordering::SeqCst);
        let guard = Guard(under_way.clone());
        // Without a thread the connection is closed unanswered, and the guard goes with it.
        let _ = thread::Builder::new().name("request".to_owned()).spawn(move || {
            let _guard = guard;
            // A client that goes away, or is too slow, is no concern of ours.
            let _ = respond(stream, port);
        });
    }
    Ok(())
}

/// Counts a connection as long as it lasts.
struct Guard(Arc<AtomicUsize>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
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

/// Reads one request, answers it and closes.
fn respond(mut stream: TcpStream, port: u16) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let head = read_head(&mut stream)?;
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut request = httparse::Request::new(&mut fields);
    let answer = match request.parse(&head) {
        Ok(httparse::Status::Complete(_)) => Asked::of(&request).answer(port),
        Ok(httparse::Status::Partial) | Err(_) => plain(400, "This is not a request, or its head is too long.\n"),
    };
    let mut text = format!("HTTP/1.1 {} {}\r\n", answer.status, reason(answer.status));
    let length = answer.body.len().to_string();
    let own = [("Content-Type", answer.kind), ("Content-Length", length.as_str()), ("Connection", "close")];
    let sharing = if answer.is_shared() { SHARED } else { KEPT };
    for (name, value) in own.iter().chain(HEADERS).chain(sharing) {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if answer.status == 405 {
        text.push_str("Allow: GET, HEAD\r\n");
    }
    text.push_str("\r\n");
    stream.write_all(text.as_bytes())?;
    if request.method != Some("HEAD") {
        stream.write_all(answer.body)?;
    }
    stream.shutdown(Shutdown::Write)?;
    // What is still to be read would turn the close into a reset, which may take the answer with it.
    stream.set_read_timeout(Some(Duration::from_millis(200)))?;
    io::copy(&mut stream.take(HEAD_MAX as u64), &mut io::sink())?;
    Ok(())
}

/// The head of a request with its empty line, or as much of it as is allowed.
fn read_head(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let until = Instant::now() + PATIENCE;
    let mut head = Vec::new();
    let mut piece = [0; 2_048];
    while head.len() < HEAD_MAX && !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut piece)? {
            0 => break,
            n => head.extend_from_slice(&piece[..n]),
        }
    }
    Ok(head)
}

/// The words that go with a status.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        other => panic!("no answer has status {other}"),
    }
}

const HEADERS: &[(&str, &str)] = &[
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    // The next version of the command serves other files under the same names.
    ("Cache-Control", "no-cache"),
];

/// What a figure in an article is made of may be used from everywhere: the article has another origin, in a sandboxed
/// frame even none. All of it is public, and the same for everybody.
const SHARED: &[(&str, &str)] =
    &[("Cross-Origin-Resource-Policy", "cross-origin"), ("Access-Control-Allow-Origin", "*")];
/// The page itself is nobody else's.
const KEPT: &[(&str, &str)] = &[("Cross-Origin-Resource-Policy", "same-origin")];

/// What matters of a request.
struct Asked<'a> {
    method: &'a str,
    url: &'a str,
    host: Option<&'a str>,
    has_body: bool,
}

struct Answer {
    status: u16,
    kind: &'static str,
    body: &'static [u8],
}

impl Answer {
    /// Whether it is a file that figures in articles of other origins load: scripts, style sheets, the module, pictures.
    fn is_shared(&self) -> bool {
        let kind = self.kind.split(';').next().unwrap_or_default();
        self.status == 200 && ["text/javascript", "text/css", "application/wasm", "image/svg+xml"].contains(&kind)
    }
}

fn plain(status: u16, text: &'static str) -> Answer {
    Answer { status, kind: "text/plain; charset=utf-8", body: text.as_bytes() }
}

impl<'a> Asked<'a> {
    fn of(request: &httparse::Request<'_, 'a>) -> Asked<'a> {
        let field = |name: &str| {
            request.headers.iter().filter(|field| field.name.eq_ignore_ascii_case(name)).collect::<Vec<_>>()
        };
        // Two hosts are as good as none.
        let host = match field("Host")[..] {
            [one] => std::str::from_utf8(one.value).ok(),
            _ => None,
        };
        let has_body =
            field("Content-Length").iter().any(|field| field.value != b"0") || !field("Transfer-Encoding").is_empty();
        Asked { method: request.method.unwrap_or_default(), url: request.path.unwrap_or_default(), host, has_body }
    }

    fn answer(&self, port: u16) -> Answer {
        if !self.host.is_some_and(|host| is_this_machine(host, port)) {
            return plain(403, "This server answers to its own address only.\n");
        }
        if !["GET", "HEAD"].contains(&self.method) {
            return plain(405, "Only GET and HEAD are answered.\n");
        }
        if self.has_body {
            return plain(413, "A request has no body here.\n");
        }
        if self.url.len() > URL_MAX {
            return plain(414, "The address is too long.\n");
        }
        match file(self.url) {
            Some((name, bytes)) => Answer { status: 200, kind: kind(name), body: bytes },
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

    fn status(method: &str, url: &str, host: Option<&str>, has_body: bool) -> u16 {
        Asked { method, url, host, has_body }.answer(4640).status
    }

    #[test]
    fn only_this_machines_names_with_the_port_are_answered() {
        for host in ["127.0.0.1:4640", "localhost:4640", "LocalHost:4640", "[::1]:4640"] {
            assert_ne!(status("GET", "/nothing", Some(host), false), 403, "{host}");
        }
        for host in ["evil.example:4640", "127.0.0.1", "127.0.0.1:80", "localhost.evil.example:4640", "", ":4640"] {
            assert_eq!(status("GET", "/", Some(host), false), 403, "{host}");
        }
        assert_eq!(status("GET", "/", None, false), 403);
    }

    #[test]
    fn other_methods_bodies_long_addresses_and_other_files_are_refused() {
        let host = Some("localhost:4640");
        assert_eq!(status("POST", "/", host, false), 405);
        assert_eq!(status("GET", "/", host, true), 413);
        assert_eq!(status("GET", &"/x".repeat(URL_MAX), host, false), 414);
        for url in
            ["/../Cargo.toml", "/pkg/../Cargo.toml", "//etc/passwd", "/%2e%2e/Cargo.toml", "no-slash", "/src/lib.rs"]
        {
            assert_eq!(status("GET", url, host, false), 404, "{url}");
        }
    }

    #[test]
    fn what_a_figure_loads_may_be_used_from_other_origins_and_the_page_may_not() {
        let is_shared =
            |url| Asked { method: "GET", url, host: Some("localhost:4640"), has_body: false }.answer(4640).is_shared();
        for url in [
            "/dandori-sim.js",
            "/embed.js",
            "/style.css",
            "/dandori-sim.css",
            "/pkg/dandori.js",
            "/pkg/dandori_bg.wasm",
        ] {
            assert!(is_shared(url), "{url}");
        }
        for url in ["/", "/index.html", "/embed-example.html", "/pkg/package.json", "/nothing.js"] {
            assert!(!is_shared(url), "{url}");
        }
    }

    #[test]
    fn modules_and_webassembly_have_the_types_that_browsers_insist_on() {
        assert_eq!(kind("dandori_bg.wasm"), "application/wasm");
        assert_eq!(kind("main.js"), "text/javascript; charset=utf-8");
        assert_eq!(kind("index.html"), "text/html; charset=utf-8");
    }
}
