//! The driver: who waits until when or for which socket, and the system's wait for the first of them.
//!
//! Four parts, each touched on its own:
//!
//! * [`Driver::deadlines`], a mutex: every registration. Never held while a waker is called.
//! * [`Sources`]: the sockets, see there.
//! * [`Turner`], a value: the right to wait in the system's selector. Whoever has it is the driver; it is handed out by
//!   [`Driver::try_take`] and put back. No lock is held while somebody waits.
//! * The alarm, a thread of its own: it stands for the hardware. What is not counted in whole milliseconds (completions
//!   of emulated I/O, timers of a finer grain) interrupts the selector when it is due, as a device would.
//!
//! # No deadline is slept over
//!
//! 1. The driver reads the first deadline and promises to be awake by then, under one hold of the mutex.
//! 2. Who registers an earlier one sees the promise under the same mutex and interrupts the selector.
//! 3. The interrupt is an event of the selector: it counts even before the wait begins.

use std::collections::{BTreeMap, BinaryHeap};
use std::io;
use std::task::Waker;
use std::time::Duration;

use super::clock::Clock;
use super::net::source::Sources;
use crate::id::TaskId;
use crate::sync::{Arc, Condvar, Mutex, Ordering, lock};
use crate::task::Timer;
use crate::time::{Nanos, Time};
use crate::trace::Cause;

/// Who waits outside of every task, in `block_on`: nothing is recorded of such a wait.
pub(super) const NOBODY: TaskId = TaskId(u32::MAX);

/// The selector counts its wait in milliseconds and rounds up. Finer deadlines go through the alarm.
const SELECTOR_GRAIN: Nanos = Nanos::from_millis(1);

/// The selector's name for the interrupt. Sockets have the numbers below.
const INTERRUPT: mio::Token = mio::Token(usize::MAX);

/// Registrations and the way to interrupt the wait.
pub(super) struct Driver {
    turner: Mutex<Place>,
    interrupt: mio::Waker,
    deadlines: Mutex<Deadlines>,
    pub(super) sources: Sources,
    /// Told when the alarm's first time changes, or when it is to end.
    alarm: Condvar,
    /// Timers of this grain are rounded up to it.
    grain: Nanos,
}

/// The right to wait in the selector, with what the wait needs.
pub(super) struct Turner {
    poll: mio::Poll,
    events: mio::Events,
    /// What was found due, in the order in which it fires.
    pub(super) due: Vec<Due>,
    /// Who waits for sockets that became ready.
    pub(super) ready: Vec<Waker>,
}

/// Where the turner is.
enum Place {
    Here(Box<Turner>),
    /// With somebody who looks and does not wait.
    Looks,
    /// With somebody who waits, or is about to.
    Waits,
}

impl Place {
    /// The turner, if it is here; it goes to somebody who does that.
    fn take(&mut self, to: Place) -> Option<Box<Turner>> {
        match std::mem::replace(self, to) {
            Place::Here(turner) => Some(turner),
            elsewhere => {
                *self = elsewhere;
                None
            }
        }
    }
}

impl Turner {
    /// Whether somebody has to be woken.
    pub(super) fn has_news(&self) -> bool {
        !self.due.is_empty() || !self.ready.is_empty()
    }
}

/// A registration that is due.
pub(super) struct Due {
    /// Whose.
    pub(super) timer: Arc<Timer>,
    /// When the task could have run: its deadline, or its registration if that came later.
    pub(super) since: Time,
}

/// Key of a registration: when it fires, then the order of registration.
type Key = (Time, u32);

#[derive(Default)]
struct Deadlines {
    /// With the time of registration. What the selector waits for.
    timers: BTreeMap<Key, (Arc<Timer>, Time)>,
    /// What the alarm waits for.
    exact: BTreeMap<Key, (Arc<Timer>, Time)>,
    order: u32,
    /// The driver will look by itself at this time; `None`: it does not wait, and will look before it does.
    promised: Option<Time>,
    /// When the alarm rings. A registration that was taken back still rings; the driver finds nothing then.
    rings: BinaryHeap<std::cmp::Reverse<Time>>,
    alarm: Alarm,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Alarm {
    /// Nobody needed it yet.
    #[default]
    None,
    Runs,
    /// It is to end, or has ended, or may never start.
    Ended,
}

impl Driver {
    /// A driver that rounds timers up to `grain`.
    pub(super) fn new(grain: Nanos) -> io::Result<Driver> {
        let poll = mio::Poll::new()?;
        let interrupt = mio::Waker::new(poll.registry(), INTERRUPT)?;
        let sources = Sources::new(poll.registry().try_clone()?);
        // So many events at a time, as many as tokio takes by default (`runtime/builder.rs`, nevents).
        let turner = Turner { poll, events: mio::Events::with_capacity(1024), due: Vec::new(), ready: Vec::new() };
        Ok(Driver {
            sources,
            turner: Mutex::new(Place::Here(Box::new(turner))),
            interrupt,
            deadlines: Mutex::new(Deadlines::default()),
            alarm: Condvar::new(),
            grain,
        })
    }

    /// Becomes the driver for a look, if nobody is.
    pub(super) fn try_take(&self) -> Option<Box<Turner>> {
        lock(&self.turner).take(Place::Looks)
    }

    /// Becomes the driver to wait, if nobody waits. A look under way is waited for: it is short, and who only looks may
    /// not come back to the driver before it sleeps, so that nobody would wait for timers and sockets.
    pub(super) fn take_to_wait(&self) -> Option<Box<Turner>> {
        loop {
            let mut place = lock(&self.turner);
            match *place {
                Place::Here(_) => return place.take(Place::Waits),
                Place::Waits => return None,
                Place::Looks => {}
            }
            drop(place);
            std::thread::yield_now();
        }
    }

    /// Whether somebody is the driver.
    pub(super) fn is_held(&self) -> bool {
        !matches!(*lock(&self.turner), Place::Here(_))
    }

    /// Stops being the driver.
    pub(super) fn put_back(&self, turner: Box<Turner>) {
        *lock(&self.turner) = Place::Here(turner);
    }

    /// Interrupts the wait; if nobody waits, the next one.
    pub(super) fn poke(&self) {
        self.interrupt.wake().expect("the selector takes an interrupt as long as it exists");
    }

    /// When a registration fires.
    pub(super) fn fires(&self, timer: &Timer) -> Time {
        if timer.cause == Cause::Timer { timer.due.round_up(self.grain) } else { timer.due }
    }

    /// Takes a registration. True: the alarm has to be started, by [`Driver::ring`] on a thread of its own.
    pub(super) fn arm(&self, timer: &Arc<Timer>, now: Time) -> bool {
        let fires = self.fires(timer);
        let is_exact = timer.cause == Cause::Io || self.grain < SELECTOR_GRAIN;
        let mut deadlines = lock(&self.deadlines);
        let state = &mut *deadlines;
        let order = state.order;
        state.order = order.wrapping_add(1);
        timer.slot.store(order, Ordering::Relaxed);
        if !is_exact {
            state.timers.insert((fires, order), (timer.clone(), now));
            let is_earlier = state.promised.is_some_and(|promised| fires < promised);
            drop(deadlines);
            if is_earlier {
                self.poke();
            }
            return false;
        }
        state.exact.insert((fires, order), (timer.clone(), now));
        let is_first = state.rings.peek().is_none_or(|first| fires < first.0);
        state.rings.push(std::cmp::Reverse(fires));
        let must_start = state.alarm == Alarm::None;
        if must_start {
            state.alarm = Alarm::Runs;
        }
        drop(deadlines);
        if is_first {
            self.alarm.notify_one();
        }
        must_start
    }

    /// The registration is not wanted any more.
    pub(super) fn disarm(&self, timer: &Arc<Timer>) {
        let key = (self.fires(timer), timer.slot.load(Ordering::Relaxed));
        let mut deadlines = lock(&self.deadlines);
        let found = deadlines.timers.remove(&key).or_else(|| deadlines.exact.remove(&key));
        drop(deadlines);
        // Its waker goes outside of the lock.
        drop(found);
    }

    /// When the first registration fires, timer or I/O.
    pub(super) fn next(&self) -> Option<Time> {
        let deadlines = lock(&self.deadlines);
        let firsts = [deadlines.timers.first_key_value(), deadlines.exact.first_key_value()];
        firsts.into_iter().flatten().map(|(&(at, _), _)| at).min()
    }

    /// Moves the I/O that may fire now to `turner.due`, and leaves the timers.
    pub(super) fn collect_io(&self, turner: &mut Turner, clock: Clock) {
        let now = clock.now();
        let mut deadlines = lock(&self.deadlines);
        let is_due = |(key, (timer, _)): &(&Key, &(Arc<Timer>, Time))| key.0 <= now && timer.cause == Cause::Io;
        let due: Vec<Key> = deadlines.exact.iter().filter(is_due).map(|(key, _)| *key).collect();
        for key in due {
            let Some((timer, armed)) = deadlines.exact.remove(&key) else { continue };
            turner.due.push(Due { since: timer.due.max(armed), timer });
        }
    }

    /// Waits until something is due or somebody interrupts; may return without either.
    pub(super) fn wait(&self, turner: &mut Turner, clock: Clock) {
        let first = {
            let mut deadlines = lock(&self.deadlines);
            let first = deadlines.timers.first_key_value().map(|(&(at, _), _)| at);
            deadlines.promised = Some(first.unwrap_or(Time::MAX));
            first
        };
        self.select(turner, first.map(|at| clock.until(at)));
        lock(&self.deadlines).promised = None;
    }

    /// Looks at the sockets without waiting. Not at the selector if there are none: only the interrupt is registered there
    /// then, and one that stays for the next wait only makes that return early.
    pub(super) fn look(&self, turner: &mut Turner) {
        if !self.sources.is_empty() {
            self.select(turner, Some(Duration::ZERO));
        }
    }

    /// The system's wait.
    fn select(&self, turner: &mut Turner, timeout: Option<Duration>) {
        match turner.poll.poll(&mut turner.events, timeout) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => panic!("the selector failed: {error}"),
        }
        for event in turner.events.iter().filter(|event| event.token() != INTERRUPT) {
            self.sources.ready(event, &mut turner.ready);
        }
    }

    /// Moves what may fire now to `turner.due`: timers, then I/O, each in order of time.
    pub(super) fn collect(&self, turner: &mut Turner, clock: Clock) {
        let mut deadlines = lock(&self.deadlines);
        if deadlines.timers.is_empty() && deadlines.exact.is_empty() {
            return;
        }
        Driver::due(&mut deadlines, turner, clock.now());
    }

    fn due(state: &mut Deadlines, turner: &mut Turner, now: Time) {
        for map in [&mut state.timers, &mut state.exact] {
            while let Some(first) = map.first_entry().filter(|first| first.key().0 <= now) {
                let (timer, armed) = first.remove();
                let since = timer.due.max(armed);
                turner.due.push(Due { timer, since });
            }
        }
    }

    /// The alarm's whole life: interrupts the selector at each time that was registered, until [`Driver::close`].
    pub(super) fn ring(&self, clock: Clock) {
        let mut deadlines = lock(&self.deadlines);
        while deadlines.alarm == Alarm::Runs {
            let now = clock.now();
            let mut is_due = false;
            while deadlines.rings.peek().is_some_and(|first| first.0 <= now) {
                deadlines.rings.pop();
                is_due = true;
            }
            if is_due {
                drop(deadlines);
                self.poke();
                deadlines = lock(&self.deadlines);
                continue;
            }
            let next = deadlines.rings.peek().map(|first| first.0);
            deadlines = match next {
                None => self.alarm.wait(deadlines).unwrap_or_else(|poisoned| poisoned.into_inner()),
                Some(at) => {
                    let waited = self.alarm.wait_timeout(deadlines, clock.until(at));
                    waited.unwrap_or_else(|poisoned| poisoned.into_inner()).0
                }
            };
        }
    }

    /// Ends the alarm, and forgets all registrations: their wakers keep tasks, and so the whole runtime, alive.
    pub(super) fn close(&self) {
        let mut deadlines = lock(&self.deadlines);
        let forgotten = std::mem::take(&mut *deadlines);
        deadlines.alarm = Alarm::Ended;
        drop(deadlines);
        self.alarm.notify_all();
        drop(forgotten);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TaskId;

    fn timer(due: u64, cause: Cause) -> Arc<Timer> {
        Timer::new(TaskId(0), Time(due), cause)
    }

    fn due_at(driver: &Driver, turner: &mut Turner, now: u64) -> Vec<u64> {
        Driver::due(&mut lock(&driver.deadlines), turner, Time(now));
        turner.due.drain(..).map(|due| due.timer.due.0).collect()
    }

    #[test]
    fn timers_fire_in_their_grain_and_io_fires_exactly() {
        let driver = Driver::new(Nanos::from_millis(1)).unwrap();
        let mut turner = driver.try_take().unwrap();
        for at in [1_500_000, 1, 1_000_000] {
            driver.arm(&timer(at, Cause::Timer), Time::ZERO);
        }
        driver.arm(&timer(7, Cause::Io), Time::ZERO);
        assert_eq!(due_at(&driver, &mut turner, 6), [0u64; 0]);
        assert_eq!(due_at(&driver, &mut turner, 999_999), [7]);
        assert_eq!(due_at(&driver, &mut turner, 1_000_000), [1, 1_000_000], "equal times in order of registration");
        assert_eq!(due_at(&driver, &mut turner, 1_999_999), [0u64; 0]);
        assert_eq!(due_at(&driver, &mut turner, 2_000_000), [1_500_000]);
        driver.close();
    }

    #[test]
    fn what_is_taken_back_never_fires() {
        let driver = Driver::new(Nanos::from_millis(1)).unwrap();
        let mut turner = driver.try_take().unwrap();
        let (kept, gone) = (timer(5, Cause::Timer), timer(5, Cause::Timer));
        driver.arm(&gone, Time::ZERO);
        driver.arm(&kept, Time::ZERO);
        driver.disarm(&gone);
        Driver::due(&mut lock(&driver.deadlines), &mut turner, Time(1_000_000));
        assert_eq!(turner.due.len(), 1);
        assert!(Arc::ptr_eq(&turner.due[0].timer, &kept));
    }

    #[test]
    fn there_is_one_driver_at_a_time() {
        let driver = Driver::new(Nanos(1)).unwrap();
        let turner = driver.try_take().unwrap();
        assert!(driver.try_take().is_none());
        driver.put_back(turner);
        assert!(driver.try_take().is_some());
    }

    /// The wait has no end of its own: without the interrupt this test hangs.
    #[test]
    fn an_earlier_deadline_interrupts_the_wait() {
        let driver = Driver::new(Nanos::from_millis(1)).unwrap();
        let clock = Clock::start();
        let promised = || lock(&driver.deadlines).promised.is_some();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                let mut turner = driver.try_take().unwrap();
                while turner.due.is_empty() {
                    driver.wait(&mut turner, clock);
                    driver.collect(&mut turner, clock);
                }
            });
            while !promised() {
                std::thread::yield_now();
            }
            driver.arm(&timer(clock.now().0 + 2_000_000, Cause::Timer), clock.now());
            waiter.join().unwrap();
        });
    }

    /// Who found a look under way and slept elsewhere would leave nobody to wait for timers and sockets.
    #[test]
    fn who_is_about_to_wait_waits_for_a_look_and_not_for_another_who_waits() {
        let driver = Arc::new(Driver::new(Nanos::ZERO).unwrap());
        let look = driver.try_take().unwrap();
        let other = driver.clone();
        let sleeper = std::thread::spawn(move || other.take_to_wait().is_some());
        while !sleeper.is_finished() && Arc::strong_count(&driver) < 2 {
            std::thread::yield_now();
        }
        driver.put_back(look);
        assert!(sleeper.join().unwrap(), "it slept without the driver");
        assert!(driver.take_to_wait().is_none(), "somebody waits already");
        assert!(driver.try_take().is_none());
    }
}
