//! Sockets that wait for the selector: what is ready, and whom to wake.
//!
//! The selector tells a change once. So what it told is remembered until an operation finds that it is over:
//!
//! 1. An operation looks whether its direction is ready. If not, it leaves its waker, under the lock that the driver
//!    takes to say *ready*: either it sees that, or the driver sees the waker.
//! 2. If so, it tries, without the lock. Would it block, it says *not ready*, unless the driver said *ready* again since
//!    it looked (the number of the change tells): that would be lost for ever. Then from the start.
//! 3. An operation that did less than it could have has found the end as well: the rest, when it comes, is a change. That
//!    spares a call of the system that would find nothing. Only the other side's end, which comes once, may be told
//!    already: after that the direction stays ready.

use std::io;
use std::task::{Context, Poll, Waker, ready};

use mio::event::{Event, Source as Registers};
use mio::{Interest, Registry, Token};

use crate::runtime::context::Handle;
use crate::runtime::coop;
use crate::runtime::shared::Lane;
use crate::sync::{Arc, AtomicUsize, Mutex, Ordering, lock};

/// All sockets of a driver.
pub(in crate::runtime) struct Sources {
    registry: Registry,
    list: Mutex<List>,
    count: AtomicUsize,
}

#[derive(Default)]
struct List {
    places: Vec<Option<Arc<Readiness>>>,
    free: Vec<usize>,
}

/// What is known of one socket.
#[derive(Default)]
struct Readiness {
    read: Mutex<Direction>,
    write: Mutex<Direction>,
}

#[derive(Default)]
struct Direction {
    is_ready: bool,
    /// The other side has ended it, or it is broken: nothing will change.
    is_closed: bool,
    /// Changes that the selector told.
    changes: u64,
    /// One for each task that waits.
    wakers: Vec<Waker>,
}

impl Direction {
    fn ready(&mut self, is_closed: bool, woken: &mut Vec<Waker>) {
        self.is_ready = true;
        self.is_closed |= is_closed;
        self.changes += 1;
        woken.append(&mut self.wakers);
    }

    /// Nothing is left of what was told up to this change.
    fn drained(&mut self, changes: u64) {
        if self.changes == changes {
            self.is_ready = false;
        }
    }
}

/// Where a selector tells each change by itself, whatever was left before: less than asked for was all there is. As in
/// tokio (`io/poll_evented.rs`).
const TELLS_CHANGES: bool = cfg!(any(target_os = "linux", target_os = "android", target_vendor = "apple"));

impl Sources {
    pub(in crate::runtime) fn new(registry: Registry) -> Sources {
        Sources { registry, list: Mutex::default(), count: AtomicUsize::new(0) }
    }

    /// Whether there is no socket.
    pub(in crate::runtime) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    /// The selector told this. Adds whom to wake, outside of every lock.
    pub(in crate::runtime) fn ready(&self, event: &Event, woken: &mut Vec<Waker>) {
        // A place that was freed, and perhaps taken again: then somebody tries in vain.
        let Some(readiness) = lock(&self.list).places.get(event.token().0).cloned().flatten() else { return };
        let is_closed = event.is_read_closed() || event.is_error();
        if event.is_readable() || is_closed {
            lock(&readiness.read).ready(is_closed, woken);
        }
        let is_closed = event.is_write_closed() || event.is_error();
        if event.is_writable() || is_closed {
            lock(&readiness.write).ready(is_closed, woken);
        }
    }

    fn register(&self, io: &mut impl Registers) -> io::Result<(usize, Arc<Readiness>)> {
        let readiness = Arc::new(Readiness::default());
        let place = {
            let mut list = lock(&self.list);
            let place = list.free.pop().unwrap_or_else(|| {
                list.places.push(None);
                list.places.len() - 1
            });
            list.places[place] = Some(readiness.clone());
            place
        };
        self.count.fetch_add(1, Ordering::Relaxed);
        let registered = self.registry.register(io, Token(place), Interest::READABLE | Interest::WRITABLE);
        if let Err(error) = registered {
            self.free(place);
            return Err(error);
        }
        Ok((place, readiness))
    }

    fn free(&self, place: usize) {
        let mut list = lock(&self.list);
        let before = list.places[place].take();
        list.free.push(place);
        drop(list);
        self.count.fetch_sub(1, Ordering::Relaxed);
        // Its wakers go outside of the lock.
        drop(before);
    }
}

/// Which way data goes.
#[derive(Clone, Copy)]
pub(super) enum Way {
    Read,
    Write,
}

/// A socket that is registered with the driver of a runtime.
pub(super) struct Registered<S: Registers> {
    io: S,
    place: usize,
    readiness: Arc<Readiness>,
    lane: Arc<Lane>,
}

impl<S: Registers> Registered<S> {
    /// Registers a socket with the runtime of this thread.
    #[track_caller]
    pub(super) fn new(mut io: S) -> io::Result<Registered<S>> {
        let lane = Handle::current().lane;
        let (place, readiness) = lane.shared.driver.0.sources.register(&mut io)?;
        Ok(Registered { io, place, readiness, lane })
    }

    /// The socket.
    pub(super) fn io(&self) -> &S {
        &self.io
    }

    /// Does an operation that does not block, once it need not; on the poll's budget.
    pub(super) fn poll<R>(
        &self,
        way: Way,
        cx: &mut Context<'_>,
        operation: impl FnMut(&S) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.poll_until(way, cx, operation, |_| false)
    }

    /// The same for a stream of bytes, with at most so many of them.
    pub(super) fn poll_bytes(
        &self,
        way: Way,
        cx: &mut Context<'_>,
        most: usize,
        operation: impl FnMut(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        self.poll_until(way, cx, operation, |&done| TELLS_CHANGES && 0 < done && done < most)
    }

    fn poll_until<R>(
        &self,
        way: Way,
        cx: &mut Context<'_>,
        mut operation: impl FnMut(&S) -> io::Result<R>,
        is_all: impl Fn(&R) -> bool,
    ) -> Poll<io::Result<R>> {
        ready!(coop::poll_budget(cx));
        let direction = match way {
            Way::Read => &self.readiness.read,
            Way::Write => &self.readiness.write,
        };
        loop {
            let (changes, is_closed) = {
                let mut direction = lock(direction);
                if !direction.is_ready {
                    if !direction.wakers.iter().any(|known| known.will_wake(cx.waker())) {
                        direction.wakers.push(cx.waker().clone());
                    }
                    return Poll::Pending;
                }
                (direction.changes, direction.is_closed)
            };
            match operation(&self.io) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    lock(direction).drained(changes);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => {
                    if !is_closed && result.as_ref().is_ok_and(&is_all) {
                        lock(direction).drained(changes);
                    }
                    coop::spend();
                    return Poll::Ready(result);
                }
            }
        }
    }

    /// As [`Registered::poll`], as a future.
    pub(super) async fn run<R>(&self, way: Way, mut operation: impl FnMut(&S) -> io::Result<R>) -> io::Result<R> {
        std::future::poll_fn(|cx| self.poll(way, cx, &mut operation)).await
    }
}

impl<S: Registers> Drop for Registered<S> {
    fn drop(&mut self) {
        let sources = &self.lane.shared.driver.0.sources;
        // It fails only if the system has forgotten the socket already.
        let _ = sources.registry.deregister(&mut self.io);
        sources.free(self.place);
    }
}
