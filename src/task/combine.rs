//! `join!` and `select!` over any number of branches, polled in the order in which they are written: no rotation and
//! no shuffle, so that both worlds do the same.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Polls all branches, in order, until each is done.
pub async fn join_all<F: Future<Output = ()> + Unpin>(branches: Vec<F>) {
    let mut branches: Vec<Option<F>> = branches.into_iter().map(Some).collect();
    poll_fn(|cx| {
        let mut all_done = true;
        for slot in &mut branches {
            let Some(branch) = slot else { continue };
            match Pin::new(branch).poll(cx) {
                Poll::Ready(()) => *slot = None,
                Poll::Pending => all_done = false,
            }
        }
        if all_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Polls all branches, in order, until the first is done; drops the others.
pub async fn select_first<F: Future<Output = ()> + Unpin>(mut branches: Vec<F>) -> usize {
    poll_fn(|cx| {
        for (index, branch) in branches.iter_mut().enumerate() {
            if Pin::new(branch).poll(cx).is_ready() {
                return Poll::Ready(index);
            }
        }
        Poll::Pending
    })
    .await
}
