//! Waits of tasks that the driver has to end, each under a number.
//!
//! A wait begins in task code, on the desk; the driver knows it from the moment at which the thread has *armed* it, an
//! act of its own. It is over when the driver found it due; its number is free again when the task has seen that, or
//! has forgotten it. Nothing is shared, counted or allocated for it: the table keeps its room.

use std::task::Waker;

use crate::id::TaskId;
use crate::time::Time;
use crate::trace::Cause;

/// One wait.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) task: TaskId,
    pub(super) due: Time,
    pub(super) cause: Cause,
    state: State,
    /// Grows whenever what the driver knows under this number is out of date.
    generation: u32,
    /// Whom to wake; `None`: the task as such.
    waker: Option<Waker>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Nobody waits.
    Free,
    /// Somebody waits.
    Waits,
    /// The driver found it due, and the task has not seen it yet.
    Over,
}

/// All waits.
#[derive(Debug, Default)]
pub(super) struct Waits {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

impl Waits {
    /// A wait begins, of which the task as such will be told. Its number.
    #[inline]
    pub(super) fn add(&mut self, task: TaskId, due: Time, cause: Cause) -> u32 {
        let Some(number) = self.free.pop() else { return self.grow(task, due, cause) };
        let slot = &mut self.slots[number as usize];
        (slot.task, slot.due, slot.cause, slot.state) = (task, due, cause, State::Waits);
        number
    }

    #[inline(never)]
    fn grow(&mut self, task: TaskId, due: Time, cause: Cause) -> u32 {
        let number = u32::try_from(self.slots.len()).expect("fewer waits than records");
        self.slots.push(Slot { task, due, cause, state: State::Waits, generation: 0, waker: None });
        number
    }

    /// The task looks whether its wait is over; if so the number is free.
    #[inline]
    pub(super) fn is_over(&mut self, number: u32) -> bool {
        let slot = &mut self.slots[number as usize];
        debug_assert_ne!(slot.state, State::Free, "a task looks only after a wait of its own");
        if slot.state == State::Waits {
            return false;
        }
        slot.state = State::Free;
        self.free.push(number);
        true
    }

    /// Whether the task as such is told of the end.
    #[inline]
    pub(super) fn wakes_task(&self, number: u32) -> bool {
        self.slots[number as usize].waker.is_none()
    }

    /// From now on this waker is told of the end; what it takes the place of is left in it.
    pub(super) fn keep(&mut self, number: u32, waker: &mut Option<Waker>) {
        std::mem::swap(&mut self.slots[number as usize].waker, waker);
    }

    /// The task does not want it any more. Returns the waker, to be dropped where user code may run.
    pub(super) fn forget(&mut self, number: u32) -> Option<Waker> {
        let slot = &mut self.slots[number as usize];
        debug_assert_ne!(slot.state, State::Free, "a task forgets only a wait of its own");
        slot.generation += 1;
        slot.state = State::Free;
        self.free.push(number);
        slot.waker.take()
    }

    /// The driver found it due: whom to wake.
    #[inline]
    pub(super) fn end(&mut self, number: u32) -> (TaskId, Cause, Option<Waker>) {
        let slot = &mut self.slots[number as usize];
        slot.generation += 1;
        slot.state = State::Over;
        (slot.task, slot.cause, slot.waker.take())
    }

    /// The wait of a number, and its generation.
    #[inline]
    pub(super) fn get(&self, number: u32) -> (&Slot, u32) {
        let slot = &self.slots[number as usize];
        (slot, slot.generation)
    }

    /// Whether a number still means what it meant in this generation.
    #[inline]
    pub(super) fn is_current(&self, number: u32, generation: u32) -> bool {
        self.slots[number as usize].generation == generation
    }
}
