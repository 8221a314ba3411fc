//! UDP.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use super::source::{Registered, Way};

/// A socket that sends and receives datagrams. All methods take a reference: several tasks may use it.
///
/// ```
/// use dandori::net::UdpSocket;
/// # dandori::runtime::Runtime::new().unwrap().block_on(async {
/// let one = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
/// let two = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
/// one.send_to(b"hello", two.local_addr().unwrap()).await.unwrap();
/// let mut buffer = [0; 16];
/// let (length, from) = two.recv_from(&mut buffer).await.unwrap();
/// assert_eq!((&buffer[..length], from), (&b"hello"[..], one.local_addr().unwrap()));
/// # });
/// ```
pub struct UdpSocket {
    socket: Registered<mio::net::UdpSocket>,
}

impl UdpSocket {
    /// Receives at this address; port 0: any that is free.
    ///
    /// # Errors
    /// If the system refuses it.
    ///
    /// # Panics
    /// Where there is no runtime; see [`Handle::current`](crate::runtime::Handle::current).
    #[track_caller]
    pub fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
        Ok(UdpSocket { socket: Registered::new(mio::net::UdpSocket::bind(address)?)? })
    }

    /// Sends to, and receives from, this address only.
    ///
    /// # Errors
    /// Those of the system.
    pub fn connect(&self, address: SocketAddr) -> io::Result<()> {
        self.socket.io().connect(address)
    }

    /// Sends a datagram; how many bytes went.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn send_to(&self, datagram: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.socket.run(Way::Write, |socket| socket.send_to(datagram, to)).await
    }

    /// Receives a datagram; how many bytes, and from where. What does not fit in the buffer is lost. No datagram is lost
    /// if the wait is dropped.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.socket.run(Way::Read, |socket| socket.recv_from(buffer)).await
    }

    /// Sends a datagram to the address it is connected to.
    ///
    /// # Errors
    /// If it is not connected, or the system refuses.
    pub async fn send(&self, datagram: &[u8]) -> io::Result<usize> {
        self.socket.run(Way::Write, |socket| socket.send(datagram)).await
    }

    /// Receives a datagram from the address it is connected to.
    ///
    /// # Errors
    /// If it is not connected, or the system refuses.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.run(Way::Read, |socket| socket.recv(buffer)).await
    }

    /// The own address.
    ///
    /// # Errors
    /// Those of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.io().local_addr()
    }
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.io().fmt(f)
    }
}
