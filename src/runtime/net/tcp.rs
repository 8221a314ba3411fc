//! TCP.

use std::fmt;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::io::{AsyncRead, AsyncWrite};

use super::source::{Registered, Way};
use crate::sync::Arc;

/// A socket that takes connections.
///
/// ```
/// use dandori::net::{TcpListener, TcpStream};
/// use futures::io::{AsyncReadExt, AsyncWriteExt};
/// # dandori::runtime::Runtime::new().unwrap().block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
/// let address = listener.local_addr().unwrap();
/// let server = dandori::task::spawn(async move {
///     let (mut stream, _) = listener.accept().await.unwrap();
///     let mut word = [0; 5];
///     stream.read_exact(&mut word).await.unwrap();
///     stream.write_all(&word).await.unwrap();
/// });
/// let mut stream = TcpStream::connect(address).await.unwrap();
/// stream.write_all(b"hello").await.unwrap();
/// let mut word = [0; 5];
/// stream.read_exact(&mut word).await.unwrap();
/// assert_eq!(&word, b"hello");
/// server.await.unwrap();
/// # });
/// ```
pub struct TcpListener {
    socket: Registered<mio::net::TcpListener>,
}

impl TcpListener {
    /// Listens at this address; port 0: any that is free.
    ///
    /// # Errors
    /// If the system refuses it.
    ///
    /// # Panics
    /// Where there is no runtime; see [`Handle::current`](crate::runtime::Handle::current).
    #[track_caller]
    pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
        Ok(TcpListener { socket: Registered::new(mio::net::TcpListener::bind(address)?)? })
    }

    /// Waits for the next connection, and says from where it comes. None is lost if the wait is dropped.
    ///
    /// # Errors
    /// Those of the system; with too many open files the next connection may succeed again.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = self.socket.run(Way::Read, mio::net::TcpListener::accept).await?;
        Ok((TcpStream { socket: Registered::new(stream)? }, peer))
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Those of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.io().local_addr()
    }
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.io().fmt(f)
    }
}

/// A connection. It implements the traits of `futures` for reading and writing, and so does a reference to it: one task
/// may read while another writes.
pub struct TcpStream {
    socket: Registered<mio::net::TcpStream>,
}

impl TcpStream {
    /// Connects. Names are not looked up here, because that blocks: `spawn_blocking` is the place for
    /// `std::net::ToSocketAddrs`.
    ///
    /// # Errors
    /// If nobody listens there, or the system refuses.
    ///
    /// # Panics
    /// Where there is no runtime; see [`Handle::current`](crate::runtime::Handle::current).
    pub async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
        let socket = Registered::new(mio::net::TcpStream::connect(address)?)?;
        // It is connected, or has failed, when it can be written for the first time.
        let is_connected = |stream: &mio::net::TcpStream| match (stream.take_error()?, stream.peer_addr()) {
            (Some(error), _) => Err(error),
            (None, Err(error)) if error.kind() == io::ErrorKind::NotConnected => Err(io::ErrorKind::WouldBlock.into()),
            (None, peer) => peer.map(drop),
        };
        socket.run(Way::Write, is_connected).await?;
        Ok(TcpStream { socket })
    }

    /// Two halves for two tasks.
    #[must_use]
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        let stream = Arc::new(self);
        (OwnedReadHalf(stream.clone()), OwnedWriteHalf(stream))
    }

    /// The own address.
    ///
    /// # Errors
    /// Those of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.io().local_addr()
    }

    /// The other side's address.
    ///
    /// # Errors
    /// If it is not connected any more.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.io().peer_addr()
    }

    /// Whether small pieces are sent at once (Nagle's algorithm is off).
    ///
    /// # Errors
    /// Those of the system.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.socket.io().nodelay()
    }

    /// Sends small pieces at once, or not.
    ///
    /// # Errors
    /// Those of the system.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.socket.io().set_nodelay(nodelay)
    }
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.io().fmt(f)
    }
}

impl AsyncRead for &TcpStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.socket.poll_bytes(Way::Read, cx, buffer.len(), |mut stream| stream.read(buffer))
    }
}

impl AsyncWrite for &TcpStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        self.socket.poll_bytes(Way::Write, cx, buffer.len(), |mut stream| stream.write(buffer))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.socket.poll(Way::Write, cx, |mut stream| stream.write_vectored(buffers))
    }

    /// The system sends by itself.
    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Nothing more is sent; reading goes on.
    fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.socket.io().shutdown(Shutdown::Write) {
            // The other side was faster.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Poll::Ready(Ok(())),
            result => Poll::Ready(result),
        }
    }
}

/// Passes the traits on to a reference to the stream.
macro_rules! by_reference {
    (read $type:ty, $stream:expr) => {
        impl AsyncRead for $type {
            fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
                let stream: fn(&$type) -> &TcpStream = $stream;
                Pin::new(&mut stream(&self)).poll_read(cx, buffer)
            }
        }
    };
    (write $type:ty, $stream:expr) => {
        impl AsyncWrite for $type {
            fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
                let stream: fn(&$type) -> &TcpStream = $stream;
                Pin::new(&mut stream(&self)).poll_write(cx, buffer)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffers: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                let stream: fn(&$type) -> &TcpStream = $stream;
                Pin::new(&mut stream(&self)).poll_write_vectored(cx, buffers)
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                let stream: fn(&$type) -> &TcpStream = $stream;
                Pin::new(&mut stream(&self)).poll_flush(cx)
            }

            fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                let stream: fn(&$type) -> &TcpStream = $stream;
                Pin::new(&mut stream(&self)).poll_close(cx)
            }
        }
    };
}

by_reference!(read TcpStream, |stream| stream);
by_reference!(write TcpStream, |stream| stream);
by_reference!(read OwnedReadHalf, |half| &half.0);
by_reference!(write OwnedWriteHalf, |half| &half.0);

/// The half of a connection that reads. See [`TcpStream::into_split`].
#[derive(Debug)]
pub struct OwnedReadHalf(Arc<TcpStream>);

/// The half of a connection that writes. Dropping it says to the other side that nothing more comes.
#[derive(Debug)]
pub struct OwnedWriteHalf(Arc<TcpStream>);

impl Drop for OwnedWriteHalf {
    fn drop(&mut self) {
        // It fails if the connection is gone already.
        let _ = self.0.socket.io().shutdown(Shutdown::Write);
    }
}
