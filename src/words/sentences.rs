//! What the built-in policies say of their parameters, of what they leave out, and of what they cannot run, in Japanese: by
//! the English sentence, which stands beside the rule that it is about. A policy that is written outside of the crate
//! keeps its own words.

use super::Lang;

/// English and Japanese, in the order of the registry; what several policies say is here once.
const JA: &[(&str, &str)] = &[
    ("How many workers run tasks (tokio: worker_threads).", "タスクを動かすワーカーの数(tokioのworker_threads)。"),
    (
        "A worker looks at timers and I/O at least every so many ticks, even if it has tasks.",
        "タスクがあっても、ワーカーは少なくともこのティック数ごとにタイマーとI/Oを見る。",
    ),
    (
        "A worker looks at the inject queue first every so many ticks; 0: tuned so that 200 us pass.",
        "ワーカーはこのティック数ごとに先にグローバルキューを見る。0なら200 µsになるように調整する。",
    ),
    (
        "A woken task goes to the back of the ring, never into the slot.",
        "起こされたタスクはリングの後ろへ行き、スロットには入らない。",
    ),
    (
        "So many polls from the LIFO slot may follow the first poll of a tick.",
        "1ティックの最初のポーリングに続けて、LIFOスロットから動かせる回数。",
    ),
    (
        "So many tasks fit in a worker's ring; half of it overflows at once.",
        "ワーカーのリングに入るタスクの数。あふれると半分が一度に移る。",
    ),
    (
        "Which half of a full ring goes to the inject queue, together with the new task.",
        "満杯のリングのどちらの半分を、新しいタスクとともにグローバルキューへ移すか。",
    ),
    (
        "So many budgeted operations before a task must yield; 0: no budget.",
        "タスクが譲るまでに使える、数えられる操作の数。0ならバジェットなし。",
    ),
    (
        "A worker that held the driver wakes another one before it polls a task.",
        "ドライバを持っていたワーカーは、タスクをポーリングする前に別のワーカーを起こす。",
    ),
    ("Deadlines are rounded up to multiples of this.", "期限はこの倍数に切り上げる。"),
    (
        "Most threads of the blocking pool, besides one per worker.",
        "ワーカー1個につき1本のほかに、ブロッキングプールが持てるスレッドの最大数。",
    ),
    (
        "A thread of the blocking pool ends after idling this long.",
        "ブロッキングプールのスレッドは、これだけ仕事がなければ終わる。",
    ),
    (
        "The scheduler of which time: it sets every other parameter that is not set, and rules that have none.",
        "どの時代のスケジューラか。設定していないほかの値と、値のない規則を決める。",
    ),
    (
        "There is one driver with one timer wheel; the unstable wheels per worker are left out.",
        "ドライバは一つで、タイマーホイールも一つ。不安定版のワーカーごとのホイールは省く。",
    ),
    (
        "The blocking pool has one queue; the unstable sharded queue is left out.",
        "ブロッキングプールのキューは一つ。不安定版の分割されたキューは省く。",
    ),
    (
        "There is no LocalSet, no current_thread runtime, and no main future polled by the caller of block_on.",
        "LocalSet、current_threadランタイム、block_onの呼び出し側がポーリングするメインのFutureはない。",
    ),
    (
        "A wake on a worker that overflows or wakes another worker takes the inject lock at once, without waiting for it, and a push from outside takes it once instead of twice.",
        "ワーカーの上のwakeは、あふれるときや別のワーカーを起こすとき、グローバルキューのロックを待たずにすぐ取る。外から積むときは2回でなく1回取る。",
    ),
    (
        "Shutdown is the world's business: workers do not take the inject lock at every maintenance to see whether the runtime was closed.",
        "終了は世界の側の仕事。ワーカーは、ランタイムが閉じたかを見るために毎回グローバルキューのロックを取ることはしない。",
    ),
    (
        "A waiter for the inject lock spins while the holder runs, else it sleeps and asks again; spinners get it first come, first served. A real mutex also lets newcomers overtake.",
        "グローバルキューのロックを待つ者は、持ち主が動いている間は回り、そうでなければ眠って再び求める。回る者は来た順に取る。本物のミューテックスでは後から来た者が追い越すこともある。",
    ),
    (
        "On threads, a ring that is being stolen from counts its leaving tasks until the thief is done, so a worker may be woken once more than in tokio.",
        "スレッドでは、盗まれている最中のリングは、盗む側が終わるまで出ていくタスクも数える。そのためtokioより1回多くワーカーを起こすことがある。",
    ),
    (
        "A tick is counted in 64 bits; in tokio it starts again from 0 after 2^32.",
        "ティックは64ビットで数える。tokioでは2^32で0に戻る。",
    ),
    (
        "In 0.2.14 to 0.2.21 an operation that had to wait used up budget, too; here only those that succeed do.",
        "0.2.14から0.2.21では、待つことになった操作もバジェットを使った。ここでは成功した操作だけが使う。",
    ),
    (
        "In the era 2023-slot-cap a task whose budget is used up is deferred, as today; then it was queued at once.",
        "2023-slot-capの時代でも、バジェットを使い切ったタスクは今と同じく後回しになる。当時はすぐにキューへ入った。",
    ),
    (
        "A driver turn wakes everything that is due; tokio takes at most 1024 I/O events per turn.",
        "ドライバは一度に、期限の来たものすべてを起こす。tokioは一度に1024個までのI/Oイベントを取る。",
    ),
    (
        "After so many tasks the thread looks at timers and I/O, even if it has more.",
        "この数のタスクを動かしたら、まだあってもスレッドはタイマーとI/Oを見る。",
    ),
    (
        "Every so many ticks the inject queue comes before the thread's own list.",
        "このティック数ごとに、スレッド自身のリストより先にグローバルキューを見る。",
    ),
    (
        "There is no main future: the thread is always inside block_on and runs spawned tasks only.",
        "メインのFutureはない。スレッドはいつもblock_onの中にいて、生成されたタスクだけを動かす。",
    ),
    (
        "There is no LocalSet, whose tasks would be one task to the scheduler.",
        "LocalSetはない。スケジューラから見れば、そのタスクは全部で一つのタスクになる。",
    ),
    (
        "Every push from outside pays for a wake of the thread, asleep or not, as a write to an eventfd does.",
        "外から積むたびに、眠っていてもいなくても、eventfdへの書き込みのようにスレッドを起こす代償を払う。",
    ),
    (
        "block_in_place panics on a current-thread runtime: there is no other thread to hand the core to",
        "カレントスレッドのランタイムではblock_in_placeがパニックを起こす。コアを渡せる別のスレッドがない。",
    ),
    ("How many workers run tasks (tokio 0.1: pool_size).", "タスクを動かすワーカーの数(tokio 0.1のpool_size)。"),
    (
        "Every so many tasks a worker looks at timers, I/O and the global queue.",
        "この数のタスクごとに、ワーカーはタイマー、I/O、グローバルキューを見る。",
    ),
    (
        "How often a worker that finds nothing gives its CPU to others and looks again before it sleeps.",
        "何も見つからないワーカーは、この回数だけCPUをほかに譲って見直してから休む。",
    ),
    (
        "A worker takes half of another queue, rounded up, but no more than this.",
        "ほかのキューから切り上げた半分を取るが、この数までとする。",
    ),
    (
        "All workers share one driver, held by whoever sleeps; in tokio 0.1 each has its own reactor and timers.",
        "全ワーカーが一つのドライバを共有し、休む者が持つ。tokio 0.1ではそれぞれに自分のリアクタとタイマーがある。",
    ),
    (
        "spawn_blocking stands for a task that does nothing but call blocking(), which tokio 0.1 has instead; a thread that is back from blocking in time takes its worker again.",
        "spawn_blockingは、blocking()を呼ぶだけのタスクを表す。tokio 0.1にあるのはこちら。間に合って戻ったスレッドは自分のワーカーを取り戻す。",
    ),
    (
        "On threads a queue is a list behind a lock, where crossbeam's needs none; in the simulator only thieves queue for it. The stack of sleepers is used without waiting by those who push.",
        "スレッドではキューはロックのあるリスト。crossbeamのものにロックはない。シミュレータでは盗む側だけが並ぶ。積む側は、休む者のスタックを待たずに使う。",
    ),
    (
        "All workers start awake; in tokio 0.1 each is started by the first signal that finds it.",
        "全ワーカーが起きた状態で始まる。tokio 0.1では、最初に届いた合図がそれぞれを始める。",
    ),
    ("There is no coop budget, which came with tokio 0.2.14.", "協調のバジェットはない。tokio 0.2.14で入った。"),
    ("How many threads run tasks (smol: SMOL_THREADS).", "タスクを動かすスレッドの数(smolのSMOL_THREADS)。"),
    ("So many tasks fit in a runner's own ring.", "ランナー自身のリングに入るタスクの数。"),
    (
        "Every so many tasks a runner fetches a batch of the global queue even if it has tasks.",
        "タスクがあっても、ランナーはこの数のタスクごとにグローバルキューからまとめて取る。",
    ),
    (
        "The pool grows while more than so many jobs wait for each idle thread.",
        "空きスレッド1本あたりこの数より多くのジョブが待つ間、プールは大きくなる。",
    ),
    (
        "A thread of its own always looks after timers and I/O. In async-io an idle runner does, and so does each runner every 200 tasks; the thread only helps when nobody did for 10 ms at most.",
        "専用のスレッドがいつもタイマーとI/Oを見る。async-ioでは空いたランナーが見て、どのランナーも200タスクごとに見る。専用のスレッドは、長くて10 ms誰も見なかったときに手伝うだけ。",
    ),
    (
        "The global queue is used by one thread at a time; the real one has no lock, but its ends are contended all the same.",
        "グローバルキューを使えるのは一度に1本のスレッド。本物にロックはないが、両端ではやはり競合する。",
    ),
    (
        "A thief that meets another one at a victim goes on to the next; in the real one both take turns.",
        "盗まれる側で別の盗む側と出会うと、次へ行く。本物では両方が順に盗む。",
    ),
    ("A push notifies without waiting for the lock of the sleepers.", "積むときは、休む者のロックを待たずに通知する。"),
    (
        "There is no coop budget: a task whose input is always ready keeps its thread.",
        "協調のバジェットはない。入力がいつも準備完了のタスクは、スレッドを持ち続ける。",
    ),
    (
        "smol has no block_in_place: blocking work goes to the pool, with unblock",
        "smolにblock_in_placeはない。ブロックする仕事はunblockでプールへ送る。",
    ),
    (
        "What the thread does after a poll that is pending: sleep until woken, or poll again.",
        "Pendingのポーリングの後にスレッドがすること。起こされるまで休むか、もう一度ポーリングするか。",
    ),
    ("With wait = busy, the pause between two polls.", "wait = busyのとき、ポーリングとポーリングの間隔。"),
    (
        "The thread looks at timers and I/O itself, while it sleeps or between busy polls; in futures and pollster they need a thread of their own.",
        "スレッドは休む間やポーリングの合間に、自分でタイマーとI/Oを見る。futuresとpollsterでは専用のスレッドが要る。",
    ),
    (
        "Busy polling is shown as a future that wakes itself at the end of every poll: a wake by somebody else then changes nothing and is not recorded.",
        "休まないポーリングは、毎回の終わりに自分を起こすFutureとして示す。ほかからのwakeは何も変えないので記録しない。",
    ),
    (
        "There is no coop budget: yield_now polls the future again at once.",
        "協調のバジェットはない。yield_nowはすぐにFutureをもう一度ポーリングする。",
    ),
    (
        "A blocking pool stands beside the thread; it starts a thread for every job that finds none idle.",
        "スレッドの横にブロッキングプールがある。空きスレッドのないジョブごとにスレッドを起動する。",
    ),
    (
        "block_on runs exactly one future: there is nobody to run a spawned task",
        "block_onが動かすFutureは一つだけ。生成されたタスクを動かす者がいない。",
    ),
    (
        "there is no other thread that could take over while this one blocks",
        "このスレッドがブロックする間に引き継げる別のスレッドがない。",
    ),
    (
        "block_on is called with its future: nothing can arrive later",
        "block_onは自分のFutureとともに呼ばれる。後から到着するものはない。",
    ),
    ("How many workers take from the queue.", "キューから取るワーカーの数。"),
    (
        "A waiter for the lock spins while the holder runs, else it sleeps and asks again; spinners get it first come, first served. A real mutex also lets newcomers overtake.",
        "ロックを待つ者は、持ち主が動いている間は回り、そうでなければ眠って再び求める。回る者は来た順に取る。本物のミューテックスでは後から来た者が追い越すこともある。",
    ),
    (
        "Timers and I/O are looked after by a thread of its own; deadlines are exact, but it sleeps in whole milliseconds, as epoll counts.",
        "専用のスレッドがタイマーとI/Oを見る。期限は正確だが、epollと同じくミリ秒単位で眠る。",
    ),
    (
        "There is no coop budget: a task whose input is always ready keeps its worker.",
        "協調のバジェットはない。入力がいつも準備完了のタスクは、ワーカーを持ち続ける。",
    ),
    ("How many workers there are, each with a queue.", "キューを一つずつ持つワーカーの数。"),
    (
        "A task has no home: it goes to the queue of the worker on which it is woken.",
        "タスクに決まった場所はない。起こされたワーカーのキューへ行く。",
    ),
    ("A push into a queue never waits for its lock.", "キューへ積むとき、ロックを待つことはない。"),
    (
        "Timers and I/O are looked after by a thread of its own; what it wakes is dealt out in turn.",
        "専用のスレッドがタイマーとI/Oを見る。起こしたものは順に配る。",
    ),
    (
        "How much a worker takes from another one's queue: nothing, one task, or the older half rounded up.",
        "ほかのワーカーのキューから取る量。なし、一つ、または古いほうの半分(切り上げ)。",
    ),
    (
        "Every so many ticks the global queue comes before a worker's own; 0: only when its own is empty.",
        "このティック数ごとに、自分のキューより先にグローバルキューを見る。0なら自分のキューが空のときだけ。",
    ),
    (
        "On threads a queue is a list behind a lock, where a real pool has one that needs none; in the simulator only thieves queue for it.",
        "スレッドではキューはロックのあるリスト。本物のプールのものにロックはない。シミュレータでは盗む側だけが並ぶ。",
    ),
    (
        "A push that wakes somebody takes the lock of the sleepers at once, without waiting for it.",
        "誰かを起こして積むときは、休む者のロックを待たずにすぐ取る。",
    ),
    (
        "Timers and I/O are looked after by a thread of its own, which puts what it wakes in the global queue.",
        "専用のスレッドがタイマーとI/Oを見て、起こしたものをグローバルキューへ入れる。",
    ),
    ("How many cores there are.", "コアの数。"),
    (
        "Every so many ticks a core takes a task that others sent before one of its own.",
        "このティック数ごとに、自分のタスクより先に、ほかから送られたタスクを取る。",
    ),
    (
        "After so many tasks a core lets those come back that yielded, even if it has more.",
        "この数のタスクを動かしたら、まだあってもコアは譲ったタスクを戻す。",
    ),
    (
        "A thread of its own looks after the timers and I/O of all cores, with exact deadlines; in actix and glommio each core looks after its own, between its tasks.",
        "専用のスレッドが全コアのタイマーとI/Oを、正確な期限で見る。actixとglommioでは、各コアがタスクの合間に自分の分を見る。",
    ),
    (
        "What comes from outside goes to the cores in turn; a task that is spawned by a task stays with it.",
        "外から来るものは順にコアへ行く。タスクが生成したタスクはそのコアに残る。",
    ),
    (
        "A push into another core's mailbox never waits for its lock.",
        "ほかのコアの受信箱へ積むとき、ロックを待つことはない。",
    ),
    (
        "There are no shares and no preemption timer of 100 ms, which a glommio task has to ask for itself.",
        "重みも、glommioのタスクが自分で尋ねる100 msのプリエンプションのタイマーもない。",
    ),
    (
        "there is no other thread that could run this core's tasks: they never leave it",
        "このコアのタスクを動かせる別のスレッドはない。タスクはコアを離れない。",
    ),
    (
        "So many tasks have a thread at the same time; the others wait for one of them to end.",
        "同時にスレッドを持てるタスクの数。ほかのタスクは、どれかが終わるのを待つ。",
    ),
    (
        "A task that finds no thread waits for one; with std::thread::spawn it would be an error.",
        "スレッドのないタスクは待つ。std::thread::spawnならエラーになる。",
    ),
    (
        "A thread whose task has ended may take the next one that waits, instead of ending first.",
        "タスクが終わったスレッドは、終わる代わりに次に待つタスクを取ることがある。",
    ),
    (
        "Sleeps and I/O go through a thread that wakes the task's own; in a real program the kernel does it, and the task's thread sleeps in the call.",
        "sleepとI/Oは、タスクのスレッドを起こす別のスレッドを通る。本物のプログラムではカーネルがそれをし、タスクのスレッドは呼び出しの中で眠る。",
    ),
    (
        "yield_now polls the task again at once; sched_yield, which lets another thread run first, is left out.",
        "yield_nowはすぐにタスクをもう一度ポーリングする。先にほかのスレッドを動かすsched_yieldは省く。",
    ),
    (
        "So many operations before a callback must let the loop go on; 0: no limit.",
        "コールバックがループを進めるまでに使える操作の数。0なら制限なし。",
    ),
    (
        "Threads of the pool, all started when it is first used.",
        "プールのスレッドの数。最初に使うときにすべて起動する。",
    ),
    (
        "A wake of one task by another and a spawn are promises, yield_now is setImmediate, and everything that comes from outside the loop is a callback.",
        "タスクが別のタスクを起こすことと生成はPromise、yield_nowはsetImmediate、ループの外から来るものはすべてコールバックとする。",
    ),
    (
        "In one look at the driver timers come before I/O; in libuv they follow it, in the same round.",
        "ドライバを一度見るとき、タイマーがI/Oより先。libuvでは同じ周の中で後に続く。",
    ),
    (
        "The limit counts all budgeted operations of a poll, not only reads of one stream; promises that never wait have no limit in Node.",
        "制限は、一つのストリームの読み取りだけでなく、ポーリング中に数えられる操作すべてを数える。Nodeでは、待たないPromiseに制限はない。",
    ),
    (
        "Close callbacks, idle and prepare handles are left out, and so is the limit of 48 x 1024 events per round.",
        "終了コールバック、idleとprepareのハンドル、1周48 x 1024イベントの制限は省く。",
    ),
    (
        "Slow jobs (name look-ups) may take all threads of the pool; in libuv they get at most half.",
        "遅いジョブ(名前解決)がプールの全スレッドを使うことがある。libuvでは半分まで。",
    ),
    ("there is one loop, and no other thread could run it", "ループは一つで、ほかのスレッドには動かせない。"),
    ("How many Ps there are (Go: GOMAXPROCS).", "Pの数(GoのGOMAXPROCS)。"),
    (
        "How a goroutine whose slice is over is stopped: by a signal (1.14 and later), when it next calls a function (before; a computing stretch is a loop without calls), or not at all (asyncpreemptoff, and no calls).",
        "持ち時間の終わったgoroutineをどう止めるか。シグナルで(1.14以後)、次に関数を呼ぶときに(以前。計算は呼び出しのないループとする)、または止めない(asyncpreemptoffで、呼び出しもない)。",
    ),
    (
        "A time slice: sysmon stops a goroutine once it has seen the same slice for so long.",
        "タイムスライス。sysmonは、同じスライスをこれだけ長く見たgoroutineを止める。",
    ),
    (
        "A P looks at the global queue first every so many slices.",
        "Pはこの数のスライスごとに先にグローバルキューを見る。",
    ),
    (
        "So many goroutines fit in the ring of a P; half of it overflows at once.",
        "Pのリングに入るgoroutineの数。あふれると半分が一度に移る。",
    ),
    (
        "A searcher goes over all Ps so often; in the last pass it looks at timers and takes runnext too.",
        "探索するPが全Pを回る回数。最後の回ではタイマーを見て、runnextも取る。",
    ),
    (
        "A thief waits so long before it takes a runnext, so that the victim can run it.",
        "盗む側は、盗まれる側が自分で動かせるように、runnextを取る前にこれだけ待つ。",
    ),
    (
        "sysmon sleeps so long between two looks while it finds something to do.",
        "することが見つかる間、sysmonが見る合間に眠る長さ。",
    ),
    (
        "After so many quiet looks sysmon sleeps twice as long each time.",
        "何もない確認がこの回数続くと、sysmonが眠る長さは毎回2倍になる。",
    ),
    ("The longest sleep of sysmon while some P is busy.", "動いているPがある間、sysmonが眠る最大の長さ。"),
    (
        "A P whose queue is empty is left in its system call for so long if another one is idle or searches.",
        "キューが空のPは、ほかに空きか探索中のPがあれば、これだけの間システムコールの中に残す。",
    ),
    (
        "sysmon looks at the network if nobody has for so long.",
        "誰もこれだけの間ネットワークを見なければ、sysmonが見る。",
    ),
    (
        "Most threads (Go: debug.SetMaxThreads, where one more ends the program; here a P waits for one).",
        "スレッドの最大数(Goのdebug.SetMaxThreads。Goでは超えるとプログラムが終わるが、ここではPが待つ)。",
    ),
    (
        "On real threads a future that is polled cannot be stopped: where Go preempts a goroutine, the P is handed to another thread, and the poll goes on beside it until it ends by itself. With cooperative preemption, or none, nothing happens there.",
        "実スレッドでは、ポーリング中のFutureを止められない。Goがgoroutineを中断する所ではPが別のスレッドへ渡り、ポーリングはその横で自分で終わるまで続く。協調的なプリエンプション、またはなしでは、何も起きない。",
    ),
    (
        "On real threads a task that comes back from a system call and finds no P goes on without one; in Go it would queue.",
        "実スレッドでは、システムコールから戻ってPのないタスクは、Pなしで続く。Goでは並ぶ。",
    ),
    (
        "Every blocking call of a task counts as a system call, which Go announces: there are no calls into C that do not, and no page faults.",
        "タスクのブロッキング呼び出しは、Goが告げるシステムコールとして数える。告げないCの呼び出しやページフォルトはない。",
    ),
    (
        "An idle P keeps its thread, unless it was idle when it was taken. So a goroutine whose P is gone takes an idle P only if no thread sleeps with it.",
        "空いたPは、取られたときに空いていたのでなければ、スレッドを持ち続ける。そのためPを失ったgoroutineが空いたPを取るのは、それとともに眠るスレッドがないときだけ。",
    ),
    (
        "There is one heap of timers for all Ps, looked at on every decision; in Go each P has its own, and others look at it when they steal.",
        "全Pに一つのタイマーヒープがあり、決定のたびに見る。GoではPごとにあり、ほかのPは盗むときに見る。",
    ),
    (
        "Whatever a look at the network wakes goes through runnext and the ring of the P that looked; Go puts one goroutine for each idle P on the global queue.",
        "ネットワークを見て起こしたものは、見たPのrunnextとリングを通る。Goは空いたPの数だけgoroutineをグローバルキューへ入れる。",
    ),
    (
        "All Ps have a thread when the run begins, where Go starts them as it needs them.",
        "始まりには全Pにスレッドがある。Goは必要になったときに起動する。",
    ),
    (
        "A wake on a P, and sysmon, take the lock of the scheduler at once, without waiting for it.",
        "Pの上のwakeとsysmonは、スケジューラのロックを待たずにすぐ取る。",
    ),
    (
        "There is no garbage collector, no stop of the world, no LockOSThread, and no goroutine of the runtime itself.",
        "ガベージコレクタ、全体の停止、LockOSThread、ランタイム自身のgoroutineはない。",
    ),
    (
        "A switch costs what a poll costs: a goroutine's stack is not modelled.",
        "切り替えの代償はポーリングと同じ。goroutineのスタックはモデルにない。",
    ),
    (
        "Go has no pool for blocking calls: a goroutine simply blocks, and its P goes to another thread",
        "Goにブロッキング呼び出しのプールはない。goroutineがそのままブロックし、Pは別のスレッドへ行く。",
    ),
    (
        "Go announces every system call by itself: a goroutine simply blocks",
        "Goはシステムコールを自分で告げる。goroutineはそのままブロックする。",
    ),
    ("How many processors there are.", "プロセッサの数。"),
    (
        "So many tasks in a row may run from the slot before the queue has its turn.",
        "キューの番が来るまでに、スロットから続けて動かせるタスクの数。",
    ),
    (
        "A worker that finds nothing yields its thread so often before it naps.",
        "何も見つからないワーカーは、仮眠の前にこの回数だけスレッドを譲る。",
    ),
    ("It naps so often before it sleeps until it is notified.", "通知されるまで休む前に、この回数だけ仮眠する。"),
    ("How long a nap is.", "仮眠の長さ。"),
    (
        "Most threads for blocking jobs (async-std has no limit).",
        "ブロックするジョブのスレッドの最大数(async-stdに制限はない)。",
    ),
    (
        "A thread for blocking jobs ends after idling this long.",
        "ブロックするジョブのスレッドは、これだけ仕事がなければ終わる。",
    ),
    (
        "The queues have locks where crossbeam's have none; a thief that finds somebody there counts as refused.",
        "キューにロックがある。crossbeamのものにはない。そこで誰かと出会った盗む側は、断られたと数える。",
    ),
    (
        "A worker without work computes through its yields and short sleeps instead of leaving its CPU.",
        "仕事のないワーカーは、CPUを離れずに、譲りと短い眠りの間も計算する。",
    ),
    (
        "Timers and I/O are looked after by one thread; async-std has one for each.",
        "タイマーとI/Oは1本のスレッドが見る。async-stdではそれぞれに1本ある。",
    ),
    (
        "The worker that has slept longest is notified; a condition variable wakes any.",
        "通知されるのは最も長く休んだワーカー。条件変数ではどれが起きるか決まっていない。",
    ),
    (
        "Surplus threads for blocking jobs idle until their time is over; in async-std they end at once.",
        "余ったジョブ用のスレッドは、時間が終わるまで待つ。async-stdではすぐに終わる。",
    ),
    (
        "async-std has no block_in_place: a processor never leaves its thread",
        "async-stdにblock_in_placeはない。プロセッサはスレッドを離れない。",
    ),
    (
        "The monitor sleeps so long between two looks while it finds something to do.",
        "することが見つかる間、モニタが見る合間に眠る長さ。",
    ),
    ("The longest sleep of the monitor.", "モニタが眠る最大の長さ。"),
    (
        "After more than so many looks without a new machine the monitor sleeps twice as long each time.",
        "新しいマシンのない確認がこの回数を超えると、モニタが眠る長さは毎回2倍になる。",
    ),
    (
        "After so many tasks in a row a machine looks at the reactor and the injector, and empties its slot.",
        "この数のタスクを続けて動かすと、マシンはリアクタとグローバルキューを見て、スロットを空にする。",
    ),
    (
        "A machine that finds nothing yields its thread so often before it naps.",
        "何も見つからないマシンは、仮眠の前にこの回数だけスレッドを譲る。",
    ),
    ("It naps so often before it waits in the reactor or ends.", "リアクタで待つか終わる前に、この回数だけ仮眠する。"),
    (
        "Most threads (the pull request has no limit); beyond it a processor waits for one.",
        "スレッドの最大数(プルリクエストに制限はない)。超えるとプロセッサが待つ。",
    ),
    (
        "A task that wakes itself counts as one that yields: its slot is emptied when the machine's loop comes round.",
        "自分を起こしたタスクは、譲ったタスクとして数える。スロットは、マシンのループが一周したときに空になる。",
    ),
    (
        "The last search under the scheduler's lock only looks whether there is something; the task is then taken as always.",
        "スケジューラのロックの下での最後の探索は、何かあるかを見るだけ。タスクはその後いつものように取る。",
    ),
    (
        "In the simulator the monitor has a CPU as soon as it wakes. On Linux it may wait for a tick of up to 4 ms beside threads that compute; then jobs of 2 ms are never seen twice, and W4 starts next to no threads.",
        "シミュレータのモニタは、起きるとすぐにCPUを持つ。Linuxでは、計算するスレッドの横で最大4 msのティックを待つことがある。そのとき2 msのジョブは2回見られることがなく、W4はほとんどスレッドを起動しない。",
    ),
    (
        "On real threads the worker lies behind a lock during each poll, so that the monitor can take it: polls cost some 30 ns more than without.",
        "実スレッドでは、モニタが取れるように、ポーリング中のワーカーはロックの後ろにある。ポーリングはそれがないときより約30 ns長くかかる。",
    ),
    (
        "pull request 631 removed spawn_blocking: a task simply blocks and the monitor takes care of it",
        "プルリクエスト631はspawn_blockingをなくした。タスクがそのままブロックし、モニタが面倒を見る。",
    ),
    (
        "async-std has no block_in_place: a task simply blocks and the monitor takes care of it",
        "async-stdにblock_in_placeはない。タスクがそのままブロックし、モニタが面倒を見る。",
    ),
    ("How many workers run tasks.", "タスクを動かすワーカーの数。"),
    (
        "A thread is stuck once it has been seen in the same poll for so long.",
        "これだけの間同じポーリングの中に見えたスレッドを、止まったものとする。",
    ),
    (
        "The monitor sleeps so long between two looks while there is something to find.",
        "見つかるものがある間、モニタが見る合間に眠る長さ。",
    ),
    (
        "It goes on looking for so long after there was something to find, then sleeps until it is roused.",
        "見つかるものがあった後もこれだけ見続け、それから呼ばれるまで眠る。",
    ),
    (
        "So many threads per worker may compute without a worker; a stuck one beyond that keeps its worker.",
        "ワーカー1個につき、この本数のスレッドがワーカーなしで計算してよい。それを超えて止まったものはワーカーを持ち続ける。",
    ),
    (
        "A sleeping worker is woken for waiting tasks that would last so long.",
        "待つタスクがこれだけ続くと見込まれるとき、休むワーカーを起こす。",
    ),
    (
        "Tasks whose polls are shorter than this are left where they are.",
        "ポーリングがこれより短いタスクは、元の場所に残す。",
    ),
    (
        "A worker that leaves the driver to poll wakes nobody to take it over.",
        "ドライバを離れてポーリングするワーカーは、引き継ぐ者を起こさない。",
    ),
    (
        "A worker looks at the inject queue first every so many passes.",
        "ワーカーはこの周回数ごとに先にグローバルキューを見る。",
    ),
    (
        "So many polls in a row may come from the slot while the ring has something.",
        "リングに何かある間、スロットから続けてポーリングできる回数。",
    ),
    (
        "So many tasks fit in a worker's ring; one more goes to the inject queue.",
        "ワーカーのリングに入るタスクの数。次の一つはグローバルキューへ行く。",
    ),
    (
        "Whether a thread computes or sleeps is asked of the system, and known on Linux only: elsewhere each stuck thread counts as one that sleeps, so jobs that compute may take as many threads as the pool has.",
        "スレッドが計算中か眠っているかはシステムに尋ね、Linuxでだけ分かる。ほかでは止まったスレッドをすべて眠るものと数えるので、計算するジョブがプールの全スレッドを使うことがある。",
    ),
    (
        "A thread is asked at one moment: one that computes but waits for the disk just then counts as asleep until it is asked again.",
        "スレッドには一瞬だけ尋ねる。計算中でも、そのときディスクを待っていれば、次に尋ねるまで眠るものと数える。",
    ),
    (
        "As many tasks that compute without end as may compute without a worker leave nothing for tasks that were not started yet; what timers, I/O and other such tasks wake goes on.",
        "終わりなく計算するタスクが、ワーカーなしで計算してよい数だけあると、まだ始まっていないタスクには何も残らない。タイマー、I/O、そうしたほかのタスクが起こすものは続く。",
    ),
    (
        "A task that was woken from elsewhere than a worker waits with the new ones while workers start nothing new.",
        "ワーカー以外から起こされたタスクは、ワーカーが新しいものを始めない間、新しいタスクとともに待つ。",
    ),
    (
        "A wake on a worker that wakes another one takes the inject lock at once, without waiting for it.",
        "別のワーカーを起こすワーカーの上のwakeは、グローバルキューのロックを待たずにすぐ取る。",
    ),
];

/// A sentence of a policy's description in a language.
#[must_use]
pub fn sentence(lang: Lang, english: &'static str) -> &'static str {
    match lang {
        Lang::En => english,
        Lang::Ja => JA.iter().find(|(en, _)| *en == english).map_or(english, |(_, ja)| ja),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::policy::Registry;

    #[test]
    fn every_parameter_assumption_and_refusal_is_said_in_japanese_and_nothing_else_is() {
        let mut said = BTreeSet::new();
        for policy in Registry::standard().iter() {
            let spec = &policy.spec;
            let params = spec.params.iter().map(|param| param.what);
            let assumptions = spec.assumptions.iter().map(|assumption| assumption.text);
            for english in params.chain(assumptions).chain(spec.refuses.iter().map(|refusal| refusal.reason)) {
                said.insert(english);
                let japanese = sentence(Lang::Ja, english);
                assert_ne!(japanese, english, "{}: there is no Japanese for: {english}", spec.name);
                assert!(japanese.ends_with('。'), "{japanese}");
            }
        }
        let stale: Vec<&str> = JA.iter().map(|(en, _)| *en).filter(|en| !said.contains(en)).collect();
        assert!(stale.is_empty(), "no policy says: {stale:#?}");
    }
}
