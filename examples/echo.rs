//! An echo server and its clients in one process: each client sends lines and waits for each to come back.
//!
//! `cargo run --release --example echo -- --policy global-queue --clients 50 --lines 100 --trace echo.jsonl`

#![expect(clippy::disallowed_methods, reason = "a program of the real world reads its clock")]

mod support;

use std::error::Error;
use std::io;
use std::time::{Duration, Instant};

use dandori::net::{TcpListener, TcpStream};
use dandori::task::spawn;
use dandori::time::timeout;
use futures::io::{AsyncReadExt, AsyncWriteExt};

/// A client that says nothing for so long is dropped.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends back whatever comes, until the other side is done.
async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let length = timeout(PATIENCE, stream.read(&mut buffer)).await.map_err(|_| io::ErrorKind::TimedOut)??;
        if length == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..length]).await?;
    }
}

async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, peer) = listener.accept().await?;
        stream.set_nodelay(true)?;
        drop(spawn(async move {
            if let Err(error) = echo(stream).await {
                eprintln!("{peer}: {error}");
            }
        }));
    }
}

/// The longest that a line took.
async fn client(address: std::net::SocketAddr, number: u64, lines: u64) -> io::Result<Duration> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut longest = Duration::ZERO;
    for line in 0..lines {
        let sent = format!("client {number}, line {line}\n");
        let start = Instant::now();
        stream.write_all(sent.as_bytes()).await?;
        let mut back = vec![0; sent.len()];
        stream.read_exact(&mut back).await?;
        assert_eq!(back, sent.as_bytes(), "the server sends back what it got");
        longest = longest.max(start.elapsed());
    }
    Ok(longest)
}

fn main() -> Result<(), Box<dyn Error>> {
    let flags = support::Flags::read(&["clients", "lines"])?;
    let (clients, lines) = (flags.number("clients", 50)?, flags.number("lines", 100)?);
    let runtime = flags.runtime()?;
    let start = Instant::now();
    let longest = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0".parse().expect("an address"))?;
        let address = listener.local_addr()?;
        let server = spawn(serve(listener));
        let clients: Vec<_> = (0..clients).map(|number| spawn(client(address, number, lines))).collect();
        let mut longest = Duration::ZERO;
        for client in clients {
            longest = longest.max(client.await.map_err(io::Error::other)??);
        }
        server.abort();
        io::Result::Ok(longest)
    })?;
    println!("{clients} clients, {lines} lines each: {:?}; the slowest line took {longest:?}", start.elapsed());
    flags.finish(&runtime, "echo")
}
