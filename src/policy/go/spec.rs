//! What the go policy says about itself: its parameters and what it leaves out.

use crate::policy::spec::{Assumption, Feature, Nouns, Param, Range, Refusal, Spec};

const PROC: &str = "go1.27.3, src/runtime/proc.go";

/// Capacities of the ring that can be chosen: powers of two.
const CAPACITIES: &[&str] = &["4", "8", "16", "32", "64", "128", "256", "512", "1024"];

/// What the policy says about itself.
pub const SPEC: Spec = Spec {
    name: "go",
    title: "Go 1.27",
    summary: "Every P has a ring and a runnext; sysmon takes Ps from system calls and stops goroutines after 10 ms.",
    params: &[
        Param {
            name: "workers",
            what: "How many Ps there are (Go: GOMAXPROCS).",
            range: Range::Integer { min: 1, max: 1024, default: None, unit: "Ps" },
            source: "go1.27.3, src/runtime/proc.go, procresize: one per CPU",
        },
        Param {
            name: "preemption",
            what: "How a goroutine whose slice is over is stopped: by a signal (1.14 and later), when it next calls a \
                   function (before; a computing stretch is a loop without calls), or not at all (asyncpreemptoff, and \
                   no calls).",
            range: Range::Choice { options: &["asynchronous", "cooperative", "off"], default: "asynchronous" },
            source: "go1.27.3, src/runtime/preempt.go; golang/proposal, design/24543",
        },
        Param {
            name: "force_preempt",
            what: "A time slice: sysmon stops a goroutine once it has seen the same slice for so long.",
            range: Range::Duration { min: 1, max: 3_600_000_000_000, default: 10_000_000 },
            source: "go1.27.3, src/runtime/proc.go, forcePreemptNS",
        },
        Param {
            name: "global_queue_interval",
            what: "A P looks at the global queue first every so many slices.",
            range: Range::Integer { min: 1, max: 1_000_000, default: Some(61), unit: "slices" },
            source: "go1.27.3, src/runtime/proc.go, findRunnable",
        },
        Param {
            name: "local_queue_capacity",
            what: "So many goroutines fit in the ring of a P; half of it overflows at once.",
            range: Range::Choice { options: CAPACITIES, default: "256" },
            source: "go1.27.3, src/runtime/runtime2.go, p.runq",
        },
        Param {
            name: "steal_passes",
            what: "A searcher goes over all Ps so often; in the last pass it looks at timers and takes runnext too.",
            range: Range::Integer { min: 1, max: 100, default: Some(4), unit: "passes" },
            source: "go1.27.3, src/runtime/proc.go, stealWork",
        },
        Param {
            name: "runnext_pause",
            what: "A thief waits so long before it takes a runnext, so that the victim can run it.",
            range: Range::Duration { min: 0, max: 1_000_000_000, default: 3_000 },
            source: "go1.27.3, src/runtime/proc.go, runqgrab",
        },
        Param {
            name: "sysmon_min",
            what: "sysmon sleeps so long between two looks while it finds something to do.",
            range: Range::Duration { min: 1_000, max: 1_000_000_000, default: 20_000 },
            source: PROC,
        },
        Param {
            name: "sysmon_quiet_rounds",
            what: "After so many quiet looks sysmon sleeps twice as long each time.",
            range: Range::Integer { min: 0, max: 1_000_000, default: Some(50), unit: "looks" },
            source: PROC,
        },
        Param {
            name: "sysmon_max",
            what: "The longest sleep of sysmon while some P is busy.",
            range: Range::Duration { min: 1_000, max: 1_000_000_000, default: 10_000_000 },
            source: PROC,
        },
        Param {
            name: "idle_syscall",
            what: "A P whose queue is empty is left in its system call for so long if another one is idle or searches.",
            range: Range::Duration { min: 0, max: 3_600_000_000_000, default: 10_000_000 },
            source: "go1.27.3, src/runtime/proc.go, retake",
        },
        Param {
            name: "netpoll_after",
            what: "sysmon looks at the network if nobody has for so long.",
            range: Range::Duration { min: 1, max: 3_600_000_000_000, default: 10_000_000 },
            source: "go1.27.3, src/runtime/proc.go, sysmon",
        },
        Param {
            name: "max_threads",
            what: "Most threads (Go: debug.SetMaxThreads, where one more ends the program; here a P waits for one).",
            range: Range::Integer { min: 2, max: 10_000, default: Some(10_000), unit: "threads" },
            source: "go1.27.3, src/runtime/proc.go, schedinit, sched.maxmcount",
        },
    ],
    assumptions: &[
        Assumption {
            text: "On real threads a future that is polled cannot be stopped: where Go preempts a goroutine, the P is handed to \
                   another thread, and the poll goes on beside it until it ends by itself. With cooperative preemption, or \
                   none, nothing happens there.",
            source: "a future has no stack of its own that could be left",
        },
        Assumption {
            text: "On real threads a task that comes back from a system call and finds no P goes on without one; in Go it \
                   would queue.",
            source: "go1.27.3, src/runtime/proc.go, exitsyscall0",
        },
        Assumption {
            text: "Every blocking call of a task counts as a system call, which Go announces: there are no calls into C that \
                   do not, and no page faults.",
            source: "go1.27.3, src/runtime/proc.go, entersyscall",
        },
        Assumption {
            text: "An idle P keeps its thread, unless it was idle when it was taken. So a goroutine whose P is gone takes an \
                   idle P only if no thread sleeps with it.",
            source: "go1.27.3, src/runtime/proc.go, stopm and exitsyscallfast_pidle",
        },
        Assumption {
            text: "There is one heap of timers for all Ps, looked at on every decision; in Go each P has its own, and others \
                   look at it when they steal.",
            source: "go1.27.3, src/runtime/time.go, timers.check",
        },
        Assumption {
            text: "Whatever a look at the network wakes goes through runnext and the ring of the P that looked; Go puts one \
                   goroutine for each idle P on the global queue.",
            source: "go1.27.3, src/runtime/proc.go, injectglist",
        },
        Assumption {
            text: "All Ps have a thread when the run begins, where Go starts them as it needs them.",
            source: "go1.27.3, src/runtime/proc.go, schedinit and wakep",
        },
        Assumption {
            text: "A wake on a P, and sysmon, take the lock of the scheduler at once, without waiting for it.",
            source: PROC,
        },
        Assumption {
            text: "There is no garbage collector, no stop of the world, no LockOSThread, and no goroutine of the runtime itself.",
            source: "go1.27.3, src/runtime/mgc.go",
        },
        Assumption {
            text: "A switch costs what a poll costs: a goroutine's stack is not modelled.",
            source: "100 to 250 ns in Go, 30 to 100 ns for a poll",
        },
    ],
    nouns: Nouns { worker: "P", slot: "runnext", local: "run queue", global: "global queue", monitor: "sysmon" },
    refuses: &[
        Refusal {
            feature: Feature::SpawnBlocking,
            reason: "Go has no pool for blocking calls: a goroutine simply blocks, and its P goes to another thread",
        },
        Refusal {
            feature: Feature::BlockInPlace,
            reason: "Go announces every system call by itself: a goroutine simply blocks",
        },
    ],
};
