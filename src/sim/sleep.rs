//! Parking, waking up, and turns of the driver.

use super::engine::{NO_DESK, Sim};
use super::host::at;
use super::kernel::control;
use super::state::Next;
use crate::id::ThreadId;
use crate::policy::DriverBy;
use crate::task::Host;
use crate::time::{Nanos, Time};
use crate::trace::{Event, Sink, Sleep};

impl Sim {
    pub(super) fn park(&mut self, id: ThreadId, sleep: Sleep) {
        if sleep == Sleep::Poll {
            return self.drive(id);
        }
        let on_driver =
            sleep == Sleep::DriverIfFree && self.shape.driver == DriverBy::ParkedWorker && self.driver_holder.is_none();
        self.threads[id.index()].next = Next::Asleep(on_driver);
        self.recorder.record(Event::Park { sleep: if on_driver { Sleep::DriverIfFree } else { Sleep::Plain } });
        if on_driver {
            self.driver_holder = Some(id);
            self.kernel.driver_is_held = true;
            self.recorder.record(Event::DriverHeld);
        }
    }

    pub(super) fn asleep(&mut self, id: ThreadId, on_driver: bool) -> bool {
        let thread = &mut self.threads[id.index()];
        thread.next = Next::Awake(on_driver);
        if thread.token {
            return true;
        }
        thread.parked = true;
        self.kernel.take_cost(&mut self.recorder);
        self.kernel.off(id, &mut self.recorder);
        if on_driver {
            self.sleep_on_driver(id);
        }
        false
    }

    pub(super) fn sleep_on_driver(&mut self, id: ThreadId) {
        let costs = &self.recorder.costs;
        let (grain, slack, latency) = (Nanos(costs.driver_grain), Nanos(costs.timer_slack), Nanos(costs.wake_latency));
        let waits = &self.desk.as_ref().expect(NO_DESK).waits;
        let until = self.driver.wakes_at(waits, self.kernel.now, grain, slack, latency);
        self.driver.sleeper = Some((id, until.unwrap_or(Time::MAX)));
        if let Some(at) = until {
            self.kernel.resume_at(id, at);
        }
    }

    pub(super) fn awake(&mut self, id: ThreadId, on_driver: bool) -> bool {
        let thread = &mut self.threads[id.index()];
        let by_token = std::mem::take(&mut thread.token);
        self.recorder.record(Event::Unparked { driver: on_driver && !by_token });
        if !on_driver {
            thread.next = Next::Driven(None);
            return true;
        }
        self.turn(id);
        true
    }

    /// One look at timers and I/O, by a thread that has the driver.
    pub(super) fn turn(&mut self, id: ThreadId) {
        let now = self.kernel.now;
        let is_monitor = self.monitor == Some(id);
        let mut woken = 0;
        let mut desk = self.desk.take().expect(NO_DESK);
        loop {
            let next = match is_monitor {
                false => self.driver.next_due(&desk.waits, now),
                true => self.driver.next_due_io(&desk.waits, now),
            };
            let Some(number) = next else { break };
            if woken == 0 {
                self.host.begin(&mut desk, now, None);
            }
            woken += 1;
            let (task, cause, waker) = desk.waits.end(number);
            match waker {
                None => desk.wake(task, cause),
                Some(waker) => {
                    ((), desk) = at(desk, || self.host.wake(waker, cause));
                }
            }
        }
        self.take_up(id, desk);
        self.note_next_timer();
        self.recorder.record(Event::DriverTurn { woken });
        self.threads[id.index()].next = Next::Driven(Some(woken));
    }

    /// A turn without waiting, if nobody else has the driver.
    pub(super) fn drive(&mut self, id: ThreadId) {
        if self.driver_holder.is_some() {
            self.threads[id.index()].next = Next::Driven(None);
        } else {
            self.turn(id);
        }
    }

    pub(super) fn driven(&mut self, id: ThreadId, woken: Option<u32>) -> bool {
        if self.driver_holder == Some(id) && self.shape.driver == DriverBy::ParkedWorker {
            self.driver_holder = None;
            self.kernel.driver_is_held = false;
            self.recorder.record(Event::DriverReleased);
        }
        let thread = &mut self.threads[id.index()];
        thread.next = Next::Decide;
        match &mut thread.seat {
            Some(worker) => {
                let mut ctl = control(&mut self.recorder, &mut self.kernel, None);
                worker.unparked(woken, &mut ctl);
                self.carry_out(id);
            }
            None if self.monitor == Some(id) => thread.next = Next::Nap(thread.watched.pause()),
            None => thread.next = Next::DriverAsleep,
        }
        true
    }

    pub(super) fn driver_loop(&mut self, id: ThreadId) -> bool {
        self.threads[id.index()].token = false;
        if self.driver_holder.is_none() {
            self.driver_holder = Some(id);
            self.kernel.driver_is_held = true;
            self.recorder.record(Event::DriverHeld);
        }
        self.turn(id);
        self.threads[id.index()].next = Next::DriverAsleep;
        true
    }

    pub(super) fn driver_asleep(&mut self, id: ThreadId) -> bool {
        let thread = &mut self.threads[id.index()];
        thread.next = Next::DriverLoop;
        if thread.token {
            return true;
        }
        thread.parked = true;
        self.kernel.take_cost(&mut self.recorder);
        self.kernel.off(id, &mut self.recorder);
        self.sleep_on_driver(id);
        false
    }
}
