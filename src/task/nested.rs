//! A nested `block_on`: a future run to its end inside one poll of a task, on a thread that does nothing else.
//!
//! It is that of the `futures` crate: the inner future is polled; while it waits the thread parks, and the waker of the inner
//! future unparks it. The worker of that thread is blocked meanwhile. Runtimes differ in whether they allow it: tokio's own
//! `block_on` panics inside a task, that of `futures` does not, and then waits for ever if what it waits for needs this
//! worker.
//!
//! # Whose token
//!
//! A token of its own for each call cannot be lost: it is given only for this call and taken only by it. A thread's token, as
//! `std::thread::park` has it, is one for all that is parked on the thread. Who calls `block_on` again inside, or parks
//! for a reason of its own, takes a token that was meant for the outer call, which then sleeps for ever
//! (async-std #358).

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Wake, Waker, ready};

use super::{Env, Host, Token};
use crate::sync::Arc;
use crate::trace::What;

impl Env {
    /// Runs a future to its end, with this thread held while it waits. Budget does not count inside. Whoever wakes the
    /// future gives the token.
    pub async fn block_on(&self, token: &Arc<Token>, inner: impl Future<Output = ()>) {
        let (first, parked) = (self.leaf(), self.leaf());
        let waker = Waker::from(Arc::new(Unpark { host: self.host().clone(), token: token.clone() }));
        let mut inner = pin!(inner);
        let (mut has_begun, mut is_parked) = (false, false);
        poll_fn(|cx| {
            if !has_begun {
                ready!(self.gate(first, cx));
                has_begun = true;
            }
            loop {
                if is_parked {
                    ready!(self.poll_hold(parked, What::Park, token, cx));
                    // Not given: the runtime ends.
                    if !token.take() {
                        return Poll::Pending;
                    }
                    is_parked = false;
                }
                let budget = self.host().replace_budget(u32::MAX);
                let polled = inner.as_mut().poll(&mut Context::from_waker(&waker));
                self.host().replace_budget(budget);
                if polled.is_ready() {
                    return Poll::Ready(());
                }
                // A stretch of the inner future has begun, or the task is over: nothing waits for a wake.
                if self.keeps_still() {
                    return Poll::Pending;
                }
                is_parked = true;
            }
        })
        .await;
    }

    /// Holds this thread until the token is given, and takes it: what `std::thread::park` does.
    pub async fn park(&self, token: &Arc<Token>) {
        let (first, parked) = (self.leaf(), self.leaf());
        poll_fn(|cx| self.gate(first, cx)).await;
        poll_fn(|cx| {
            ready!(self.poll_hold(parked, What::Park, token, cx));
            // Not given: the runtime ends.
            if token.take() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

struct Unpark {
    host: Arc<dyn Host>,
    token: Arc<Token>,
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.host.give(&self.token);
    }
}
