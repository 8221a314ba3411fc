//! What tasks talk to each other with: tokio's channels and locks, which need no runtime, over which every operation
//! costs a unit of *this* runtime's budget. Without that a task whose channel is always ready would keep its worker.
//!
//! Errors, guards and permits are tokio's own types.

mod channels;
mod locks;

pub use channels::{broadcast, mpsc, oneshot, watch};
pub use locks::{
    AcquireError, AsyncMutex, AsyncMutexGuard, AsyncRwLock, Notify, OwnedMutexGuard, OwnedSemaphorePermit,
    RwLockReadGuard, RwLockWriteGuard, Semaphore, SemaphorePermit, TryAcquireError, TryLockError,
};

use std::future::Future;

pub use super::coop::Budgeted;

/// The operation, on the poll's budget.
fn budgeted<F: Future>(operation: F) -> Budgeted<F> {
    Budgeted::new(operation)
}
