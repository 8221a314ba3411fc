//! A socket under way: the n-th read is ready when the n-th piece of data is there.

use std::collections::BTreeSet;

use crate::sync::{Mutex, lock};
use crate::task::Env;
use crate::time::Time;

/// A socket of a run.
#[derive(Debug)]
pub(super) struct Feed {
    /// When each piece arrives, in order; `None`: always ready.
    data: Option<Vec<Time>>,
    reads: Mutex<Reads>,
}

#[derive(Debug, Default)]
struct Reads {
    /// Pieces given to reads so far.
    next: usize,
    /// Pieces whose read was dropped by a `select!`: the next read gets the first of them.
    returned: BTreeSet<usize>,
}

impl Feed {
    pub(super) fn new(data: Option<Vec<Time>>) -> Feed {
        Feed { data, reads: Mutex::default() }
    }

    /// Reads one piece. After the last piece a read waits for ever: nobody holds its waker.
    pub(super) async fn read(&self, env: &Env) {
        let Some(data) = &self.data else { return env.ready().await };
        let mut piece = Piece { feed: self, index: self.take(), done: false };
        match data.get(piece.index) {
            Some(&due) => env.io_until(due).await,
            None => env.forget_waker().await,
        }
        piece.done = true;
    }

    fn take(&self) -> usize {
        let mut reads = lock(&self.reads);
        if let Some(index) = reads.returned.pop_first() {
            return index;
        }
        reads.next += 1;
        reads.next - 1
    }
}

/// A piece of data that a read waits for.
struct Piece<'a> {
    feed: &'a Feed,
    index: usize,
    done: bool,
}

impl Drop for Piece<'_> {
    fn drop(&mut self) {
        if !self.done {
            lock(&self.feed.reads).returned.insert(self.index);
        }
    }
}
