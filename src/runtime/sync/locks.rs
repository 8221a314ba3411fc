//! Locks that are held across an `.await`, permits, and a signal.
//!
//! [`AsyncMutex`] is tokio's `Mutex` under a name of its own, since `crate::sync::Mutex` is the standard library's, which
//! is the right one for whatever is not held across an `.await`.

use tokio::sync;

use super::budgeted;
use crate::runtime::coop::Budgeted;
use crate::sync::Arc;

pub use sync::{
    AcquireError, MutexGuard as AsyncMutexGuard, OwnedMutexGuard, OwnedSemaphorePermit, RwLockReadGuard,
    RwLockWriteGuard, SemaphorePermit, TryAcquireError, TryLockError,
};

/// A lock that may be held across an `.await`; first come, first served.
///
/// ```
/// use std::sync::Arc;
/// # dandori::runtime::Runtime::new().unwrap().block_on(async {
/// let counter = Arc::new(dandori::sync::AsyncMutex::new(0));
/// let tasks: Vec<_> = (0..10)
///     .map(|_| {
///         let counter = counter.clone();
///         dandori::task::spawn(async move {
///             let mut counter = counter.lock().await;
///             let before = *counter;
///             dandori::task::yield_now().await;
///             *counter = before + 1;
///         })
///     })
///     .collect();
/// for task in tasks {
///     task.await.unwrap();
/// }
/// assert_eq!(*counter.lock().await, 10);
/// # });
/// ```
#[derive(Debug, Default)]
pub struct AsyncMutex<T>(Arc<sync::Mutex<T>>);

impl<T> AsyncMutex<T> {
    /// An open lock.
    #[must_use]
    pub fn new(value: T) -> AsyncMutex<T> {
        AsyncMutex(Arc::new(sync::Mutex::new(value)))
    }

    /// Waits for the lock.
    pub async fn lock(&self) -> AsyncMutexGuard<'_, T> {
        budgeted(self.0.lock()).await
    }

    /// Waits for the lock; the guard may outlive the reference to it.
    pub async fn lock_owned(&self) -> OwnedMutexGuard<T> {
        budgeted(self.0.clone().lock_owned()).await
    }

    /// The lock, if it is open.
    ///
    /// # Errors
    /// If it is not.
    pub fn try_lock(&self) -> Result<AsyncMutexGuard<'_, T>, TryLockError> {
        self.0.try_lock()
    }

    /// The value; nobody else can have the lock.
    ///
    /// # Errors
    /// The lock itself, if a guard from [`AsyncMutex::lock_owned`] is still there.
    pub fn try_into_inner(self) -> Result<T, AsyncMutex<T>> {
        Arc::try_unwrap(self.0).map(sync::Mutex::into_inner).map_err(AsyncMutex)
    }
}

/// A lock for many readers or one writer that may be held across an `.await`; first come, first served.
#[derive(Debug, Default)]
pub struct AsyncRwLock<T>(sync::RwLock<T>);

impl<T> AsyncRwLock<T> {
    /// An open lock.
    #[must_use]
    pub fn new(value: T) -> AsyncRwLock<T> {
        AsyncRwLock(sync::RwLock::new(value))
    }

    /// Waits until nobody writes.
    pub async fn read(&self) -> RwLockReadGuard<'_, T> {
        budgeted(self.0.read()).await
    }

    /// Waits until nobody reads or writes.
    pub async fn write(&self) -> RwLockWriteGuard<'_, T> {
        budgeted(self.0.write()).await
    }

    /// Reads, if nobody writes or waits to.
    ///
    /// # Errors
    /// If somebody does.
    pub fn try_read(&self) -> Result<RwLockReadGuard<'_, T>, TryLockError> {
        self.0.try_read()
    }

    /// Writes, if nobody reads or writes.
    ///
    /// # Errors
    /// If somebody does.
    pub fn try_write(&self) -> Result<RwLockWriteGuard<'_, T>, TryLockError> {
        self.0.try_write()
    }

    /// The value; nobody else can have the lock.
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

/// A number of permits that tasks take and give back; first come, first served.
///
/// ```
/// # dandori::runtime::Runtime::new().unwrap().block_on(async {
/// let semaphore = dandori::sync::Semaphore::new(1);
/// let permit = semaphore.acquire().await.unwrap();
/// assert!(semaphore.try_acquire().is_err());
/// drop(permit);
/// assert_eq!(semaphore.available_permits(), 1);
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct Semaphore(Arc<sync::Semaphore>);

impl Semaphore {
    /// So many permits.
    #[must_use]
    pub fn new(permits: usize) -> Semaphore {
        Semaphore(Arc::new(sync::Semaphore::new(permits)))
    }

    /// Waits for a permit, which goes back when it is dropped.
    ///
    /// # Errors
    /// If the semaphore is closed.
    pub async fn acquire(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        budgeted(self.0.acquire()).await
    }

    /// Waits for so many permits at once.
    ///
    /// # Errors
    /// If the semaphore is closed.
    pub async fn acquire_many(&self, permits: u32) -> Result<SemaphorePermit<'_>, AcquireError> {
        budgeted(self.0.acquire_many(permits)).await
    }

    /// Waits for a permit that may outlive the reference to the semaphore.
    ///
    /// # Errors
    /// If the semaphore is closed.
    pub async fn acquire_owned(&self) -> Result<OwnedSemaphorePermit, AcquireError> {
        budgeted(self.0.clone().acquire_owned()).await
    }

    /// A permit, if there is one.
    ///
    /// # Errors
    /// If there is none, or the semaphore is closed.
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.0.try_acquire()
    }

    /// Permits that nobody has.
    #[must_use]
    pub fn available_permits(&self) -> usize {
        self.0.available_permits()
    }

    /// Adds permits.
    pub fn add_permits(&self, permits: usize) {
        self.0.add_permits(permits);
    }

    /// Nobody gets a permit any more; who waits gets an error.
    pub fn close(&self) {
        self.0.close();
    }
}

/// A signal without a value.
///
/// ```
/// use std::sync::Arc;
/// # dandori::runtime::Runtime::new().unwrap().block_on(async {
/// let signal = Arc::new(dandori::sync::Notify::new());
/// let waits = signal.clone();
/// let task = dandori::task::spawn(async move { waits.notified().await });
/// signal.notify_one();
/// task.await.unwrap();
/// # });
/// ```
#[derive(Debug, Default)]
pub struct Notify(sync::Notify);

impl Notify {
    /// A signal that was not given yet.
    #[must_use]
    pub fn new() -> Notify {
        Notify::default()
    }

    /// Waits for the signal. One that was given by [`Notify::notify_one`] before, and that nobody took, is taken at once.
    pub fn notified(&self) -> Budgeted<sync::futures::Notified<'_>> {
        budgeted(self.0.notified())
    }

    /// Wakes the one that waits longest, or leaves the signal for the next.
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Wakes all that wait now.
    pub fn notify_waiters(&self) {
        self.0.notify_waiters();
    }
}
