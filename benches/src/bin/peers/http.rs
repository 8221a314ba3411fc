//! hyper's hello world, on this runtime and on tokio's, through adapters of the same kind.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::io::{AsyncRead, AsyncWrite};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::rt::ReadBufCursor;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};

/// The body of every answer.
pub const HELLO: &str = "hello world\n";

async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::new(Bytes::from_static(HELLO.as_bytes()))))
}

/// Both sides copy through a buffer: hyper's own is not initialised, and filling it needs unsafe code.
struct Io<S>(S);

/// What both kinds of streams can do.
trait Stream: Unpin {
    fn read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>>;
    fn write(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>>;
    fn flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
    fn close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

impl Stream for dandori::net::TcpStream {
    fn read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(self).poll_read(cx, into)
    }
    fn write(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(self).poll_write(cx, data)
    }
    fn flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self).poll_flush(cx)
    }
    fn close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self).poll_close(cx)
    }
}

impl Stream for tokio::net::TcpStream {
    fn read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = tokio::io::ReadBuf::new(into);
        ready!(tokio::io::AsyncRead::poll_read(Pin::new(self), cx, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }
    fn write(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        tokio::io::AsyncWrite::poll_write(Pin::new(self), cx, data)
    }
    fn flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        tokio::io::AsyncWrite::poll_flush(Pin::new(self), cx)
    }
    fn close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        tokio::io::AsyncWrite::poll_shutdown(Pin::new(self), cx)
    }
}

impl<S: Stream> hyper::rt::Read for Io<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, mut into: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let mut buffer = [0; 8192];
        let most = into.remaining().min(buffer.len());
        let length = ready!(self.0.read(cx, &mut buffer[..most]))?;
        into.put_slice(&buffer[..length]);
        Poll::Ready(Ok(()))
    }
}

impl<S: Stream> hyper::rt::Write for Io<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.0.write(cx, data)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.close(cx)
    }
}

async fn serve<S: Stream>(stream: S) {
    // It ends with an error when the client is gone.
    let _ = http1::Builder::new().serve_connection(Io(stream), service_fn(hello)).await;
}

const ANY: &str = "127.0.0.1:0";

/// A server on our runtime, for as long as the process lives.
pub fn ours(runtime: &'static dandori::runtime::Runtime) -> SocketAddr {
    let _entered = runtime.enter();
    let listener = dandori::net::TcpListener::bind(ANY.parse().expect("an address")).expect("a socket");
    let address = listener.local_addr().expect("a socket");
    drop(runtime.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            stream.set_nodelay(true).expect("a socket");
            drop(dandori::task::spawn(serve(stream)));
        }
    }));
    address
}

/// A server on tokio's.
pub fn tokios(runtime: &'static tokio::runtime::Runtime) -> SocketAddr {
    let listener = runtime.block_on(tokio::net::TcpListener::bind(ANY)).expect("a socket");
    let address = listener.local_addr().expect("a socket");
    drop(runtime.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            stream.set_nodelay(true).expect("a socket");
            drop(tokio::spawn(serve(stream)));
        }
    }));
    address
}
