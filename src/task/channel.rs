//! A channel between tasks that spends budget, as tokio's do. The same code in both worlds.
//!
//! # No wake is lost
//!
//! 1. An operation that must wait leaves a ticket with its waker in a line; polling again keeps its place.
//! 2. A message (or a freed place) takes the first ticket out of the line and wakes it. The message is not reserved: an
//!    operation that comes first may take it, and the woken one goes to the end of the line.
//! 3. An operation that is dropped in the line, by a `select!`, takes its ticket back. One that was already woken and
//!    did not act passes the wake on to the next in line, if there still is something for it. Without this rule a
//!    message could lie in the channel beside receivers that sleep.
//!
//! # A future that moves
//!
//! A receive can be polled once by one task and be awaited by another: between the two its ticket stays in the line. The
//! ticket wakes who polled last, because polling again puts the present waker in it. A channel that *keeps the first
//! waker* does not, and is wrong whenever a future has moved: its message wakes a task that waits for something else.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Context, Poll, Waker, ready};

use super::{Env, Host};
use crate::id::ChannelId;
use crate::sync::{Arc, Mutex, lock};
use crate::trace::{Cause, Event};

/// Messages without content, first in, first out; senders wait while it is full, receivers while it is empty.
#[derive(Debug)]
pub struct Channel {
    id: ChannelId,
    capacity: Option<u32>,
    /// Its operations need and spend budget. One of another library knows nothing of it.
    is_budgeted: bool,
    /// A ticket in the line wakes who polled first, and not who polled last.
    keeps_first_waker: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    queued: u32,
    tickets: u64,
    receivers: Line,
    senders: Line,
    /// Tickets of receives that were polled once and left, the oldest first.
    left: VecDeque<u64>,
}

/// Which way a message goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    In,
    Out,
}

impl Channel {
    /// A channel with so many places (`None`: no limit) and messages already in it.
    #[must_use]
    pub fn new(id: ChannelId, capacity: Option<u32>, ready: u32) -> Channel {
        let state = Mutex::new(State { queued: ready, ..State::default() });
        Channel { id, capacity, is_budgeted: true, keeps_first_waker: false, state }
    }

    /// The same, from a library that knows nothing of budgets.
    #[must_use]
    pub fn without_budget(self) -> Channel {
        Channel { is_budgeted: false, ..self }
    }

    /// The same with a mistake: a wait that is polled again keeps the waker of its first poll.
    #[must_use]
    pub fn keeping_first_waker(self) -> Channel {
        Channel { keeps_first_waker: true, ..self }
    }

    /// A message from a thread outside of the runtime. It does not wait: such a channel has no capacity.
    pub fn send_from_outside(&self, host: &Arc<dyn Host>) {
        host.note(Event::OutsideSend { channel: self.id });
        let mut state = lock(&self.state);
        state.queued += 1;
        let next = state.receivers.first();
        drop(state);
        if let Some(waker) = next {
            host.wake(waker, Cause::Task);
        }
    }

    /// Sends one message; waits for a place.
    pub async fn send(&self, env: &Env) {
        self.pass(env, Way::In).await;
    }

    /// Receives one message; waits for one.
    pub async fn recv(&self, env: &Env) {
        self.pass(env, Way::Out).await;
    }

    /// Polls a receive once. If there is no message its future stays with the channel, for whoever finishes it.
    pub async fn start_recv(&self, env: &Env) {
        let leaf = env.leaf();
        let mut waiting = Waiting { channel: self, env, way: Way::Out, ticket: None };
        poll_fn(|cx| {
            ready!(env.gate(leaf, cx));
            if self.is_budgeted {
                ready!(env.budget(cx));
            }
            if waiting.poll(cx).is_pending() {
                lock(&self.state).left.extend(waiting.ticket.take());
            }
            Poll::Ready(())
        })
        .await;
    }

    /// Awaits the receive that was left longest, whoever polled it first; if none was left, one of its own.
    pub async fn finish_recv(&self, env: &Env) {
        let leaf = env.leaf();
        let mut waiting = Waiting { channel: self, env, way: Way::Out, ticket: None };
        let mut is_taken_over = false;
        poll_fn(|cx| {
            ready!(env.gate(leaf, cx));
            if !std::mem::replace(&mut is_taken_over, true) {
                waiting.ticket = lock(&self.state).left.pop_front();
            }
            if self.is_budgeted {
                ready!(env.budget(cx));
            }
            waiting.poll(cx)
        })
        .await;
    }

    async fn pass(&self, env: &Env, way: Way) {
        let leaf = env.leaf();
        let mut waiting = Waiting { channel: self, env, way, ticket: None };
        poll_fn(|cx| {
            ready!(env.gate(leaf, cx));
            if self.is_budgeted {
                ready!(env.budget(cx));
            }
            waiting.poll(cx)
        })
        .await;
    }

    /// Whether an operation can act now: there is a message, or a place.
    fn open(&self, state: &State, way: Way) -> bool {
        match way {
            Way::In => self.capacity.is_none_or(|capacity| state.queued < capacity),
            Way::Out => state.queued > 0,
        }
    }

    fn event(&self, env: &Env, way: Way) -> Event {
        let (task, channel) = (env.task(), self.id);
        match way {
            Way::In => Event::Send { task, channel },
            Way::Out => Event::Recv { task, channel },
        }
    }
}

impl State {
    fn line(&mut self, way: Way) -> &mut Line {
        match way {
            Way::In => &mut self.senders,
            Way::Out => &mut self.receivers,
        }
    }
}

/// Who waits, the longest first. At most one ticket per operation.
#[derive(Debug, Default)]
struct Line(VecDeque<(u64, Waker)>);

impl Line {
    fn position(&self, ticket: u64) -> Option<usize> {
        // Tickets are given out in order and the line keeps that order.
        self.0.binary_search_by_key(&ticket, |&(known, _)| known).ok()
    }

    fn first(&mut self) -> Option<Waker> {
        self.0.pop_front().map(|(_, waker)| waker)
    }
}

/// One operation under way.
struct Waiting<'a> {
    channel: &'a Channel,
    env: &'a Env,
    way: Way,
    /// Its place in the line, or, if it is not there any more, the sign that it was woken.
    ticket: Option<u64>,
}

impl Waiting<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Waiting { channel, env, way, .. } = *self;
        let mut guard = lock(&channel.state);
        let state = &mut *guard;
        if !channel.open(state, way) {
            self.wait(state, cx.waker());
            return Poll::Pending;
        }
        if let Some(at) = self.ticket.take().and_then(|ticket| state.line(way).position(ticket)) {
            state.line(way).0.remove(at);
        }
        let next = match way {
            Way::In => {
                state.queued += 1;
                state.receivers.first()
            }
            Way::Out => {
                state.queued -= 1;
                state.senders.first()
            }
        };
        drop(guard);
        if channel.is_budgeted {
            env.spend();
        }
        env.note(channel.event(env, way));
        if let Some(waker) = next {
            env.wake(waker, Cause::Task);
        }
        Poll::Ready(())
    }

    /// Keeps the place in the line, or takes one at its end.
    fn wait(&mut self, state: &mut State, waker: &Waker) {
        let known = self.ticket.and_then(|ticket| state.line(self.way).position(ticket));
        match known {
            Some(_) if self.channel.keeps_first_waker => {}
            Some(at) => state.line(self.way).0[at].1.clone_from(waker),
            None => {
                let ticket = state.tickets;
                state.tickets += 1;
                state.line(self.way).0.push_back((ticket, waker.clone()));
                self.ticket = Some(ticket);
            }
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // Done operations have no ticket.
        let Some(ticket) = self.ticket.take() else { return };
        let mut guard = lock(&self.channel.state);
        let state = &mut *guard;
        let next = match state.line(self.way).position(ticket) {
            Some(at) => {
                state.line(self.way).0.remove(at);
                None
            }
            None if self.channel.open(state, self.way) => state.line(self.way).first(),
            None => None,
        };
        drop(guard);
        if let Some(waker) = next {
            self.env.wake(waker, Cause::Task);
        }
    }
}
