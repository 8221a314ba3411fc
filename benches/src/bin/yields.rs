//! A fixed number of polls under the policy `tokio` with one worker, for a count of instructions: 100 tasks wake
//! themselves. `scripts/tracing-cost` runs it.
//!
//! ```text
//! yields POLLS-OF-EACH-TASK
//! ```

use std::future::poll_fn;
use std::task::Poll;

use dandori::runtime::Builder;

fn main() {
    let polls: u32 = std::env::args().nth(1).and_then(|polls| polls.parse().ok()).expect("yields POLLS-OF-EACH-TASK");
    let runtime = Builder::new().policy("tokio").workers(1).build().expect("a runtime");
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let mut more = polls;
            runtime.spawn(poll_fn(move |cx| {
                if more == 0 {
                    return Poll::Ready(());
                }
                more -= 1;
                cx.waker().wake_by_ref();
                Poll::Pending
            }))
        })
        .collect();
    runtime.block_on(async {
        for task in tasks {
            task.await.expect("it ends");
        }
    });
}
