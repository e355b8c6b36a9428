//! What the frames cost that everybody sends and receives all day, and what it costs to find them in a stream.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use tertulia_benches::tertulia;
use tertulia_protocol::{
    ClientFrame, DeviceId, Entry, FrameDecoder, HEADER_BYTES, Message, RawFrame, RequestId, RoomId, Rseq, Seq,
    ServerFrame, UserId, encode, encode_into, limits,
    push::RoomEntry,
    reply::{Page, Placed},
    request::Write,
};

/// Entries of a page as a window asks for it when it opens a room.
const PAGE_ENTRIES: u64 = 50;

/// What a server may read at once of a connection that has much to say, in small frames.
const FRAMES: u64 = 256;

/// How TCP cuts a stream of small frames into segments on a usual network, in bytes.
const SEGMENT_BYTES: usize = 1448;

/// An entry far into the life of a server: its numbers are as long as they are in practice.
fn entry(number: u64) -> Entry {
    let Write { kind, target, mentions, body, .. } = tertulia::write(number);
    let (seq, rseq) = (Seq(1_200_000 + number), Rseq(900_000 + number));
    let (author, device) = (UserId(4_711), DeviceId(4_711));
    let at = 1_767_225_600_123;
    Entry { seq, rseq, count: rseq.0, at, author, device, kind, target, mentions, body, cid: None }
}

fn live(number: u64) -> RoomEntry {
    RoomEntry { room: RoomId(1), entry: entry(number) }
}

fn placed() -> Placed {
    let Entry { seq, rseq, count, at, .. } = entry(1);
    Placed { request: RequestId(1_000), seq, rseq, count, at, room: None }
}

fn page() -> Page {
    let entries = (0..PAGE_ENTRIES).map(entry).collect();
    Page {
        request: RequestId(1_000),
        room: RoomId(1),
        entries,
        head: Rseq(900_000 + PAGE_ENTRIES),
        later: None,
        cut: None,
        from: None,
    }
}

/// Encodes as the server does: into memory that is there already.
fn bench_encode<M: Message>(criterion: &mut Criterion, name: &str, message: &M) {
    let mut group = criterion.benchmark_group("encode");
    let mut buffer = Vec::new();
    encode_into(message, &mut buffer);
    group.throughput(Throughput::Bytes(buffer.len() as u64));
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            buffer.clear();
            encode_into(black_box(message), &mut buffer);
            black_box(&buffer);
        });
    });
}

/// Decodes a whole frame, the owned message that comes of it included.
fn bench_decode<T>(criterion: &mut Criterion, name: &str, frame: &[u8], decode: fn(RawFrame<'_>) -> T) {
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Bytes(frame.len() as u64));
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            let frame = black_box(frame);
            black_box(decode(RawFrame { kind: frame[HEADER_BYTES - 1], payload: &frame[HEADER_BYTES..] }))
        });
    });
}

fn messages(criterion: &mut Criterion) {
    let write = tertulia::write(1);
    bench_encode(criterion, "live entry", &live(1));
    bench_encode(criterion, "write", &write);
    bench_encode(criterion, "placed", &placed());
    bench_encode(criterion, "page of 50", &page());
    bench_decode(criterion, "live entry", &encode(&live(1)), ServerFrame::decode);
    bench_decode(criterion, "write", &encode(&write), ClientFrame::decode);
    bench_decode(criterion, "placed", &encode(&placed()), ServerFrame::decode);
    bench_decode(criterion, "page of 50", &encode(&page()), ServerFrame::decode);
}

/// Feeds the pieces one after the other, and counts the frames.
fn cut<'a>(decoder: &mut FrameDecoder, pieces: impl Iterator<Item = &'a [u8]>) -> u64 {
    let mut count = 0;
    for piece in pieces {
        let mut frames = decoder.feed(black_box(piece));
        while let Ok(Some(frame)) = frames.next() {
            black_box(frame);
            count += 1;
        }
    }
    count
}

fn frames(criterion: &mut Criterion) {
    let stream: Vec<u8> = (0..FRAMES).flat_map(|number| encode(&tertulia::write(number))).collect();
    let mut group = criterion.benchmark_group("find frames");
    group.throughput(Throughput::Elements(FRAMES));
    for (name, piece_bytes) in
        [("256, all at once", stream.len()), ("256, in segments", SEGMENT_BYTES), ("256, in sevens", 7)]
    {
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || FrameDecoder::new(limits::FRAME_BYTES_MAX),
                |decoder| assert_eq!(cut(decoder, stream.chunks(piece_bytes)), FRAMES),
                BatchSize::SmallInput,
            );
        });
    }
}

criterion_group!(benches, messages, frames);
criterion_main!(benches);
