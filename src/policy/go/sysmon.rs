//! sysmon: looks at every P, takes those whose goroutine is in a system call, and stops goroutines whose slice is over.
//!
//! ```text
//! sleep 20 us; after 50 rounds in which no P was taken twice as long each time, 10 ms at most
//! every P idle: sleep until the next timer or system call
//! nobody looked at the network for 10 ms: look; a timer is overdue: wake an idle P
//! each P: the same slice as 10 ms ago: preempt
//!         in the same system call as at the last round: take it, unless its queue is empty, somebody is idle or
//!         searches, and 10 ms have not passed
//! ```
//!
//! Preempting does not count as something found, so a program that only computes lets sysmon back off.

use super::{Preemption, Rules, Runtime};
use crate::id::ThreadId;
use crate::policy::parts::Ring;
use crate::policy::{Control, Doing, Entry, ThreadView};
use crate::sync::{Ordering, lock};
use crate::time::{Nanos, Time};

/// The longest sleep while every P is idle (Go: half of the period of forced garbage collections).
const DEEP: Nanos = Nanos::from_secs(60);

/// What sysmon remembers.
pub(super) struct Sysmon<E> {
    /// Rounds in a row without a P taken.
    quiet: u32,
    delay: Nanos,
    ticks: Vec<Tick>,
    /// It slept because every P was idle.
    slept_deep: bool,
    /// To look into rings with; nothing is ever put in it.
    eye: Ring<E>,
}

/// What sysmon saw of a P.
#[derive(Clone, Copy, Default)]
struct Tick {
    schedtick: u32,
    sched_when: Time,
    /// Thread and number of the system call.
    call: Option<(ThreadId, u32)>,
    call_when: Time,
}

impl<E> Sysmon<E> {
    pub(super) fn new(rules: &Rules, workers: u16) -> Sysmon<E> {
        let ticks = vec![Tick::default(); workers.into()];
        Sysmon { quiet: 0, delay: rules.sysmon_min, ticks, slept_deep: false, eye: Ring::new(1) }
    }

    /// How long to sleep before the next round.
    fn next_delay(&mut self, rules: &Rules) -> Nanos {
        if self.quiet == 0 {
            self.delay = rules.sysmon_min;
        } else if self.quiet > rules.sysmon_quiet_rounds {
            self.delay = self.delay.times(2);
        }
        self.delay = self.delay.min(rules.sysmon_max);
        self.delay
    }
}

impl<E: Entry> Runtime<E> {
    /// One round. Returns the sleep before the next.
    pub(super) fn look(
        &self,
        sysmon: &mut Sysmon<E>,
        threads: &[ThreadView],
        was_roused: bool,
        ctl: &mut Control<'_, E>,
    ) -> Nanos {
        let (shared, rules) = (&self.shared, &self.shared.rules);
        let now = ctl.world().now();
        if was_roused && sysmon.slept_deep {
            sysmon.quiet = 0;
        }
        if shared.since_poll(now) > rules.netpoll_after {
            shared.polled_network(ctl);
            ctl.world().drive_io();
        }
        if ctl.world().next_timer().is_some_and(|at| at < now) && !ctl.world().driver_is_held() {
            // It should have run: perhaps a P is not stopped. Another one looks.
            shared.wakep(ctl);
        }
        let mut taken = 0;
        for view in threads {
            taken += u32::from(self.look_at(sysmon, view, now, ctl));
        }
        sysmon.quiet = if taken > 0 { 0 } else { sysmon.quiet + 1 };
        let delay = sysmon.next_delay(rules);
        sysmon.slept_deep = shared.idle.awake() == 0;
        if !sysmon.slept_deep {
            return delay;
        }
        self.sysmon_waits.store(true, Ordering::SeqCst);
        let next = ctl.world().next_timer().map_or(DEEP, |at| at.since(now));
        next.min(DEEP).max(delay)
    }

    /// Whether the P was taken.
    fn look_at(&self, sysmon: &mut Sysmon<E>, view: &ThreadView, now: Time, ctl: &mut Control<'_, E>) -> bool {
        let (shared, rules) = (&self.shared, &self.shared.rules);
        let Some(worker) = view.worker.filter(|_| view.doing != Doing::Parked) else { return false };
        let p = &shared.ps[worker.index()];
        let tick = &mut sysmon.ticks[worker.index()];
        let schedtick = p.schedtick.load(Ordering::Relaxed);
        let mut is_overdue = false;
        if tick.schedtick != schedtick {
            (tick.schedtick, tick.sched_when) = (schedtick, now);
        } else if now.since(tick.sched_when) >= rules.slice {
            is_overdue = true;
            self.stop(view, ctl);
        }
        if view.doing != Doing::Blocking {
            return false;
        }
        let call = Some((view.thread, view.calls));
        if !is_overdue && tick.call != call {
            (tick.call, tick.call_when) = (call, now);
            return false;
        }
        // There is no hurry if nothing waits here and somebody else looks out for work.
        let is_empty = sysmon.eye.sees_empty(&p.ring) && lock(&p.runnext).is_none();
        let others = shared.idle.searching() + (shared.ps.len() - shared.idle.awake());
        if is_empty && others > 0 && now.since(tick.call_when) < rules.idle_syscall {
            return false;
        }
        let Some(worker) = ctl.retake(view) else { return false };
        self.hand_off(worker, view.thread, ctl);
        true
    }

    /// The slice is over. Where a poll cannot be stopped (on real threads) the P goes to another thread instead.
    fn stop(&self, view: &ThreadView, ctl: &mut Control<'_, E>) {
        if view.doing != Doing::Polling {
            return;
        }
        match self.shared.rules.preemption {
            Preemption::Asynchronous => {
                if !ctl.world().preempt(view)
                    && let Some(worker) = ctl.retake(view)
                {
                    self.hand_off(worker, view.thread, ctl);
                }
            }
            Preemption::Cooperative => {
                ctl.world().preempt_later(view);
            }
            Preemption::Off => {}
        }
    }
}
