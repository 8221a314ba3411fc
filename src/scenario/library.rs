//! The named scenarios. Each is a JSON file beside this one, or one of them with some fields changed, and lists the
//! policies that it fits: those whose difference it shows, and that can run it.

use super::{Draft, Problem, Scenario};
use crate::policy::Registry;

/// A named scenario.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// Its name, also inside the scenario.
    pub name: &'static str,
    /// The JSON that it starts from.
    base: &'static str,
    /// Fields that are changed, as `--set` does.
    set: &'static [(&'static str, &'static str)],
    /// Policies that it fits, by name. The first is its own.
    pub fits: &'static [&'static str],
}

/// Policies whose tasks may spawn tasks, and then these.
macro_rules! pools_and {
    ($($more:literal),*) => {
        &[
            "tokio",
            "global-queue",
            "tokio-current-thread",
            "tokio-0.1",
            "smol",
            "sharded",
            "work-stealing",
            "thread-per-core",
            "thread-per-task",
            "event-loop",
            $($more),*
        ]
    };
}

const POOLS: &[&str] = pools_and!("dandori");

/// With those that have nothing like a pool or `block_in_place`, with or without a monitor.
const PLAIN: &[&str] = pools_and!("go", "async-std", "async-std-monitor", "dandori");

/// With one whose monitor takes the worker of a thread that is held.
const HELD: &[&str] = pools_and!("async-std-monitor", "dandori");

/// The same, the one with one queue for all first.
const SHARING: &[&str] =
    &["global-queue", "tokio", "tokio-0.1", "smol", "sharded", "work-stealing", "thread-per-core", "dandori"];

/// Those of them that have something like `block_in_place`.
const IN_PLACE: &[&str] =
    &["tokio", "global-queue", "tokio-0.1", "sharded", "work-stealing", "thread-per-task", "dandori"];

/// All that can run a single task.
const EVERY: &[&str] = &[
    "block-on",
    "tokio",
    "global-queue",
    "tokio-current-thread",
    "tokio-0.1",
    "smol",
    "sharded",
    "work-stealing",
    "thread-per-core",
    "thread-per-task",
    "event-loop",
    "dandori",
];

const MUTEX: &str = include_str!("library/std-mutex.json");

const OPEN_LOOP: &str = include_str!("library/open-loop.json");

const JOIN: &str = include_str!("library/in-place-join.json");

const STALE: &str = include_str!("library/stale-waker.json");

/// A call of the naive `block_on` whose future does something beside waiting.
const PARKS: &str = include_str!("library/park-token.json");

/// The path of what it does beside.
const BESIDE: &str = "tasks.caller.program.0.block_on.do.0.join!.1";

const SYSMON: &str = include_str!("library/sysmon.json");

const W1: &str = include_str!("library/w1.json");

/// The path of what a job of W1 to W4 does.
const JOB: &str = "tasks.job.program";
/// The path of how many jobs there are.
const JOBS: &str = "tasks.main.program.0.measure.do.0.spawn.count";

/// The same with jobs in `block_in_place`.
const fn w_in_place(name: &'static str, set: &'static [(&'static str, &'static str)]) -> Named {
    Named { name, base: W1, set, fits: IN_PLACE }
}

/// One of W1 to W4 (see the comparison in `docs/validation.md`): 2 workers, 2 CPUs, a ticker and then so many jobs.
const fn w(name: &'static str, set: &'static [(&'static str, &'static str)]) -> Named {
    Named { name, base: W1, set, fits: POOLS }
}

/// One of W1 to W4 with its jobs inside the task.
const fn plain(name: &'static str, set: &'static [(&'static str, &'static str)]) -> Named {
    Named { name, base: W1, set, fits: PLAIN }
}

/// Short tasks on eight workers that share a queue, or have their own.
const fn queue_lock(name: &'static str, set: &'static [(&'static str, &'static str)]) -> Named {
    Named { name, base: include_str!("library/queue-lock.json"), set, fits: SHARING }
}

const fn pools(name: &'static str, base: &'static str) -> Named {
    Named { name, base, set: &[], fits: POOLS }
}

const fn held(name: &'static str, base: &'static str, set: &'static [(&'static str, &'static str)]) -> Named {
    Named { name, base, set, fits: HELD }
}

/// A job that does this, measured.
macro_rules! job {
    ($step:literal) => {
        concat!(r#"[{"measure": {"label": "job", "do": ["#, $step, "]}}]")
    };
}

/// All of them, in the order in which they are listed.
pub static ALL: [Named; 59] = [
    plain("w1", &[]),
    w_in_place("w1-block-in-place", &[(JOB, job!(r#"{"block_in_place": [{"block": "400 ms"}]}"#))]),
    w("w1-spawn-blocking", &[(JOB, job!(r#"{"spawn_blocking": [{"block": "400 ms"}]}"#))]),
    plain("w2", &[(JOBS, "20"), ("limits.end", "4.2 s")]),
    w_in_place(
        "w2-block-in-place",
        &[(JOBS, "20"), ("limits.end", "4.2 s"), (JOB, job!(r#"{"block_in_place": [{"block": "400 ms"}]}"#))],
    ),
    w(
        "w2-spawn-blocking",
        &[(JOBS, "20"), ("limits.end", "4.2 s"), (JOB, job!(r#"{"spawn_blocking": [{"block": "400 ms"}]}"#))],
    ),
    plain("w3", &[(JOBS, "200"), ("limits.end", "2.5 s"), (JOB, job!(r#"{"cpu": "20 ms"}"#))]),
    w_in_place(
        "w3-block-in-place",
        &[(JOBS, "200"), ("limits.end", "2.5 s"), (JOB, job!(r#"{"block_in_place": [{"cpu": "20 ms"}]}"#))],
    ),
    w(
        "w3-spawn-blocking",
        &[(JOBS, "200"), ("limits.end", "2.5 s"), (JOB, job!(r#"{"spawn_blocking": [{"cpu": "20 ms"}]}"#))],
    ),
    plain("w4", &[(JOBS, "2000"), ("limits.end", "3 s"), (JOB, job!(r#"{"cpu": "2 ms"}"#))]),
    w_in_place(
        "w4-block-in-place",
        &[(JOBS, "2000"), ("limits.end", "3 s"), (JOB, job!(r#"{"block_in_place": [{"cpu": "2 ms"}]}"#))],
    ),
    w(
        "w4-spawn-blocking",
        &[(JOBS, "2000"), ("limits.end", "3 s"), (JOB, job!(r#"{"spawn_blocking": [{"cpu": "2 ms"}]}"#))],
    ),
    pools("ping-pong", include_str!("library/ping-pong.json")),
    pools("chained-spawn", include_str!("library/chained-spawn.json")),
    pools("spawn-many", include_str!("library/spawn-many.json")),
    pools("yield-many", include_str!("library/yield-many.json")),
    pools("lifo-slot", include_str!("library/lifo-slot.json")),
    Named {
        name: "lifo-slot-evicted",
        base: include_str!("library/lifo-slot.json"),
        set: &[("tasks.outer.program.0.measure.do.1.spawn.count", "1")],
        fits: POOLS,
    },
    pools("always-ready", include_str!("library/always-ready.json")),
    pools("lost-wake-up", include_str!("library/lost-wake-up.json")),
    pools("driver-hazard", include_str!("library/driver-hazard.json")),
    pools("global-interval", include_str!("library/global-interval.json")),
    Named { name: "one-sleep", base: include_str!("library/one-sleep.json"), set: &[], fits: EVERY },
    Named { name: "staircase", base: include_str!("library/staircase.json"), set: &[], fits: EVERY },
    pools("waker-ticket", include_str!("library/waker-ticket.json")),
    pools("stale-waker", STALE),
    Named { name: "moved-future", base: STALE, set: &[("channels.letter.waker", "latest")], fits: POOLS },
    pools("backoff", include_str!("library/backoff.json")),
    queue_lock("queue-lock", &[]),
    queue_lock("queue-lock-long-tasks", &[("tasks.item.program.0.repeat.do.0.cpu", "100 us")]),
    pools("imbalance", include_str!("library/imbalance.json")),
    pools("overflow", include_str!("library/overflow.json")),
    pools("starving-pair", include_str!("library/starving-pair.json")),
    pools("herd", include_str!("library/herd.json")),
    pools("pool-limit", include_str!("library/pool-limit.json")),
    Named { name: "in-place-join", base: JOIN, set: &[], fits: IN_PLACE },
    Named {
        name: "in-place-join-spawn-blocking",
        base: JOIN,
        set: &[(
            "tasks.both.program.0.measure.do.0.join!",
            r#"[[{"spawn_blocking": [{"block": "300 ms"}]}], [{"spawn_blocking": [{"block": "300 ms"}]}]]"#,
        )],
        fits: POOLS,
    },
    Named { name: "in-place-sibling", base: include_str!("library/in-place-sibling.json"), set: &[], fits: IN_PLACE },
    pools("budget-blind", include_str!("library/budget-blind.json")),
    pools("budget-siblings", include_str!("library/budget-siblings.json")),
    held("std-mutex", MUTEX, &[]),
    held("async-mutex", MUTEX, &[("mutexes.cache.kind", "async")]),
    held("mutex-across-await", include_str!("library/mutex-across-await.json"), &[]),
    held("nested-block-on", include_str!("library/nested-block-on.json"), &[]),
    held("park-token", PARKS, &[]),
    held("stolen-token", PARKS, &[(BESIDE, r#"[{"cpu": "8 ms"}, "park"]"#)]),
    held("shared-parker", PARKS, &[(BESIDE, r#"[{"block_on": {"token": "thread", "do": [{"recv": "reply"}]}}]"#)]),
    held("own-parker", PARKS, &[(BESIDE, r#"[{"block_on": [{"recv": "reply"}]}]"#)]),
    pools("timeout", include_str!("library/timeout.json")),
    pools("outside-thread", include_str!("library/outside-thread.json")),
    pools("abort", include_str!("library/abort.json")),
    pools("panic", include_str!("library/panic.json")),
    pools("open-loop", OPEN_LOOP),
    Named {
        name: "closed-loop",
        base: OPEN_LOOP,
        set: &[("tasks.request.arrive", r#"[{"clients": 1, "think": "900 us", "count": 300}]"#)],
        fits: POOLS,
    },
    Named {
        name: "stealing",
        base: include_str!("library/stealing.json"),
        set: &[],
        fits: &["work-stealing", "tokio", "sharded", "global-queue", "dandori"],
    },
    Named { name: "sysmon", base: SYSMON, set: &[], fits: &["go", "tokio", "async-std-monitor", "dandori"] },
    Named {
        name: "no-signals",
        base: SYSMON,
        set: &[("policy.preemption", "off"), ("machine.cpus", "1")],
        fits: &["go", "tokio", "tokio-current-thread"],
    },
    Named {
        name: "watchman",
        base: include_str!("library/watchman.json"),
        set: &[],
        fits: &["async-std-monitor", "async-std", "go", "tokio", "dandori"],
    },
    Named {
        name: "four-answers",
        base: include_str!("library/four-answers.json"),
        set: &[],
        fits: &["tokio", "go", "async-std-monitor", "smol", "dandori"],
    },
];

impl Named {
    /// The named scenario, as JSON that can be changed.
    ///
    /// # Panics
    /// If the file is not JSON: a mistake of ours.
    #[must_use]
    pub fn draft(&self) -> Draft {
        self.changed().unwrap_or_else(|problems| panic!("library scenario {}: {problems:?}", self.name))
    }

    fn changed(&self) -> Result<Draft, Vec<Problem>> {
        let mut draft = Draft::parse(self.base)?;
        draft.set("name", self.name)?;
        for (path, value) in self.set {
            draft.set(path, value)?;
        }
        Ok(draft)
    }

    /// The scenario under its own policy.
    ///
    /// # Errors
    /// If the registry does not have that policy.
    pub fn scenario(&self, registry: &Registry) -> Result<Scenario, Vec<Problem>> {
        self.draft().build(registry)
    }

    /// The scenario under another policy.
    ///
    /// # Errors
    /// Why that policy cannot run it.
    pub fn under(&self, policy: &str, registry: &Registry) -> Result<Scenario, Vec<Problem>> {
        let mut draft = self.draft();
        draft.with_policy(policy, registry);
        draft.build(registry)
    }
}

/// The scenario of that name.
#[must_use]
pub fn get(name: &str) -> Option<&'static Named> {
    ALL.iter().find(|named| named.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_scenario_is_valid_under_every_policy_that_it_fits() {
        let registry = Registry::standard();
        for named in &ALL {
            assert_eq!(get(named.name).map(|found| found.name), Some(named.name), "names are unique");
            // Its own parameters, too, not only those that another policy shares.
            if registry.get(named.fits[0]).is_some() {
                assert_eq!(named.scenario(&registry).err(), None, "{}", named.name);
            }
            for policy in named.fits.iter().filter(|policy| registry.get(policy).is_some()) {
                match named.under(policy, &registry) {
                    Ok(scenario) => assert_eq!(scenario.name, named.name),
                    Err(problems) => panic!("{} under {policy}: {problems:?}", named.name),
                }
            }
        }
    }

    #[test]
    fn the_first_policy_of_a_fit_list_is_the_scenarios_own() {
        for named in &ALL {
            let draft = named.draft();
            let own = draft.json().get("policy").and_then(|policy| policy.get("name"));
            assert_eq!(own, Some(&super::super::Json::text(named.fits[0])), "{}", named.name);
        }
    }

    #[test]
    fn variants_differ_from_their_base() {
        let registry = Registry::standard();
        for (name, base) in [("w1-spawn-blocking", "w1"), ("w2", "w1"), ("lifo-slot-evicted", "lifo-slot")] {
            let read = |name| get(name).expect("named").under("global-queue", &registry).expect("valid");
            assert_ne!(read(name).kinds, read(base).kinds, "{name}");
        }
    }
}
