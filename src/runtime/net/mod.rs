//! TCP and UDP, registered with the selector of the driver. Each operation that made progress costs a unit of the poll's
//! budget.

pub(super) mod source;
mod tcp;
mod udp;

pub use tcp::{OwnedReadHalf, OwnedWriteHalf, TcpListener, TcpStream};
pub use udp::UdpSocket;
