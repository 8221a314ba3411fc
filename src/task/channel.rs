//! A channel between tasks that spends budget, as tokio's do. The same code in both worlds.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Poll, Waker, ready};

use super::Env;
use crate::id::ChannelId;
use crate::sync::{Mutex, lock};
use crate::trace::{Cause, Event};

/// Messages without content, first in, first out; senders wait while it is full, receivers while it is empty.
#[derive(Debug)]
pub struct Channel {
    id: ChannelId,
    capacity: Option<u32>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    queued: u32,
    receivers: VecDeque<Waker>,
    senders: VecDeque<Waker>,
}

impl Channel {
    /// A channel with so many places (`None`: no limit) and messages already in it.
    #[must_use]
    pub fn new(id: ChannelId, capacity: Option<u32>, ready: u32) -> Channel {
        Channel { id, capacity, state: Mutex::new(State { queued: ready, ..State::default() }) }
    }

    /// Sends one message; waits for a place.
    pub async fn send(&self, env: &Env) {
        let leaf = env.leaf();
        poll_fn(|cx| {
            ready!(env.gate(leaf, cx));
            ready!(env.budget(cx));
            let mut state = lock(&self.state);
            if self.capacity.is_some_and(|capacity| state.queued >= capacity) {
                wait(&mut state.senders, cx.waker());
                return Poll::Pending;
            }
            state.queued += 1;
            let receiver = state.receivers.pop_front();
            drop(state);
            self.passed(env, Event::Send { task: env.task(), channel: self.id }, receiver);
            Poll::Ready(())
        })
        .await;
    }

    /// Receives one message; waits for one.
    pub async fn recv(&self, env: &Env) {
        let leaf = env.leaf();
        poll_fn(|cx| {
            ready!(env.gate(leaf, cx));
            ready!(env.budget(cx));
            let mut state = lock(&self.state);
            if state.queued == 0 {
                wait(&mut state.receivers, cx.waker());
                return Poll::Pending;
            }
            state.queued -= 1;
            let sender = state.senders.pop_front();
            drop(state);
            self.passed(env, Event::Recv { task: env.task(), channel: self.id }, sender);
            Poll::Ready(())
        })
        .await;
    }

    /// A message passed: the event, the budget, then the one who waited for it.
    fn passed(&self, env: &Env, event: Event, waiting: Option<Waker>) {
        env.spend();
        env.note(event);
        if let Some(waker) = waiting {
            env.wake(waker, Cause::Task);
        }
    }
}

/// Stores a waker once: polling again must not make a second one.
fn wait(list: &mut VecDeque<Waker>, waker: &Waker) {
    if !list.iter().any(|known| known.will_wake(waker)) {
        list.push_back(waker.clone());
    }
}
