//! Workers that no thread holds.

use crate::id::WorkerId;
use crate::policy::{Control, Entry, Worker};
use crate::sync::{Mutex, lock};
use crate::trace::Release;

/// A place for each worker, filled while no thread holds it.
pub struct Bench<E: Entry>(Mutex<Vec<Option<Box<dyn Worker<E>>>>>);

impl<E: Entry> Bench<E> {
    /// All workers, in order of their numbers.
    pub fn new(workers: impl Iterator<Item = Box<dyn Worker<E>>>) -> Bench<E> {
        Bench(Mutex::new(workers.map(Some).collect()))
    }

    /// Takes the worker `had`, or the first there is.
    pub fn claim(&self, had: Option<WorkerId>) -> Option<Box<dyn Worker<E>>> {
        let mut places = lock(&self.0);
        match had {
            Some(worker) => places[worker.index()].take(),
            None => places.iter_mut().find_map(Option::take),
        }
    }

    /// Puts a worker back.
    ///
    /// # Panics
    /// If it is there already: a worker is a value, and there is one of each.
    pub fn put(&self, worker: Box<dyn Worker<E>>) {
        let id = worker.id();
        let before = lock(&self.0)[id.index()].replace(worker);
        assert!(before.is_none(), "worker {id} is there twice");
    }

    /// Puts a worker back as most policies do. After `block_in_place` it needs another thread: whoever comes first gets it, that thread or
    /// the one that left it and is back already.
    pub fn release(&self, mut worker: Box<dyn Worker<E>>, why: Release, ctl: &mut Control<'_, E>) {
        let id = worker.id();
        worker.leaving(why, ctl);
        self.put(worker);
        if why == Release::BlockInPlace {
            ctl.world().start(id);
        }
    }

    /// What the workers on the bench hold, at the end.
    pub fn drain(&self, into: &mut Vec<E>) {
        for worker in lock(&self.0).iter_mut().flatten() {
            into.append(&mut worker.drain());
        }
    }
}
