//! The scheduler's times: what set each apart. A parameter that the user sets counts, whatever the era says.
//!
//! | era | version | what it was |
//! | --- | --- | --- |
//! | `2019-design` | 0.2.0 | the new design: slot, ring, searching; no budget, and polls through the slot are ticks of their own |
//! | `0.2.19` | 0.2.19 | the slot's tasks share the budget of the first one (tokio-rs/tokio#2349); nothing else ends the chain |
//! | `2023-slot-cap` | 1.29.1 | at most three polls in a row through the slot (#5712), a tuned interval (#5720), batches from inject |
//! | `1.51-stealable-slot` | 1.51.0 | the slot can be stolen from, and every local push notifies (#7431) |
//! | `today` | 1.53.1 | that is taken back (#8065); the newer half overflows (#8029) |

use super::spec::TODAY;
use crate::policy::spec::Args;
use crate::policy::{Budget, YieldBy};

/// The rules that follow from the era alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Era {
    /// A thief takes the task in the slot, too, if the ring has nothing; and every local push notifies.
    pub slot_is_stealable: bool,
    /// An idle worker takes a fair share of the inject queue; before, one task.
    pub batches: bool,
    /// Which worker searches after the driver woke it: any. Since 1.0: only one that was notified as well.
    pub driver_wakes_searchers: bool,
    /// What `yield_now` and an empty budget do.
    pub yield_by: YieldBy,
    /// Defaults of parameters.
    coop_budget: u32,
    max_lifo_polls: u32,
    global_queue_interval: u32,
    overflow_older: bool,
}

/// Polls through the slot are ticks of their own: the chain ends after the first poll.
pub(super) const NO_CHAIN: u32 = 0;
/// Nothing but the budget ends the chain.
const NO_CAP: u32 = u32::MAX;

impl Era {
    /// The era of that name.
    pub(super) fn named(name: &str) -> Era {
        let today = Era {
            slot_is_stealable: false,
            batches: true,
            driver_wakes_searchers: false,
            yield_by: YieldBy::Defer,
            coop_budget: 128,
            max_lifo_polls: 3,
            global_queue_interval: 0,
            overflow_older: false,
        };
        let of_1_51 = Era { slot_is_stealable: true, overflow_older: true, ..today };
        let of_2023 = Era { slot_is_stealable: false, ..of_1_51 };
        let of_0_2_19 = Era {
            batches: false,
            driver_wakes_searchers: true,
            yield_by: YieldBy::SelfWake,
            max_lifo_polls: NO_CAP,
            global_queue_interval: 61,
            ..of_2023
        };
        let of_2019 = Era { coop_budget: 0, max_lifo_polls: NO_CHAIN, ..of_0_2_19 };
        match name {
            "2019-design" => of_2019,
            "0.2.19" => of_0_2_19,
            "2023-slot-cap" => of_2023,
            "1.51-stealable-slot" => of_1_51,
            TODAY => today,
            other => panic!("no era is called {other}: the parameter was validated"),
        }
    }

    /// A number that the user set, or the era's.
    fn number(args: &Args<'_>, name: &str, of_era: u32) -> u32 {
        if !args.params.0.contains_key(name) {
            return of_era;
        }
        u32::try_from(args.integer(name)).expect("validated against the range")
    }

    pub(super) fn budget(&self, args: &Args<'_>) -> Budget {
        match Era::number(args, "coop_budget", self.coop_budget) {
            0 => Budget::Unlimited,
            operations => Budget::Fresh(operations),
        }
    }

    pub(super) fn max_lifo_polls(&self, args: &Args<'_>) -> u32 {
        Era::number(args, "max_lifo_polls", self.max_lifo_polls)
    }

    pub(super) fn global_queue_interval(&self, args: &Args<'_>) -> u32 {
        Era::number(args, "global_queue_interval", self.global_queue_interval)
    }

    pub(super) fn overflow_older(&self, args: &Args<'_>) -> bool {
        if args.params.0.contains_key("overflow_half") {
            return args.choice("overflow_half") == "older";
        }
        self.overflow_older
    }
}
