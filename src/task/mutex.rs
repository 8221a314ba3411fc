//! Mutexes between tasks, of two kinds. The same code in both worlds.
//!
//! * [`MutexKind::Async`]: who must wait answers Pending. It is fair: who unlocks hands the mutex to the first in line,
//!   and nobody overtakes (tokio 1.53.1, `sync/mutex.rs` over `batch_semaphore.rs`).
//! * [`MutexKind::Std`]: who must wait holds its thread, in the middle of its poll. Not fair: who unlocks wakes the first in
//!   line, and whoever comes first takes it, as std's mutex on a futex does. Poisoning is left out.
//!
//! # No wake is lost
//!
//! 1. Looking at the mutex and standing in line are one step, under the lock of the state.
//! 2. An async mutex is handed over inside the unlocking: who is dropped after that, by a `select!` or an abort, hands it on.
//! 3. Who waits for a std mutex cannot be dropped before it was woken, and looks again then.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Context, Poll, Waker, ready};

use super::{Env, Token};
use crate::id::{MutexId, TaskId};
use crate::sync::{Arc, Mutex, lock};
use crate::trace::{Cause, Event, What};

/// How a task waits for a mutex.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MutexKind {
    /// The task waits, first come, first served.
    Async,
    /// The thread waits.
    Std,
}

/// A mutex without content.
#[derive(Debug)]
pub struct TaskMutex {
    id: MutexId,
    kind: MutexKind,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    holder: Option<TaskId>,
    tickets: u64,
    line: VecDeque<Waiter>,
}

/// Somebody in line.
#[derive(Debug)]
struct Waiter {
    ticket: u64,
    task: TaskId,
    by: By,
}

/// How it is woken.
#[derive(Debug)]
enum By {
    Waker(Waker),
    Token(Arc<Token>),
}

/// The mutex is locked until this is dropped.
#[must_use = "dropping it unlocks the mutex"]
pub struct TaskGuard<'a> {
    mutex: &'a TaskMutex,
    env: &'a Env,
}

impl TaskMutex {
    /// A mutex that nobody holds.
    #[must_use]
    pub fn new(id: MutexId, kind: MutexKind) -> TaskMutex {
        TaskMutex { id, kind, state: Mutex::default() }
    }

    /// Locks it; waits until that is possible.
    pub async fn lock<'a>(&'a self, env: &'a Env) -> TaskGuard<'a> {
        match self.kind {
            MutexKind::Async => {
                let leaf = env.leaf();
                let mut locking = Locking { mutex: self, env, ticket: None };
                poll_fn(|cx| {
                    ready!(env.gate(leaf, cx));
                    ready!(env.budget(cx));
                    ready!(locking.poll(cx));
                    env.spend();
                    Poll::Ready(())
                })
                .await;
            }
            MutexKind::Std => {
                let leaf = env.leaf();
                poll_fn(|cx| env.gate(leaf, cx)).await;
                while let Err((holder, token)) = self.try_lock(env.task()) {
                    env.note(Event::MutexWait { task: env.task(), mutex: self.id, holder });
                    env.hold(What::Lock, &token).await;
                    // At the end of the runtime every token is void: who would ask again and again keeps still here.
                    let leaf = env.leaf();
                    poll_fn(|cx| env.gate(leaf, cx)).await;
                }
            }
        }
        env.note(Event::MutexHeld { task: env.task(), mutex: self.id });
        TaskGuard { mutex: self, env }
    }

    /// Takes it, or stands in line: who has it, and what is given when it may be free.
    fn try_lock(&self, task: TaskId) -> Result<(), (TaskId, Arc<Token>)> {
        let mut state = lock(&self.state);
        let Some(holder) = state.holder else {
            state.holder = Some(task);
            return Ok(());
        };
        let token = Arc::new(Token::default());
        state.stand(task, By::Token(token.clone()));
        Err((holder, token))
    }

    /// Nobody holds it any more, or, if it is fair, the first in line.
    fn unlock(&self, env: &Env) {
        let mut state = lock(&self.state);
        let first = state.line.pop_front();
        state.holder = first.as_ref().filter(|_| self.kind == MutexKind::Async).map(|waiter| waiter.task);
        drop(state);
        match first.map(|waiter| waiter.by) {
            Some(By::Waker(waker)) => env.wake(waker, Cause::Task),
            Some(By::Token(token)) => env.give(&token),
            None => {}
        }
    }
}

impl State {
    fn stand(&mut self, task: TaskId, by: By) -> u64 {
        self.tickets += 1;
        self.line.push_back(Waiter { ticket: self.tickets, task, by });
        self.tickets
    }

    fn position(&self, ticket: u64) -> Option<usize> {
        // Tickets are given out in order and the line keeps that order.
        self.line.binary_search_by_key(&ticket, |waiter| waiter.ticket).ok()
    }
}

impl Drop for TaskGuard<'_> {
    fn drop(&mut self) {
        self.env.note(Event::MutexReleased { task: self.env.task(), mutex: self.mutex.id });
        self.mutex.unlock(self.env);
    }
}

/// A task in the line of an async mutex.
struct Locking<'a> {
    mutex: &'a TaskMutex,
    env: &'a Env,
    /// Its place; if it is not in the line any more the mutex was handed to it.
    ticket: Option<u64>,
}

impl Locking<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut guard = lock(&self.mutex.state);
        let state = &mut *guard;
        let task = self.env.task();
        match (self.ticket, state.holder) {
            (Some(ticket), _) => match state.position(ticket) {
                Some(at) => {
                    state.line[at].by = By::Waker(cx.waker().clone());
                    Poll::Pending
                }
                None => {
                    self.ticket = None;
                    Poll::Ready(())
                }
            },
            (None, None) => {
                state.holder = Some(task);
                Poll::Ready(())
            }
            (None, Some(holder)) => {
                self.ticket = Some(state.stand(task, By::Waker(cx.waker().clone())));
                drop(guard);
                self.env.note(Event::MutexWait { task, mutex: self.mutex.id, holder });
                Poll::Pending
            }
        }
    }
}

impl Drop for Locking<'_> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket.take() else { return };
        let mut state = lock(&self.mutex.state);
        match state.position(ticket) {
            Some(at) => drop(state.line.remove(at)),
            None => {
                drop(state);
                self.mutex.unlock(self.env);
            }
        }
    }
}
