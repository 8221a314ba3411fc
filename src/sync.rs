//! The one place that names atomics and locks, so that loom can stand in for all of them.
//!
//! Nothing outside `runtime` blocks on what is here: in the simulator every lock is free when it is taken.
//!
//! What tasks of a program talk to each other with stands here, too, where there are threads: channels (`mpsc`,
//! `oneshot`, `broadcast`, `watch`), locks that are held across an `.await` ([`AsyncMutex`], [`AsyncRwLock`]),
//! [`Semaphore`] and [`Notify`]. Each operation costs a unit of its task's budget.

/// The standard one also under loom: loom's cannot hold a trait object, and no protocol of ours rests on its counts.
pub use std::sync::{Arc, Weak};

#[cfg(not(target_arch = "wasm32"))]
pub use crate::runtime::sync::*;

#[cfg(not(loom))]
pub use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
#[cfg(not(loom))]
pub use std::sync::{Condvar, Mutex, MutexGuard};

#[cfg(loom)]
pub use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
#[cfg(loom)]
pub use loom::sync::{Condvar, Mutex, MutexGuard};

/// Something on cache lines of its own, because others write beside it all the time. 128 bytes: two lines, since CPUs
/// fetch them in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Apart<T>(pub T);

/// Waits on a condition variable at most so long. Whether the time was over. loom knows no time: there a wait without
/// any length ends by itself at any moment, and every other one only when it is notified.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn nap<'a, T>(
    condvar: &Condvar,
    mutex: &'a Mutex<T>,
    guard: MutexGuard<'a, T>,
    length: std::time::Duration,
) -> (MutexGuard<'a, T>, bool) {
    #[cfg(loom)]
    if length.is_zero() {
        drop(guard);
        loom::thread::yield_now();
        return (lock(mutex), true);
    }
    let _ = mutex;
    let (guard, waited) = condvar.wait_timeout(guard, length).unwrap_or_else(|poisoned| poisoned.into_inner());
    (guard, waited.timed_out())
}

/// Locks, and goes on after a panic elsewhere: what our locks protect is consistent at every point where user code,
/// the only thing that may panic, runs (no user code runs under a lock).
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
