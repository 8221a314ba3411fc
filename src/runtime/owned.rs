//! A list of tasks that exist, so that the end of the runtime finds the ones that nobody will wake.

use std::task::Waker;

use crate::sync::{Mutex, lock};

/// Wakers of tasks by key. Keys are used again.
#[derive(Default)]
pub(super) struct Owned(Mutex<List>);

#[derive(Default)]
struct List {
    places: Vec<Place>,
    /// The first free place; the length of `places`: there is none.
    free: usize,
    is_closed: bool,
}

enum Place {
    Free { next: usize },
    Taken(Waker),
}

impl Owned {
    /// Enters a task that `make` builds, with its key. `None`: the list is closed, `make` was not called.
    pub(super) fn enter<T>(&self, make: impl FnOnce(usize) -> (Waker, T)) -> Option<T> {
        let mut list = lock(&self.0);
        if list.is_closed {
            return None;
        }
        let key = list.free;
        let (waker, made) = make(key);
        match list.places.get_mut(key) {
            Some(place) => {
                let Place::Free { next } = std::mem::replace(place, Place::Taken(waker)) else {
                    panic!("place {key} of a list of tasks is taken and free")
                };
                list.free = next;
            }
            None => {
                list.places.push(Place::Taken(waker));
                list.free = key + 1;
            }
        }
        Some(made)
    }

    /// The task has ended. Its waker is dropped outside of the lock.
    pub(super) fn leave(&self, key: usize) {
        let mut list = lock(&self.0);
        let next = list.free;
        // A list that is closed was emptied.
        let Some(place) = list.places.get_mut(key) else { return };
        let before = std::mem::replace(place, Place::Free { next });
        list.free = key;
        drop(list);
        drop(before);
    }

    /// Takes no more tasks. Returns those in the list.
    pub(super) fn close(&self) -> impl Iterator<Item = Waker> + use<> {
        let mut list = lock(&self.0);
        list.is_closed = true;
        let places = std::mem::take(&mut list.places);
        drop(list);
        places.into_iter().filter_map(|place| match place {
            Place::Taken(waker) => Some(waker),
            Place::Free { .. } => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(owned: &Owned) -> Option<usize> {
        owned.enter(|key| (Waker::noop().clone(), key))
    }

    #[test]
    fn places_are_used_again_and_a_closed_list_takes_nobody() {
        let owned = Owned::default();
        assert_eq!((enter(&owned), enter(&owned), enter(&owned)), (Some(0), Some(1), Some(2)));
        owned.leave(0);
        owned.leave(2);
        assert_eq!((enter(&owned), enter(&owned), enter(&owned)), (Some(2), Some(0), Some(3)));
        owned.leave(1);
        assert_eq!(owned.close().count(), 3);
        assert_eq!(enter(&owned), None);
        owned.leave(3);
    }
}
