//! The log on the disk: acknowledgements per second of one core, the index behind them, a replay, a page from the middle,
//! and searches. Times are CPU times of this process, for wall times are the disk's and the neighbours'. Beside the
//! acknowledgements, on the same disk, Redis with a sync before each of its own, if it is installed.
//!
//! `cargo bench --bench log -- [ENTRIES]`; without a number a million, which takes a minute. It needs about 400 bytes of
//! disk an entry, in the directory for temporary files.
#![expect(clippy::print_stdout, reason = "a bench prints what it found")]
#![expect(clippy::disallowed_methods, reason = "a bench reads clocks and files")]
#![expect(clippy::expect_used, clippy::panic, reason = "a bench that fails is thrown away")]

use std::fmt::Write as _;
use std::path::Path;
use std::sync::{
    Arc,
    mpsc::{self, Receiver},
};
use std::time::{Duration, Instant};

use tertulia_benches::{peers::redis_log::RedisLog, process::Process};
use tertulia_protocol::{Cid, DeviceId, Kind, LogId, PublicKey, RoomId, Seq, UserId, entry::MessageBody};
use tertulia_server::{
    chat::{Chat, admit, body::NameClaim},
    log::{
        Draft, Event, Log as _, Query, Ticket,
        local::LocalLog,
        store::{OpenError, Store},
    },
};

/// What the kernel says this process was charged for.
fn cpu() -> Duration {
    Process::this().cpu().expect("Linux").total
}

/// So many acknowledgements of Redis are enough: it holds everything in memory.
const REDIS_MAX: u64 = 200_000;

struct Bench {
    log: LocalLog,
    woken: Receiver<()>,
    next: u64,
}

impl Bench {
    fn open(path: &Path) -> Self {
        let (sender, woken) = mpsc::channel();
        let store = Store::open(path).expect("the file opens");
        let next = store.last_seq().0;
        let wake = Arc::new(move || {
            // Nobody listens any more once the bench is over.
            let _ = sender.send(());
        });
        Self { log: LocalLog::start(store, wake).expect("the log starts"), woken, next }
    }

    fn wait(&mut self, count: usize) -> Vec<Event> {
        let mut events = Vec::new();
        while events.len() < count {
            self.woken.recv().expect("the log lives");
            self.log.poll(&mut events);
        }
        events
    }

    fn message(&mut self) -> Draft {
        self.next += 1;
        let mut cid = [0; 16];
        cid[..8].copy_from_slice(&self.next.to_be_bytes());
        Draft {
            ticket: Ticket(self.next),
            at: 1_760_000_000_000 + self.next.cast_signed(),
            author: UserId(2),
            device: DeviceId(2),
            cid: Cid(cid),
            room: RoomId(1),
            kind: Kind::MESSAGE,
            target: None,
            mentions: Vec::new(),
            body: MessageBody { text: text(self.next) }.to_bytes(),
        }
    }

    /// Appends so many, with so many of them unanswered at most.
    fn append(&mut self, count: u64, in_flight: u64) {
        let (cpu_before, before) = (cpu(), Instant::now());
        let mut left = count;
        let mut waiting = 0;
        let mut events = Vec::new();
        while left > 0 || waiting > 0 {
            let more = left.min(in_flight - waiting);
            if more > 0 {
                let drafts = (0..more).map(|_| self.message()).collect();
                self.log.append(drafts);
                (left, waiting) = (left - more, waiting + more);
            }
            self.woken.recv().expect("the log lives");
            self.log.poll(&mut events);
            waiting -= events.drain(..).filter(|event| matches!(event, Event::Committed { .. })).count() as u64;
        }
        show("tertulia", (count, in_flight), cpu() - cpu_before, before.elapsed());
    }
}

/// A row of durable acknowledgements.
fn show(name: &str, (count, in_flight): (u64, u64), cpu: Duration, wall: Duration) {
    let per_second = |time: Duration| count as f64 / time.as_secs_f64();
    let (each, per_cpu) = (cpu.as_secs_f64() * 1e6 / count as f64, per_second(cpu));
    println!("{name:<10} {in_flight:>9} {count:>9} {each:>10.2} {per_cpu:>16.0} {:>10.0}", per_second(wall));
}

/// About 100 bytes: common words, less common ones, and a number that nobody else has.
fn text(nth: u64) -> String {
    const COMMON: [&str; 8] = ["hola", "que", "no", "la", "reunión", "café", "mañana", "servidor"];
    let mut text = String::new();
    let mut random = nth.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for _ in 0..10 {
        random = random.rotate_left(17).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let pick = random >> 40;
        let word = match pick % 3 {
            // Never in one message with the other one: the worst that can be looked for together.
            0 if nth.is_multiple_of(2) => "par",
            0 => "impar",
            1 => COMMON[usize::try_from(pick / 3 % 8).expect("small")],
            _ => {
                _ = write!(text, "palabra{} ", pick / 3 % 20_000);
                continue;
            }
        };
        _ = write!(text, "{word} ");
    }
    _ = write!(text, "n{nth}");
    text
}

fn begin(bench: &mut Bench) {
    let claim = NameClaim {
        key: PublicKey([7; 32]),
        name: "Ana".to_owned(),
        folded: "ana".to_owned(),
        skeletons: vec!["ana".to_owned()],
    };
    let genesis = admit::genesis(Ticket(0), 1, Cid([0xff; 16]), LogId([9; 16]));
    let server = Draft { author: UserId(0), device: DeviceId(0), room: RoomId(0), ..bench.message() };
    let claim = Draft { kind: Kind::NAME_CLAIM, body: claim.to_bytes(), cid: Cid([0xfe; 16]), ..server };
    bench.log.append(vec![genesis, claim]);
    bench.wait(2);
    bench.next = 2;
}

fn replay(path: &Path) {
    let before = cpu();
    let mut chat = Chat::new();
    let store = Store::open(path).expect("the file opens");
    store
        .for_each(Seq(1), |entry| {
            chat.apply(entry).expect("it is a log");
            Ok::<(), OpenError>(())
        })
        .expect("it replays");
    println!("{} entries replayed in {:.0?} of CPU", chat.position().0, cpu() - before);
}

fn derive(bench: &mut Bench, path: &Path) {
    let already = done_upto(path);
    let (cpu_before, before) = (cpu(), Instant::now());
    bench.log.derive(Vec::new(), Seq(bench.next));
    while done_upto(path) < Seq(bench.next) {
        // Nothing is told: look again in a while.
        let _ = bench.woken.recv_timeout(Duration::from_millis(200));
    }
    let count = bench.next - already.0;
    let each = (cpu() - cpu_before) / u32::try_from(count.max(1)).unwrap_or(u32::MAX);
    println!("{count} messages indexed behind them: {each:.2?} of CPU each, {:.1?} in all", before.elapsed());
}

fn done_upto(path: &Path) -> Seq {
    let snapshot = tertulia_server::log::store::Snapshot::open(path).expect("the file opens");
    snapshot.derived_upto().expect("it is readable")
}

fn pages(bench: &mut Bench) {
    const ROUNDS: u32 = 500;
    let middle = bench.next / 2;
    let (before, mut longest) = (cpu(), Duration::ZERO);
    for round in 0..ROUNDS {
        let from = middle + u64::from(round) * 211;
        let began = Instant::now();
        bench.log.fetch(Ticket(0), (from..from + 200).rev().map(Seq).collect(), usize::MAX);
        bench.wait(1);
        longest = longest.max(began.elapsed());
    }
    let each = (cpu() - before) / ROUNDS;
    println!("a page of 200 from the middle: {each:.0?} of CPU, the longest took {longest:.1?}");
}

fn search(bench: &mut Bench, words: &str) {
    let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    let mut query = Query { words, rooms: vec![RoomId(1)], ..Query::default() };
    let (cpu_before, mut steps, mut found, mut longest) = (cpu(), 0_u32, 0, Duration::ZERO);
    let mut first = Duration::ZERO;
    loop {
        let began = Instant::now();
        bench.log.search(Ticket(0), query.clone(), 50);
        let Some(Event::Searched { entries, below, .. }) = bench.wait(1).pop() else { panic!("no answer") };
        longest = longest.max(began.elapsed());
        if steps == 0 {
            first = began.elapsed();
        }
        steps += 1;
        found += entries.len();
        query.below = below;
        if below.is_none() || found >= 50 || steps >= 200 {
            break;
        }
    }
    let looked = query.below.map_or("everything".to_owned(), |below| format!("down to {below}"));
    let (words, cpu) = (format!("{:?}", query.words.join(" ")), cpu() - cpu_before);
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "{words:<20} {found:>5} {steps:>5} {:>9.2} {:>10.2} {:>9.2}  {looked}",
        millis(first),
        millis(longest),
        millis(cpu)
    );
}

/// Redis beside us, if it is there.
fn redis(dir: &Path) -> Option<RedisLog> {
    let Some(program) = RedisLog::find() else {
        println!("redis is left out: there is no redis-server on the path");
        return None;
    };
    let data = dir.join("redis");
    std::fs::create_dir(&data).expect("a directory");
    Some(RedisLog::start(&program, &data).expect("redis starts"))
}

fn main() {
    let entries =
        std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000_u64).max(10_000);
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("tertulia.db");
    let mut bench = Bench::open(&path);
    begin(&mut bench);
    println!("durable    in flight     count CPU µs each  per second of CPU per second");
    let redis = redis(dir.path());
    for (count, in_flight) in [(entries / 500, 1), (entries / 20, 100), (entries, 1_000)] {
        let count = count.max(100 * in_flight.min(10)).min(entries.saturating_sub(bench.next));
        bench.append(count, in_flight);
        if let Some(redis) = &redis {
            let count = count.min(REDIS_MAX);
            let took = redis.append(count, in_flight).expect("redis keeps what it is given");
            show("redis", (count, in_flight), took.cpu, took.wall);
        }
    }
    drop(redis);
    derive(&mut bench, &path);
    println!("once more, on top of them:");
    bench.append((entries / 10).max(1_000), 1_000);
    derive(&mut bench, &path);
    pages(&mut bench);
    println!("search               found steps  first ms longest ms    CPU ms  looked through");
    let last = format!("n{}", bench.next / 2);
    for words in [
        "hola",
        &last,
        "palabra77",
        "par impar",
        "par impar x",
        "p",
        "pa",
        "pal",
        "palabra1",
        "zzz",
        "café mañana hola",
    ] {
        search(&mut bench, words);
    }
    drop(bench);
    replay(&path);
}
