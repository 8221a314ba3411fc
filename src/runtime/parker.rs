//! How a thread sleeps with its worker, and how it is woken: one token per worker.
//!
//! ```text
//! EMPTY  -- unpark --> TOKEN                      the next park returns at once
//! EMPTY  -- park ----> PARKED ----- unpark --> TOKEN, condition variable
//! EMPTY  -- park ----> ON_DRIVER -- unpark --> TOKEN, the driver's waker
//! TOKEN  -- park ----> EMPTY                      returns
//! ```
//!
//! The token counts before the park, so a wake between the last look at the queues and the sleep is not lost. It is
//! our own and not the one of `std::thread::park`: user code inside a poll may use that and would eat the wake.

use crate::sync::{AtomicU32, Condvar, Mutex, Ordering, lock};

const EMPTY: u32 = 0;
const PARKED: u32 = 1;
const ON_DRIVER: u32 = 2;
const TOKEN: u32 = 3;

/// The token of one worker and the place where the thread that holds the worker sleeps.
#[derive(Debug)]
pub(super) struct Parker {
    state: AtomicU32,
    /// Held between the decision to sleep and the sleep, and by whoever wakes: a notification cannot fall in between.
    bed: Mutex<()>,
    alarm: Condvar,
    #[cfg(all(test, loom))]
    mutant: loom_tests::Mutant,
}

impl Parker {
    pub(super) fn new() -> Parker {
        Parker {
            state: AtomicU32::new(EMPTY),
            bed: Mutex::new(()),
            alarm: Condvar::new(),
            #[cfg(all(test, loom))]
            mutant: loom_tests::Mutant::Sound,
        }
    }

    /// Takes the token if it is there.
    pub(super) fn take(&self) -> bool {
        self.state.compare_exchange(TOKEN, EMPTY, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Sleeps until the token is there, and takes it. Wakes of the system without a token are slept through.
    pub(super) fn park(&self) {
        if self.take() {
            return;
        }
        let mut bed = lock(&self.bed);
        if self.state.compare_exchange(EMPTY, PARKED, Ordering::AcqRel, Ordering::Acquire).is_err() {
            // Only `unpark` writes while we do not sleep, so it is the token.
            self.state.swap(EMPTY, Ordering::AcqRel);
            return;
        }
        while !self.take() {
            bed = self.alarm.wait(bed).unwrap_or_else(|poisoned| poisoned.into_inner());
        }
    }

    /// About to sleep on the driver. False: the token was there and is taken, do not sleep.
    pub(super) fn enter_driver(&self) -> bool {
        let entered = self.state.compare_exchange(EMPTY, ON_DRIVER, Ordering::AcqRel, Ordering::Acquire).is_ok();
        if !entered {
            self.state.swap(EMPTY, Ordering::AcqRel);
        }
        entered
    }

    /// Back from the driver. True: the token had come, and is taken.
    pub(super) fn leave_driver(&self) -> bool {
        self.state.swap(EMPTY, Ordering::AcqRel) == TOKEN
    }

    /// Leaves the token and wakes the sleeper. `poke_driver` wakes whoever sleeps on the driver.
    pub(super) fn unpark(&self, poke_driver: impl FnOnce()) {
        #[cfg(all(test, loom))]
        if self.is_broken() {
            return;
        }
        match self.state.swap(TOKEN, Ordering::AcqRel) {
            PARKED => {
                // Whoever decided to sleep holds the bed until it sleeps.
                drop(lock(&self.bed));
                self.alarm.notify_one();
            }
            ON_DRIVER => poke_driver(),
            _ => {}
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::sync::Arc;

    #[test]
    fn a_token_counts_before_the_park_and_only_once() {
        let parker = Parker::new();
        parker.unpark(|| panic!("nobody sleeps on the driver"));
        parker.unpark(|| panic!("nobody sleeps on the driver"));
        parker.park();
        assert!(!parker.take(), "two wakes left two tokens");
    }

    #[test]
    fn who_sleeps_on_the_driver_is_woken_there() {
        let parker = Parker::new();
        assert!(parker.enter_driver());
        let mut poked = false;
        parker.unpark(|| poked = true);
        assert!(poked);
        assert!(parker.leave_driver());
        parker.unpark(|| panic!("nobody sleeps on the driver any more"));
        assert!(!parker.enter_driver(), "slept over a token");
        assert!(parker.enter_driver(), "the token was not taken");
    }

    /// Two threads hand one token to and fro; a lost wake hangs the test.
    #[test]
    fn no_wake_is_lost_between_two_threads() {
        const ROUNDS: u32 = if cfg!(miri) { 50 } else { 20_000 };
        let (ping, pong) = (Arc::new(Parker::new()), Arc::new(Parker::new()));
        let other = {
            let (ping, pong) = (ping.clone(), pong.clone());
            std::thread::spawn(move || {
                for _ in 0..ROUNDS {
                    ping.park();
                    pong.unpark(|| {});
                }
            })
        };
        for _ in 0..ROUNDS {
            ping.unpark(|| {});
            pong.park();
        }
        other.join().unwrap();
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    // The standard one: that of loom cannot be dropped while a model fails, and would end the whole test program.
    use std::sync::Arc;

    /// A rule broken on purpose: each model must fail with the mutants that break what it is about.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(super) enum Mutant {
        /// None.
        Sound,
        /// A wake does not wait until the sleeper sleeps.
        NoBed,
        /// A wake that finds nobody asleep leaves no token.
        NoToken,
    }

    impl Parker {
        /// Wakes as the mutant does. False: there is none.
        pub(super) fn is_broken(&self) -> bool {
            match self.mutant {
                Mutant::Sound => return false,
                Mutant::NoBed => {
                    self.state.swap(TOKEN, Ordering::AcqRel);
                    self.alarm.notify_one();
                }
                Mutant::NoToken => {
                    if self.state.compare_exchange(PARKED, TOKEN, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                        drop(lock(&self.bed));
                        self.alarm.notify_one();
                    }
                }
            }
            true
        }
    }

    fn one_sleeper(wakers: usize, mutant: Mutant) {
        loom::model(move || {
            let parker = Arc::new(Parker { mutant, ..Parker::new() });
            let wakers: Vec<_> = (0..wakers)
                .map(|_| {
                    let parker = parker.clone();
                    loom::thread::spawn(move || parker.unpark(|| {}))
                })
                .collect();
            parker.park();
            wakers.into_iter().for_each(|waker| waker.join().unwrap());
        });
    }

    #[test]
    fn loom_a_wake_is_never_lost() {
        one_sleeper(1, Mutant::Sound);
    }

    #[test]
    fn loom_two_wakers_wake_one_sleeper() {
        one_sleeper(2, Mutant::Sound);
    }

    #[test]
    #[should_panic(expected = "deadlock")]
    fn loom_a_wake_that_does_not_wait_for_the_bed_is_lost() {
        one_sleeper(1, Mutant::NoBed);
    }

    #[test]
    #[should_panic(expected = "deadlock")]
    fn loom_two_wakes_that_do_not_wait_for_the_bed_are_lost() {
        one_sleeper(2, Mutant::NoBed);
    }

    #[test]
    #[should_panic(expected = "deadlock")]
    fn loom_a_wake_before_the_sleep_is_lost_without_a_token() {
        one_sleeper(1, Mutant::NoToken);
    }
}
