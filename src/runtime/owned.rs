//! A list of tasks that exist, so that the end of the runtime finds the ones that nobody will wake, and an abort the one
//! that it means.

use std::task::Waker;

use crate::id::TaskId;
use crate::sync::{Mutex, lock};

/// Tasks by key. Keys are used again; with the task's number beside it a key means one task for ever.
#[derive(Default)]
pub(super) struct Owned(Mutex<List>);

#[derive(Default)]
struct List {
    places: Vec<Place>,
    /// The first free place; the length of `places`: there is none.
    free: u32,
    taken: u32,
    is_closed: bool,
}

enum Place {
    Free { next: u32 },
    Taken { waker: Waker, task: TaskId, is_aborted: bool },
}

impl Owned {
    /// Enters a task that `make` builds, with its key. `None`: the list is closed, `make` was not called.
    pub(super) fn enter<T>(&self, task: TaskId, make: impl FnOnce(u32) -> (Waker, T)) -> Option<T> {
        let mut list = lock(&self.0);
        if list.is_closed {
            return None;
        }
        let key = list.free;
        let (waker, made) = make(key);
        let taken = Place::Taken { waker, task, is_aborted: false };
        match list.places.get_mut(key as usize) {
            Some(place) => {
                let Place::Free { next } = std::mem::replace(place, taken) else {
                    panic!("place {key} of a list of tasks is taken and free")
                };
                list.free = next;
            }
            None => {
                list.places.push(taken);
                list.free = u32::try_from(list.places.len()).expect("a list has fewer tasks than there are names");
            }
        }
        list.taken += 1;
        Some(made)
    }

    /// The task has ended. Whether it was aborted. Its waker is dropped outside of the lock.
    pub(super) fn leave(&self, key: u32) -> bool {
        let mut list = lock(&self.0);
        let next = list.free;
        // A list that is closed was emptied.
        let Some(place) = list.places.get_mut(key as usize) else { return false };
        let before = std::mem::replace(place, Place::Free { next });
        list.free = key;
        list.taken -= 1;
        drop(list);
        matches!(before, Place::Taken { is_aborted: true, .. })
    }

    /// Marks the task for its end and gives what wakes it; `None`: it is over, or marked already.
    pub(super) fn abort(&self, key: u32, wanted: TaskId) -> Option<Waker> {
        let mut list = lock(&self.0);
        match list.places.get_mut(key as usize) {
            Some(Place::Taken { waker, task, is_aborted }) if *task == wanted && !*is_aborted => {
                *is_aborted = true;
                Some(waker.clone())
            }
            _ => None,
        }
    }

    /// Whether the task is marked for its end.
    pub(super) fn is_aborted(&self, key: u32) -> bool {
        matches!(lock(&self.0).places.get(key as usize), Some(Place::Taken { is_aborted: true, .. }))
    }

    /// Whether this task is still there.
    pub(super) fn has(&self, key: u32, wanted: TaskId) -> bool {
        matches!(lock(&self.0).places.get(key as usize), Some(Place::Taken { task, .. }) if *task == wanted)
    }

    /// How many tasks are in the list.
    pub(super) fn len(&self) -> usize {
        lock(&self.0).taken as usize
    }

    /// Takes no more tasks. Returns those in the list.
    pub(super) fn close(&self) -> impl Iterator<Item = Waker> + use<> {
        let mut list = lock(&self.0);
        list.is_closed = true;
        list.taken = 0;
        let places = std::mem::take(&mut list.places);
        drop(list);
        places.into_iter().filter_map(|place| match place {
            Place::Taken { waker, .. } => Some(waker),
            Place::Free { .. } => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(owned: &Owned, task: u32) -> Option<u32> {
        owned.enter(TaskId(task), |key| (Waker::noop().clone(), key))
    }

    #[test]
    fn places_are_used_again_and_a_closed_list_takes_nobody() {
        let owned = Owned::default();
        assert_eq!((enter(&owned, 0), enter(&owned, 1), enter(&owned, 2)), (Some(0), Some(1), Some(2)));
        owned.leave(0);
        owned.leave(2);
        assert_eq!(owned.len(), 1);
        assert_eq!((enter(&owned, 3), enter(&owned, 4), enter(&owned, 5)), (Some(2), Some(0), Some(3)));
        owned.leave(1);
        assert_eq!(owned.close().count(), 3);
        assert_eq!(enter(&owned, 6), None);
        assert!(!owned.leave(3));
    }

    #[test]
    fn an_abort_means_one_task_though_its_place_is_used_again() {
        let owned = Owned::default();
        enter(&owned, 7);
        owned.leave(0);
        enter(&owned, 8);
        assert!(owned.abort(0, TaskId(7)).is_none(), "task 7 is over");
        assert!(!owned.is_aborted(0));
        assert!(owned.has(0, TaskId(8)) && !owned.has(0, TaskId(7)));
        assert!(owned.abort(0, TaskId(8)).is_some());
        assert!(owned.abort(0, TaskId(8)).is_none(), "once is enough");
        assert!(owned.is_aborted(0));
        assert!(owned.leave(0), "and its end says so");
    }
}
