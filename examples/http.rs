//! An HTTP server: hyper on this runtime, through an adapter of a page. Ends on ctrl-c, or after `--load SECONDS` of its own
//! load; connections under way are served to their end.
//!
//! `cargo run --release --example http -- --policy tokio --address 127.0.0.1:8080`
//! `cargo run --release --example http -- --policy global-queue --load 5 --trace http.jsonl`

#![expect(clippy::disallowed_methods, reason = "a program of the real world reads its clock")]

mod support;

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use dandori::net::{TcpListener, TcpStream};
use dandori::sync::{Notify, watch};
use dandori::task::spawn;
use dandori::time::timeout;
use futures::future::{Either, select};
use futures::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};

/// Connections that are still open so long after the end was asked for are dropped.
const DRAIN: Duration = Duration::from_secs(5);
/// Connections of the load.
const CLIENTS: u64 = 32;

/// A stream as hyper wants it.
struct Io<S>(S);

impl<S: AsyncRead + Unpin> hyper::rt::Read for Io<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut into: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        // hyper's buffer is not initialised; going through one that is costs a copy and needs no unsafe code.
        let mut buffer = [0; 8192];
        let most = into.remaining().min(buffer.len());
        let length = ready!(Pin::new(&mut self.0).poll_read(cx, &mut buffer[..most]))?;
        into.put_slice(&buffer[..length]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> hyper::rt::Write for Io<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(cx)
    }
}

async fn hello(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::new(Bytes::from(format!("hello from {}\n", request.uri().path())))))
}

/// Serves a connection; when the end is asked for, the request under way is its last.
async fn connection(stream: TcpStream, mut stop: watch::Receiver<bool>) -> Result<(), hyper::Error> {
    let connection = pin!(http1::Builder::new().serve_connection(Io(stream), service_fn(hello)));
    let stopped = pin!(stop.changed());
    match select(connection, stopped).await {
        Either::Left((result, _)) => result,
        Either::Right((_, mut connection)) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}

/// Accepts until the end is asked for, then waits for what is open. How many connections had to be dropped.
async fn serve(listener: TcpListener, end: Arc<Notify>) -> io::Result<usize> {
    let (stop, stopped) = watch::channel(false);
    let mut open = Vec::new();
    let mut ends = pin!(end.notified());
    loop {
        let accept = pin!(listener.accept());
        match select(accept, ends.as_mut()).await {
            Either::Left((accepted, _)) => {
                let (stream, peer) = accepted?;
                stream.set_nodelay(true)?;
                open.retain(|task: &dandori::task::JoinHandle<()>| !task.is_finished());
                let stopped = stopped.clone();
                open.push(spawn(async move {
                    if let Err(error) = connection(stream, stopped).await {
                        eprintln!("{peer}: {error}");
                    }
                }));
            }
            Either::Right(_) => break,
        }
    }
    stop.send_modify(|stop| *stop = true);
    let until = Instant::now() + DRAIN;
    let mut dropped = 0;
    for task in open {
        let left = until.saturating_duration_since(Instant::now());
        let abort = task.abort_handle();
        if timeout(left, task).await.is_err() {
            abort.abort();
            dropped += 1;
        }
    }
    Ok(dropped)
}

/// Asks again and again on one connection. How many answers came.
async fn client(address: SocketAddr, until: Instant) -> io::Result<u64> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut answers, mut buffer) = (0, [0; 1024]);
    while Instant::now() < until {
        stream.write_all(b"GET /load HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"hello from /load\n") {
            match stream.read(&mut buffer).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                length => answer.extend_from_slice(&buffer[..length]),
            }
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"), "the server answers: {}", String::from_utf8_lossy(&answer));
        answers += 1;
    }
    Ok(answers)
}

fn main() -> Result<(), Box<dyn Error>> {
    let flags = support::Flags::read(&["address", "load"])?;
    let load = flags.get("load").map(|_| flags.number("load", 0)).transpose()?;
    let address: SocketAddr = flags.get("address").unwrap_or("127.0.0.1:0").parse()?;
    let runtime = flags.runtime()?;
    let end = Arc::new(Notify::new());
    let on_signal = end.clone();
    // The handler runs on a thread of its own, which belongs to no runtime: a wake from outside.
    ctrlc::set_handler(move || on_signal.notify_one())?;
    let dropped = runtime.block_on(async {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        println!("http://{address}/");
        let on_end = end.clone();
        let server =
            spawn(async move { serve(listener, on_end).await.inspect_err(|error| eprintln!("the server: {error}")) });
        if let Some(seconds) = load {
            let (start, length) = (Instant::now(), Duration::from_secs(seconds));
            let clients: Vec<_> = (0..CLIENTS).map(|_| spawn(client(address, start + length))).collect();
            let mut answers = 0;
            for client in clients {
                answers += client.await.map_err(io::Error::other)??;
            }
            println!("{answers} answers, {:.0} per second", answers as f64 / start.elapsed().as_secs_f64());
            end.notify_one();
        }
        server.await.map_err(io::Error::other)?
    })?;
    println!("ended; connections that were dropped: {dropped}");
    flags.finish(&runtime, "http")
}
