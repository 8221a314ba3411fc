//! Slots that others can take from: tokio 1.51.0 had them for a few weeks (tokio-rs/tokio#7431, taken back by #8065).

use crate::id::WorkerId;
use crate::sync::{Mutex, lock};

/// A slot for each worker; empty in all other eras, whose slot is the worker's own.
#[derive(Debug)]
pub(super) struct Slots<E>(Vec<Mutex<Option<E>>>);

impl<E> Slots<E> {
    pub(super) fn new(workers: u16) -> Slots<E> {
        Slots((0..workers).map(|_| Mutex::new(None)).collect())
    }

    /// Puts a task in the slot; what was in it comes back.
    pub(super) fn put(&self, worker: WorkerId, entry: E) -> Option<E> {
        lock(&self.0[worker.index()]).replace(entry)
    }

    /// Takes what is in the slot.
    pub(super) fn take(&self, worker: WorkerId) -> Option<E> {
        lock(self.0.get(worker.index())?).take()
    }

    /// Whether there is something in it.
    pub(super) fn is_full(&self, worker: WorkerId) -> bool {
        self.0.get(worker.index()).is_some_and(|slot| lock(slot).is_some())
    }
}
