//! Which runtimes exist: a task knows its runtime by number, and not by a reference, which every spawn and every end would
//! count.
//!
//! A thread of the runtime finds it at hand, and so does one that has entered it. Everybody else looks here.

use std::collections::BTreeMap;
// The standard ones: a static needs a constant, and nothing rests on their order.
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{PoisonError, RwLock};

use super::here::{HERE, Here};
use super::shared::Shared;
use crate::sync::{Arc, Weak};

static NEXT: AtomicU32 = AtomicU32::new(1);
static EXISTING: RwLock<BTreeMap<u32, Weak<Shared>>> = RwLock::new(BTreeMap::new());

/// A name for a new runtime, never 0.
pub(super) fn name() -> u32 {
    let last = NEXT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| next.checked_add(1));
    last.expect("a process makes less than four billion runtimes")
}

/// A runtime can be found from now on.
pub(super) fn add(shared: &Arc<Shared>) {
    EXISTING.write().unwrap_or_else(PoisonError::into_inner).insert(shared.id, Arc::downgrade(shared));
}

/// It is dropped.
pub(super) fn remove(runtime: u32) {
    EXISTING.write().unwrap_or_else(PoisonError::into_inner).remove(&runtime);
}

/// A runtime that is used by somebody.
pub(super) fn find(runtime: u32) -> Option<Arc<Shared>> {
    // No guard is left when the reference is dropped, which may be the last one.
    EXISTING.read().unwrap_or_else(PoisonError::into_inner).get(&runtime).and_then(Weak::upgrade)
}

/// Calls `act` with a runtime, and with this thread's part in it if it has one. `None`: the runtime is gone.
#[inline]
pub(super) fn with<R>(runtime: u32, act: impl FnOnce(&Shared, Option<&Here>) -> R) -> Option<R> {
    let mut act = Some(act);
    // Fails while the thread's locals are destroyed: then it counts as a thread outside.
    let done = HERE.try_with(|here| {
        if here.runtime.get() != runtime {
            return None;
        }
        let lane = here.lane.borrow();
        Some(act.take()?(&lane.as_ref()?.shared, Some(here)))
    });
    match (done, act) {
        (Ok(Some(result)), _) => Some(result),
        (_, Some(act)) => find(runtime).map(|shared| act(&shared, None)),
        (_, None) => None,
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::runtime::Builder;

    #[test]
    fn a_runtime_is_found_as_long_as_it_exists_and_leaves_nothing_behind() {
        let runtime = Builder::new().workers(1).build().unwrap();
        let id = runtime.handle().lane.shared.id;
        assert!(find(id).is_some_and(|shared| shared.id == id));
        assert_eq!(with(id, |shared, here| (shared.id, here.is_some())), Some((id, false)));
        drop(runtime);
        assert!(find(id).is_none());
        assert!(!EXISTING.read().unwrap().contains_key(&id));
    }
}
