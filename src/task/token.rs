//! What a thread can be held for inside a poll: the unlocking of a mutex, the wake of a nested `block_on`.

use crate::sync::{Condvar, Mutex, lock};

/// Given once, taken once. Who waits for it does nothing else.
#[derive(Debug, Default)]
pub struct Token {
    given: Mutex<bool>,
    changed: Condvar,
}

impl Token {
    /// It is given: whoever waits for it goes on.
    pub fn give(&self) {
        *lock(&self.given) = true;
        self.changed.notify_all();
    }

    /// Whether it is given.
    #[must_use]
    pub fn is_given(&self) -> bool {
        *lock(&self.given)
    }

    /// Takes it back, so that it can be given again. Whether it was given.
    pub fn take(&self) -> bool {
        std::mem::take(&mut lock(&self.given))
    }

    /// Holds this thread until it is given, or until somebody calls [`Token::poke`] and `is_over` says so.
    pub fn wait(&self, is_over: impl Fn() -> bool) {
        let mut given = lock(&self.given);
        while !*given && !is_over() {
            given = self.changed.wait(given).unwrap_or_else(|poisoned| poisoned.into_inner());
        }
    }

    /// Whoever waits for it looks whether its wait is over.
    pub fn poke(&self) {
        // Under the lock: between a look and the wait nothing is missed.
        drop(lock(&self.given));
        self.changed.notify_all();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_was_given_before_the_wait_counts_and_is_taken_once() {
        let token = Token::default();
        token.give();
        token.wait(|| false);
        assert!(token.is_given());
        assert!(token.take());
        assert!(!token.take());
    }

    /// Without the poke this test hangs.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test is about threads")]
    fn a_wait_that_is_over_ends_without_the_token() {
        let (token, over) = (Token::default(), std::sync::atomic::AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| token.wait(|| over.load(std::sync::atomic::Ordering::SeqCst)));
            over.store(true, std::sync::atomic::Ordering::SeqCst);
            token.poke();
        });
        assert!(!token.is_given());
    }
}
