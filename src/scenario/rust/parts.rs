//! What a program needs around its tasks: imports, names, lengths, helpers. Only what is used is written.

use super::body::across;
use crate::id::ChannelId;
use crate::scenario::model::Scenario;
use crate::task::MutexKind;
use crate::time::Nanos;

/// What a program uses.
#[derive(Default)]
pub(super) struct Uses {
    pub(super) compute: bool,
    pub(super) sleep: bool,
    pub(super) interval: bool,
    pub(super) spawn: bool,
    pub(super) spawned: bool,
    pub(super) spawn_blocking: bool,
    pub(super) block_in_place: bool,
    pub(super) yield_now: bool,
    pub(super) consume_budget: bool,
    pub(super) wake_self: bool,
    pub(super) measure: bool,
    pub(super) join_all: bool,
    pub(super) aborts: bool,
    pub(super) panics: bool,
    pub(super) block_on: bool,
    pub(super) block_on_naive: bool,
    pub(super) first_waker: bool,
    pub(super) start: bool,
    pub(super) finish: bool,
    /// Channels with receives that move between tasks.
    pub(super) left: Vec<ChannelId>,
    pub(super) select_first: bool,
    pub(super) exponential: bool,
    pub(super) uniform: bool,
    pub(super) lognormal: bool,
    pub(super) pareto: bool,
    pub(super) weighted: bool,
    pub(super) lists: bool,
    pub(super) counters: u32,
}

/// Keywords, and names that a program uses itself.
const TAKEN: &str = "\
    abstract as async await become box break const continue crate do dyn else enum extern false final fn \
    for gen if impl in let loop macro main match mod move mut override priv pub ref return self static \
    struct super trait true try type typeof unsafe unsized use virtual where while yield spawn sleep \
    compute measured wake_self spawn_blocking block_in_place yield_now join_all select_first exponential \
    interval_at consume_budget report draw thread drop panics block_on block_on_naive first_waker start finish \
    uniform lognormal pareto weighted";

/// A name as an identifier; one that is taken gets an underscore.
pub(super) fn name(name: &str) -> String {
    let name = name.replace('-', "_");
    if TAKEN.split_whitespace().any(|taken| taken == name) { format!("{name}_") } else { name }
}

/// The name of a static: channels, mutexes and sockets may have the same name.
fn shout(name: &str, what: &str) -> String {
    format!("{}_", name.replace('-', "_").to_uppercase()).trim_end_matches('_').to_owned() + what
}

/// A channel's static.
pub(super) fn channel(name: &str) -> String {
    shout(name, "_CHANNEL")
}

/// The static of what was started at a channel and left.
pub(super) fn left(name: &str) -> String {
    shout(name, "_LEFT")
}

/// A mutex's static.
pub(super) fn mutex(name: &str) -> String {
    shout(name, "_MUTEX")
}

/// A socket's static.
pub(super) fn socket(name: &str) -> String {
    shout(name, "_SOCKET")
}

/// A length as people write it.
pub(super) fn duration(length: Nanos) -> String {
    let (unit, by) = match length.0 {
        0 => return "Duration::ZERO".to_owned(),
        ns if ns % 1_000_000_000 == 0 => ("secs", 1_000_000_000),
        ns if ns % 1_000_000 == 0 => ("millis", 1_000_000),
        ns if ns % 1_000 == 0 => ("micros", 1_000),
        _ => ("nanos", 1),
    };
    format!("Duration::from_{unit}({})", grouped(length.0 / by))
}

/// `12_345`.
pub(super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && digits.len() > 4 {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

/// Documentation, imports and channels.
pub(super) fn head(scenario: &Scenario, uses: &Uses) -> Vec<String> {
    let (name, policy) = (&scenario.name, &scenario.policy.name);
    let mut out = vec![
        format!("//! Scenario `{name}` as a program for Dandori's runtime, under `{policy}`."),
        "//!".to_owned(),
        "//! Computing is spinning, blocking is sleeping in a thread, operations of the driver are sleeps.".to_owned(),
        String::new(),
        "use std::error::Error;".to_owned(),
        "use std::thread;".to_owned(),
        "use std::time::{Duration, Instant};".to_owned(),
        String::new(),
        "use dandori::runtime::Builder;".to_owned(),
    ];
    let tasks = [
        (true, "BoxFuture"),
        (uses.block_in_place, "block_in_place"),
        (uses.consume_budget, "consume_budget"),
        (uses.join_all, "join_all"),
        (uses.select_first, "select_first"),
        (uses.spawn, "spawn"),
        (uses.spawn_blocking, "spawn_blocking"),
        (uses.yield_now, "yield_now"),
    ];
    let times = [(uses.interval, "MissedTickBehavior"), (uses.interval, "interval_at"), (uses.sleep, "sleep")];
    for (path, names) in [("task", &tasks[..]), ("time", &times[..])] {
        let names: Vec<&str> = names.iter().filter(|(used, _)| *used).map(|(_, name)| *name).collect();
        match names[..] {
            [] => {}
            [one] => out.push(format!("use dandori::{path}::{one};")),
            _ => out.push(format!("use dandori::{path}::{{{}}};", names.join(", "))),
        }
    }
    let mut shared = |name: String, kind: &str, arguments: String| {
        out.push(String::new());
        out.push(format!("static {name}: std::sync::LazyLock<{kind}> ="));
        out.push(format!("    std::sync::LazyLock::new(|| {kind}::new({arguments}));"));
    };
    for spec in &scenario.channels {
        match spec.capacity {
            Some(room) => shared(channel(&spec.name), "Bounded", format!("{room}, {}", spec.ready)),
            None => shared(channel(&spec.name), "Unbounded", spec.ready.to_string()),
        }
    }
    for (id, spec) in scenario.channels.iter().enumerate() {
        if uses.left.iter().any(|left| left.index() == id) {
            shared(left(&spec.name), "Left", "std::collections::VecDeque::new()".to_owned());
        }
    }
    for (index, spec) in scenario.mutexes.iter().enumerate() {
        let kind = match spec.kind {
            MutexKind::Async => "dandori::sync::AsyncMutex::<()>",
            MutexKind::Std if across(scenario, index) => "Lock",
            MutexKind::Std => "std::sync::Mutex::<()>",
        };
        shared(mutex(&spec.name), kind, "()".to_owned());
    }
    for spec in scenario.sockets.iter().filter(|socket| socket.data.is_some()) {
        shared(socket(&spec.name), "Unbounded", "0".to_owned());
    }
    out
}

/// The helpers that a program uses.
pub(super) fn helpers(scenario: &Scenario, uses: &Uses) -> Vec<String> {
    let bounded = scenario.channels.iter().any(|channel| channel.capacity.is_some());
    let unbounded = scenario.channels.iter().any(|channel| channel.capacity.is_none())
        || scenario.sockets.iter().any(|socket| socket.data.is_some());
    let drawn = uses.exponential || uses.uniform || uses.lognormal || uses.pareto || uses.weighted;
    let parts = [
        (uses.compute, COMPUTE),
        (uses.spawned, SPAWNED),
        (uses.aborts, ABORT),
        (uses.panics, PANICS),
        (uses.block_on, BLOCK_ON),
        (uses.block_on_naive, BLOCK_ON_NAIVE),
        (!uses.left.is_empty(), LEFT),
        (uses.start, START),
        (uses.finish, FINISH),
        (uses.first_waker, FIRST_WAKER),
        ((0..scenario.mutexes.len()).any(|index| across(scenario, index)), LOCK),
        (uses.join_all || uses.select_first, BRANCH),
        (uses.wake_self, WAKE_SELF),
        (drawn, DRAW),
        (uses.exponential, EXPONENTIAL),
        (uses.uniform, UNIFORM),
        (uses.lognormal || uses.pareto, LONGEST),
        (uses.lognormal, LOGNORMAL),
        (uses.pareto, PARETO),
        (uses.weighted, WEIGHTED),
        (uses.lists, ROUND),
        (bounded, BOUNDED),
        (unbounded, UNBOUNDED),
        (uses.measure, MEASURED),
    ];
    parts.into_iter().filter(|(used, _)| *used).flat_map(|(_, text)| text.lines().map(str::to_owned)).collect()
}

const COMPUTE: &str = r"
/// Computes for so long, as seen by the clock.
fn compute(length: Duration) {
    let began = Instant::now();
    while began.elapsed() < length {
        std::hint::spin_loop();
    }
}
";

const SPAWNED: &str = r#"
/// Tasks that were spawned and not yet joined.
#[derive(Default)]
struct Spawned(std::sync::Mutex<Vec<dandori::task::JoinHandle<()>>>);

impl Spawned {
    fn push(&self, task: dandori::task::JoinHandle<()>) {
        self.0.lock().expect("nobody panics here").push(task);
    }

    async fn join(&self) {
        let tasks = std::mem::take(&mut *self.0.lock().expect("nobody panics here"));
        for task in tasks {
            drop(task.await);
        }
    }
}
"#;

const ABORT: &str = r#"
impl Spawned {
    fn abort(&self) {
        for task in &*self.0.lock().expect("nobody panics here") {
            task.abort();
        }
    }
}
"#;

const PANICS: &str = r#"
/// Panics, and the compiler need not know.
fn panics() {
    panic!("as the scenario says");
}
"#;

const BLOCK_ON: &str = r"
/// Runs a future to its end. While it waits this thread parks, and its worker with it. It has a token of its own: who else
/// parks on this thread may end its park, but cannot take its wake.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(thread::Thread, std::sync::atomic::AtomicBool);
    impl std::task::Wake for Unpark {
        fn wake(self: std::sync::Arc<Self>) {
            self.1.store(true, std::sync::atomic::Ordering::Release);
            self.0.unpark();
        }
    }
    let unpark = std::sync::Arc::new(Unpark(thread::current(), std::sync::atomic::AtomicBool::new(false)));
    let waker = std::task::Waker::from(unpark.clone());
    let mut cx = std::task::Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        while !unpark.1.swap(false, std::sync::atomic::Ordering::Acquire) {
            thread::park();
        }
    }
}
";

const BLOCK_ON_NAIVE: &str = r"
/// Runs a future to its end. It parks on the thread's token, which is there for all who park on this thread: who else does
/// inside the future takes a wake that was meant for this loop.
fn block_on_naive<F: Future>(future: F) -> F::Output {
    struct Unpark(thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = std::task::Waker::from(std::sync::Arc::new(Unpark(thread::current())));
    let mut cx = std::task::Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        thread::park();
    }
}
";

const LEFT: &str = r"
/// Futures that one task polled once and left for another.
type Left = std::sync::Mutex<std::collections::VecDeque<std::pin::Pin<Box<dyn Future<Output = ()> + Send>>>>;
";

const START: &str = r#"
/// Polls a future once. If it is not done it is left for whoever finishes it.
async fn start(left: &Left, future: impl Future<Output = ()> + Send + 'static) {
    let mut future = Box::pin(future);
    let is_done = std::future::poll_fn(|cx| std::task::Poll::Ready(future.as_mut().poll(cx).is_ready())).await;
    if !is_done {
        left.lock().expect("nobody panics here").push_back(future);
    }
}
"#;

const FINISH: &str = r#"
/// Awaits the future that was left longest, whoever polled it first; if there is none, another one.
async fn finish(left: &Left, other: impl Future<Output = ()>) {
    let oldest = left.lock().expect("nobody panics here").pop_front();
    match oldest {
        Some(future) => future.await,
        None => other.await,
    }
}
"#;

const FIRST_WAKER: &str = r"
/// A future with a mistake: it keeps the waker of its first poll, also when another task polls it later.
async fn first_waker(future: impl Future<Output = ()>) {
    let mut future = std::pin::pin!(future);
    let mut first = None;
    std::future::poll_fn(|cx| {
        let waker: &std::task::Waker = first.get_or_insert_with(|| cx.waker().clone());
        future.as_mut().poll(&mut std::task::Context::from_waker(waker))
    })
    .await;
}
";

const LOCK: &str = r#"
/// A mutex for which threads wait, and that can be held across an await. A task with a guard of std across an await cannot
/// be spawned: that guard must not go to another thread, and the compiler says so.
struct Lock {
    is_held: std::sync::Mutex<bool>,
    is_free: std::sync::Condvar,
}

struct Locked<'a>(&'a Lock);

impl Lock {
    fn new((): ()) -> Lock {
        Lock { is_held: std::sync::Mutex::new(false), is_free: std::sync::Condvar::new() }
    }

    fn lock(&self) -> Locked<'_> {
        let is_held = self.is_held.lock().expect("nobody panics here");
        let free = self.is_free.wait_while(is_held, |is_held| *is_held);
        *free.expect("nobody panics here") = true;
        Locked(self)
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        *self.0.is_held.lock().expect("nobody panics here") = false;
        self.0.is_free.notify_one();
    }
}
"#;

const BRANCH: &str = r"
/// A branch inside one task.
type Branch<'a> = std::pin::Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
";

const WAKE_SELF: &str = r"
/// Wakes its own task and answers Pending once.
async fn wake_self() {
    let mut is_woken = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut is_woken, true) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}
";

const DRAW: &str = r"
/// A number between 0 and 1, never 0 (splitmix64).
fn draw() -> f64 {
    static STATE: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    let mut z = STATE.fetch_add(0x9E37_79B9_7F4A_7C15, std::sync::atomic::Ordering::Relaxed);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64 + f64::EPSILON
}
";

const EXPONENTIAL: &str = r"
/// An exponential length with this mean.
fn exponential(mean: Duration) -> Duration {
    mean.mul_f64(-draw().min(1.0).ln())
}
";

const UNIFORM: &str = r"
/// A length between two, each as likely as the others.
fn uniform(from: Duration, to: Duration) -> Duration {
    from + to.saturating_sub(from).mul_f64(draw().min(1.0))
}
";

const LOGNORMAL: &str = r"
/// A length whose logarithm is normally distributed (Box and Muller).
fn lognormal(median: Duration, sigma: f64) -> Duration {
    let normal = (-2.0 * draw().min(1.0).ln()).sqrt() * (std::f64::consts::TAU * draw()).cos();
    Duration::try_from_secs_f64(median.as_secs_f64() * (sigma * normal).exp()).map_or(LONGEST, |length| length.min(LONGEST))
}
";

const PARETO: &str = r"
/// A length of which few are very long.
fn pareto(least: Duration, alpha: f64) -> Duration {
    let times = draw().min(1.0).powf(-1.0 / alpha);
    Duration::try_from_secs_f64(least.as_secs_f64() * times).map_or(LONGEST, |length| length.min(LONGEST))
}
";

const LONGEST: &str = r"
/// The longest length that is drawn.
const LONGEST: Duration = Duration::from_secs(3_600);
";

const WEIGHTED: &str = r"
/// The index of one of these weights, each as often as it says.
fn weighted(weights: &[u32]) -> usize {
    let mut left = draw().min(1.0) * weights.iter().map(|&weight| f64::from(weight)).sum::<f64>();
    for (index, &weight) in weights.iter().enumerate() {
        left -= f64::from(weight);
        if left <= 0.0 {
            return index;
        }
    }
    weights.len() - 1
}
";

const ROUND: &str = r"
/// Where in a list of lengths a task is.
#[derive(Clone, Default)]
struct Round(std::sync::Arc<std::sync::atomic::AtomicUsize>);

impl Round {
    fn next(&self, lengths: &[Duration]) -> Duration {
        lengths[self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % lengths.len()]
    }
}
";

const BOUNDED: &str = r#"
/// A channel with so many places, from which every task may receive.
struct Bounded {
    sender: dandori::sync::mpsc::Sender<()>,
    receiver: dandori::sync::AsyncMutex<dandori::sync::mpsc::Receiver<()>>,
}

impl Bounded {
    fn new(room: usize, ready: usize) -> Bounded {
        let (sender, receiver) = dandori::sync::mpsc::channel(room);
        for _ in 0..ready {
            sender.try_send(()).expect("there is room for what is ready");
        }
        Bounded { sender, receiver: dandori::sync::AsyncMutex::new(receiver) }
    }

    #[allow(dead_code)]
    async fn send(&self, count: u32) {
        for _ in 0..count {
            self.sender.send(()).await.expect("the receiver lives as long as the channel");
        }
    }

    #[allow(dead_code)]
    async fn recv(&self, count: u32) {
        for _ in 0..count {
            self.receiver.lock().await.recv().await;
        }
    }
}
"#;

const UNBOUNDED: &str = r#"
/// A channel without a limit, from which every task may receive.
struct Unbounded {
    sender: dandori::sync::mpsc::UnboundedSender<()>,
    receiver: dandori::sync::AsyncMutex<dandori::sync::mpsc::UnboundedReceiver<()>>,
}

impl Unbounded {
    fn new(ready: u32) -> Unbounded {
        let (sender, receiver) = dandori::sync::mpsc::unbounded_channel();
        let channel = Unbounded { sender, receiver: dandori::sync::AsyncMutex::new(receiver) };
        channel.send(ready);
        channel
    }

    fn send(&self, count: u32) {
        for _ in 0..count {
            self.sender.send(()).expect("the receiver lives as long as the channel");
        }
    }

    #[allow(dead_code)]
    async fn recv(&self, count: u32) {
        for _ in 0..count {
            self.receiver.lock().await.recv().await;
        }
    }
}
"#;

const MEASURED: &str = r#"
type Measured = std::collections::BTreeMap<&'static str, (u32, Duration)>;

/// What was measured: how often, and the longest.
static MEASURED: std::sync::Mutex<Measured> = std::sync::Mutex::new(Measured::new());

fn measured(label: &'static str, began: Instant) {
    let mut all = MEASURED.lock().expect("nobody panics here");
    let (times, longest) = all.entry(label).or_default();
    *times += 1;
    *longest = began.elapsed().max(*longest);
}

fn report() {
    for (label, (times, longest)) in &*MEASURED.lock().expect("nobody panics here") {
        println!("{label}: {times} times, at most {longest:.1?}");
    }
}
"#;
