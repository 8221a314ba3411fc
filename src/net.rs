//! Sockets of a program's runtime: TCP and UDP on the driver that also looks after timers.

pub use crate::runtime::net::{OwnedReadHalf, OwnedWriteHalf, TcpListener, TcpStream, UdpSocket};
