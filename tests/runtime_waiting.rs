//! What tasks wait for in a program: times, each other, sockets. The order is made by the program, never by a pause.

#![expect(clippy::disallowed_methods, reason = "these tests have threads and a clock as a guard against hanging")]

use std::future::{Future, pending, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::real_common::{PATIENCE, running};
use dandori::net::{TcpListener, TcpStream, UdpSocket};
use dandori::runtime::{Builder, Runtime};
use dandori::sync::{AsyncMutex, AsyncRwLock, Notify, Semaphore, broadcast, mpsc, oneshot, watch};
use dandori::task::{self, spawn, unconstrained};
use dandori::time::{MissedTickBehavior, interval, sleep, sleep_until, timeout};
use dandori::trace::{Cause, Event, laws};
use futures::io::{AsyncReadExt, AsyncWriteExt};

const POLICIES: [&str; 5] = ["tokio", "global-queue", "smol", "go", "async-std-monitor"];
const MS: Duration = Duration::from_millis(1);

/// The whole program has so long.
fn run<F>(runtime: &Runtime, program: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    runtime.block_on(timeout_here(runtime, program))
}

fn timeout_here<F>(runtime: &Runtime, program: F) -> impl Future<Output = F::Output> + use<F>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let task = runtime.spawn(program);
    async move { timeout(PATIENCE, task).await.expect("it hangs").expect("it panicked") }
}

fn check<F>(program: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    for name in POLICIES {
        for workers in [1, 2] {
            run(&running(name, workers), program());
        }
    }
}

// ---- Time -----------------------------------------------------------------------------------------------------------------

#[test]
fn real_sleeps_end_and_never_early() {
    check(|| async {
        let start = Instant::now();
        let (sender, mut receiver) = mpsc::unbounded_channel();
        for length in [9, 3, 6] {
            let sender = sender.clone();
            drop(spawn(async move {
                sleep_until(start + MS * length).await;
                sender.send((length, start.elapsed() >= MS * length)).unwrap();
            }));
        }
        drop(sender);
        // In which order they are told depends on the machine; that nobody was early does not.
        let mut told = Vec::new();
        while let Some(length) = receiver.recv().await {
            told.push(length);
        }
        told.sort_unstable();
        assert_eq!(told, [(3, true), (6, true), (9, true)]);
        sleep_until(start).await;
        let far = sleep(Duration::MAX);
        assert!(!far.is_elapsed());
        assert!(timeout(MS, far).await.is_err());
    });
    // Outside of every task.
    let runtime = running("tokio", 1);
    let start = Instant::now();
    runtime.block_on(async { sleep(MS * 2).await });
    assert!(start.elapsed() >= MS * 2);
}

#[test]
fn real_a_sleep_that_is_reset_or_dropped_is_forgotten() {
    check(|| async {
        let start = Instant::now();
        let mut wait = pin!(sleep(PATIENCE * 10));
        assert!(futures::poll!(wait.as_mut()).is_pending());
        wait.as_mut().get_mut().reset(start + MS);
        wait.as_mut().await;
        assert!(wait.is_elapsed() && wait.deadline() == start + MS);
        for _ in 0..1_000 {
            let wait = pin!(sleep(PATIENCE * 10));
            assert!(futures::poll!(wait).is_pending());
        }
    });
}

#[test]
fn real_a_timeout_is_seen_beside_a_future_that_spends_every_budget() {
    // The other policies have no budget.
    run(&running("tokio", 1), async {
        let greedy = poll_fn(|cx| {
            // Something that is always ready, until the budget is empty.
            while pin!(task::consume_budget()).poll(cx).is_ready() {}
            Poll::<()>::Pending
        });
        assert!(timeout(MS * 3, greedy).await.is_err());
        assert_eq!(timeout(Duration::ZERO, async { 1 }).await, Ok(1));
        assert_eq!(timeout(PATIENCE, task::yield_now()).await, Ok(()));
    });
}

#[test]
fn real_an_interval_keeps_its_schedule() {
    check(|| async {
        let mut ticks = interval(MS * 2);
        let first = ticks.tick().await;
        for number in 1..=3 {
            let due = ticks.tick().await;
            assert_eq!(due, first + MS * 2 * number);
            assert!(Instant::now() >= due);
        }
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        // Four periods pass unseen: more than the tolerance of 5 ms.
        std::thread::sleep(MS * 8);
        let late = ticks.tick().await;
        let next = ticks.tick().await;
        assert_eq!(late, first + MS * 8);
        assert!(
            next >= first + MS * 14 && ((next - first).as_nanos() % (MS * 2).as_nanos()) == 0,
            "{:?}",
            next - first
        );
    });
}

// ---- Each other -----------------------------------------------------------------------------------------------------------

#[test]
fn real_messages_arrive_once_and_in_order_and_ends_are_told() {
    check(|| async {
        let (sender, mut receiver) = mpsc::channel(3);
        let sends = spawn(async move {
            for number in 0..1_000u32 {
                sender.send(number).await.unwrap();
            }
        });
        for number in 0..1_000u32 {
            assert_eq!(receiver.recv().await, Some(number));
        }
        assert_eq!(receiver.recv().await, None);
        sends.await.unwrap();
        let (sender, receiver) = oneshot::channel::<u32>();
        drop(sender);
        assert!(receiver.await.is_err());
        let (news, mut seen) = watch::channel(0);
        let (copies, mut copy) = broadcast::channel(2);
        news.send(3).unwrap();
        seen.changed().await.unwrap();
        assert_eq!(*seen.borrow_and_update(), 3);
        for number in 0..5 {
            copies.send(number).unwrap();
        }
        assert_eq!(copy.recv().await, Err(broadcast::RecvError::Lagged(3)));
        assert_eq!(copy.recv().await, Ok(3));
    });
}

#[test]
fn real_locks_permits_and_signals() {
    check(|| async {
        let (lock, table) = (Arc::new(AsyncMutex::new(0u32)), Arc::new(AsyncRwLock::new(0u32)));
        let (permits, most) = (Semaphore::new(2), Arc::new(AtomicU32::new(0)));
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let (lock, table, permits, most) = (lock.clone(), table.clone(), permits.clone(), most.clone());
                spawn(async move {
                    let _permit = permits.acquire().await.unwrap();
                    assert!(most.fetch_add(1, Ordering::SeqCst) < 2);
                    let mut guard = lock.lock().await;
                    let before = *guard;
                    task::yield_now().await;
                    *guard = before + 1;
                    drop(guard);
                    *table.write().await += 1;
                    most.fetch_sub(1, Ordering::SeqCst);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!((*lock.lock().await, *table.read().await), (20, 20));
        let signal = Arc::new(Notify::new());
        let waits = signal.clone();
        let waiter = spawn(async move { waits.notified().await });
        signal.notify_one();
        waiter.await.unwrap();
    });
}

/// Every kind of operation that is always ready: how many in one poll.
#[test]
fn real_every_operation_costs_a_unit_of_budget() {
    let runtime = Builder::new().policy("tokio").workers(1).param("coop_budget", 7).build().unwrap();
    /// Repeats an operation that is ready, until it is not.
    async fn in_one_poll<F: Future>(mut operation: impl FnMut() -> F) -> u32 {
        poll_fn(|cx| {
            let mut done = 0;
            while done < 100 && pin!(operation()).poll(cx).is_ready() {
                done += 1;
            }
            Poll::Ready(done)
        })
        .await
    }
    let count = run(&runtime, async {
        let mut counts = Vec::new();
        let (sender, receiver) = mpsc::channel(200);
        counts.push(in_one_poll(|| sender.send(1)).await);
        task::yield_now().await;
        let receiver = AsyncMutex::new(receiver);
        counts.push(in_one_poll(|| async { receiver.try_lock().unwrap().recv().await }).await);
        task::yield_now().await;
        counts.push(in_one_poll(|| receiver.lock()).await);
        task::yield_now().await;
        let permits = Semaphore::new(5);
        counts.push(in_one_poll(|| permits.acquire()).await);
        task::yield_now().await;
        counts.push(in_one_poll(|| sleep(Duration::ZERO)).await);
        task::yield_now().await;
        let socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let own = socket.local_addr().unwrap();
        socket.send_to(b"x", own).await.unwrap();
        task::yield_now().await;
        counts.push(in_one_poll(|| socket.send_to(b"x", own)).await);
        task::yield_now().await;
        counts.push(in_one_poll(|| unconstrained(task::consume_budget())).await);
        counts
    });
    assert_eq!(count, [7, 7, 7, 7, 7, 7, 100]);
}

// ---- Sockets --------------------------------------------------------------------------------------------------------------

async fn echo(listener: TcpListener, connections: u32) {
    let mut tasks = Vec::new();
    for _ in 0..connections {
        let (stream, _) = listener.accept().await.unwrap();
        tasks.push(spawn(async move {
            let (mut reader, mut writer) = stream.into_split();
            let mut buffer = [0; 1_000];
            loop {
                match reader.read(&mut buffer).await.unwrap() {
                    0 => break,
                    length => writer.write_all(&buffer[..length]).await.unwrap(),
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

/// More than the system buffers, so that both sides wait for room, too.
#[test]
fn real_every_byte_comes_back_on_many_connections() {
    check(|| async {
        let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let server = spawn(echo(listener, 8));
        let clients: Vec<_> = (0..8u8)
            .map(|client| {
                spawn(async move {
                    let stream = TcpStream::connect(address).await.unwrap();
                    let (mut reader, mut writer) = stream.into_split();
                    let sent: Vec<u8> = (0..300_000u32).map(|at| (at as u8).wrapping_mul(client | 1)).collect();
                    let writes = spawn({
                        let sent = sent.clone();
                        async move { writer.write_all(&sent).await.unwrap() }
                    });
                    let mut back = Vec::new();
                    reader.read_to_end(&mut back).await.unwrap();
                    writes.await.unwrap();
                    assert!(back == sent, "client {client}: {} bytes", back.len());
                })
            })
            .collect();
        for client in clients {
            client.await.unwrap();
        }
        server.await.unwrap();
    });
}

/// A read that gets less than it asked for has got all there is, and the next one waits to be told. The end may have been
/// told together with the last bytes, and is not told again.
#[test]
fn real_the_end_is_heard_though_it_came_with_the_last_bytes() {
    check(|| async {
        let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let (mut peer, _) = listener.accept().await.unwrap();
        for round in 0..3 {
            peer.write_all(b"more").await.unwrap();
            let mut buffer = [0; 64];
            assert_eq!(stream.read(&mut buffer).await.unwrap(), 4, "round {round}");
        }
        // Both are there before anybody looks at the sockets again.
        peer.write_all(b"last").await.unwrap();
        drop(peer);
        let mut buffer = [0; 64];
        assert_eq!(stream.read(&mut buffer).await.unwrap(), 4);
        assert_eq!(stream.read(&mut buffer).await.unwrap(), 0);
    });
}

#[test]
fn real_a_connection_that_nobody_takes_is_an_error_and_a_wait_can_be_dropped() {
    check(|| async {
        let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        assert!(timeout(MS, listener.accept()).await.is_err());
        let stream = TcpStream::connect(address).await.unwrap();
        let (accepted, peer) = listener.accept().await.unwrap();
        assert_eq!((stream.local_addr().unwrap(), accepted.local_addr().unwrap()), (peer, address));
        drop((listener, accepted, stream));
        let refused = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    });
}

/// The worker never sleeps: sockets are looked at between polls.
#[test]
fn real_a_socket_is_heard_beside_tasks_that_never_rest() {
    check(|| async {
        let spins = spawn(async {
            loop {
                task::yield_now().await;
            }
        });
        let one = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let two = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let to = two.local_addr().unwrap();
        let waits = spawn(async move {
            let mut buffer = [0; 8];
            two.recv_from(&mut buffer).await.unwrap().0
        });
        task::yield_now().await;
        one.send_to(b"four", to).await.unwrap();
        assert_eq!(waits.await.unwrap(), 4);
        spins.abort();
    });
}

#[test]
fn real_waits_are_in_the_stream_with_their_causes() {
    for name in POLICIES {
        let runtime = Builder::new().policy(name).workers(2).trace(100_000).build().unwrap();
        run(&runtime, async {
            let socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
            let to = socket.local_addr().unwrap();
            let receives = spawn(async move { socket.recv_from(&mut [0; 8]).await.unwrap().0 });
            sleep(MS * 2).await;
            let sender = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
            sender.send_to(b"one", to).await.unwrap();
            receives.await.unwrap();
        });
        drop(runtime.spawn(pending::<()>()));
        runtime.shut_down();
        let recording = runtime.handle().recording(name);
        let report = laws::check(&recording);
        assert!(report.is_clean(), "under {name}: {report:?}");
        let woken_by = |wanted: Cause| {
            recording
                .trace
                .iter()
                .filter(|record| matches!(record.event, Event::Wake { cause, .. } if cause == wanted))
                .count()
        };
        assert!(woken_by(Cause::Timer) >= 1 && woken_by(Cause::Io) >= 1, "under {name}");
        assert!(recording.trace.iter().any(|record| matches!(record.event, Event::Due { cause: Cause::Timer, .. })));
    }
}

// ---- Wakers ---------------------------------------------------------------------------------------------------------------

/// A task polls a future once and gives it to another task: the waker of the first is stale from then on.
async fn moved<F>(future: F, end: impl FnOnce())
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let mut future = Box::pin(future);
    let (give, given) = oneshot::channel();
    let old = Arc::new(AtomicU32::new(0));
    let polls = old.clone();
    let first = spawn(async move {
        assert!(poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await);
        assert!(give.send(future).is_ok());
        poll_fn(|_| {
            polls.fetch_add(1, Ordering::SeqCst);
            Poll::<()>::Pending
        })
        .await;
    });
    let (tell, told) = oneshot::channel();
    let second = spawn(async move {
        let mut future = given.await.expect("it was given");
        let mut tell = Some(tell);
        poll_fn(|cx| {
            let polled = future.as_mut().poll(cx);
            if let Some(tell) = tell.take() {
                assert!(tell.send(()).is_ok());
            }
            polled
        })
        .await;
    });
    told.await.expect("the second task has asked");
    end();
    second.await.expect("it was woken");
    assert_eq!(old.load(Ordering::SeqCst), 1, "the first task is not woken any more");
    first.abort();
}

#[test]
fn real_a_future_that_moves_to_another_task_wakes_only_that_one() {
    check(|| async {
        let (send, receive) = oneshot::channel::<()>();
        moved(receive, || assert!(send.send(()).is_ok())).await;
        moved(sleep(20 * MS), || {}).await;
        let lock = Arc::new(AsyncMutex::new(()));
        let guard = lock.clone().lock_owned().await;
        moved(async move { drop(lock.lock().await) }, || drop(guard)).await;
    });
}
