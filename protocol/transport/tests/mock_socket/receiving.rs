//! Frames arrive once, whole and in order, however the bytes come and whenever somebody pauses.

use std::io::ErrorKind;
use std::ops::ControlFlow;

use proptest::prelude::*;
use tertulia_protocol::{FrameError, RawFrame};
use tertulia_transport::{Framed, ReceiveStatus, Received};

use crate::mock::{End, Frame, MockSocket, Step, bytes_of, frames, steps};

const LIMIT: usize = 4096;

/// Far more turns than any schedule here needs: reaching it means that a connection waits for what never comes.
const TURNS_MAX: usize = 200_000;

/// What the owner does in one turn.
#[derive(Clone, Copy, Debug)]
struct Turn {
    /// Does not receive at all.
    paused: bool,
    /// Marks the socket readable without a reason, as a poll may.
    spurious: bool,
    budget: usize,
    /// Stops at so many frames.
    frames_max: usize,
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn =
        (any::<bool>(), any::<bool>(), prop_oneof![1_usize..50, 1_usize..9000], prop_oneof![1_usize..4, Just(9999)])
            .prop_map(|(paused, spurious, budget, frames_max)| Turn { paused, spurious, budget, frames_max });
    prop::collection::vec(turn, 0..8).prop_map(|mut turns| {
        turns.push(Turn { paused: false, spurious: false, budget: 100, frames_max: 3 });
        turns
    })
}

fn receive(framed: &mut Framed<MockSocket>, frames: &mut Vec<Frame>) -> Received {
    framed.receive(&mut [0; 512], usize::MAX, &mut |frame: RawFrame<'_>| {
        frames.push((frame.kind, frame.payload.to_vec()));
        ControlFlow::Continue(())
    })
}

/// Takes the turns round and round until input is over, and checks after each what must always hold.
fn receive_all(
    framed: &mut Framed<MockSocket>,
    turns: &[Turn],
    scratch: &mut [u8],
    boundaries: &[usize],
) -> (Vec<Frame>, ReceiveStatus) {
    let mut frames = Vec::new();
    for turn in turns.iter().cycle().take(TURNS_MAX) {
        let (readable, writable) = framed.socket_mut().event();
        framed.mark(readable || turn.spurious, writable);
        if turn.paused {
            continue;
        }
        let (calls, before) = (framed.socket().read_calls(), frames.len());
        let Received { bytes_read, status } = framed.receive(scratch, turn.budget, &mut |frame| {
            frames.push((frame.kind, frame.payload.to_vec()));
            if frames.len() - before < turn.frames_max { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        assert!(framed.socket().read_calls() - calls <= bytes_read + 1, "every call but the last moved something");
        assert!(bytes_read <= turn.budget);
        match status {
            ReceiveStatus::Drained => {
                assert!(framed.socket().read_blocked(), "only the socket ends a readiness");
                assert!(!framed.can_receive());
            }
            ReceiveStatus::Budget => {
                assert_eq!(bytes_read, turn.budget);
                assert!(framed.can_receive(), "no event will come");
            }
            ReceiveStatus::Stopped => {
                assert_eq!(frames.len() - before, turn.frames_max);
                assert!(!framed.has_partial_frame(), "what is held back is not owed by the peer");
                continue;
            }
            over => return (frames, over),
        }
        assert_eq!(framed.has_partial_frame(), !boundaries.contains(&framed.socket().taken()));
    }
    panic!("waits for an event that never comes, at byte {}", framed.socket().taken());
}

/// Nothing more is read or said, whatever the poll thinks.
fn assert_over(framed: &mut Framed<MockSocket>) {
    let calls = framed.socket().read_calls();
    framed.mark(true, true);
    let mut none = Vec::new();
    assert_eq!(receive(framed, &mut none), Received { bytes_read: 0, status: ReceiveStatus::Drained });
    assert!(none.is_empty() && !framed.can_receive() && !framed.has_partial_frame());
    assert_eq!(framed.socket().read_calls(), calls);
}

fn joined(frames: &[Frame]) -> (Vec<u8>, Vec<usize>) {
    let (mut bytes, mut boundaries) = (Vec::new(), vec![0]);
    for frame in frames {
        bytes.extend(bytes_of(frame));
        boundaries.push(bytes.len());
    }
    (bytes, boundaries)
}

proptest! {
    #[test]
    fn every_frame_arrives_once_and_in_order(
        frames in frames(), reads in steps(), turns in turns(), scratch in 1_usize..600, cut in 0_usize..40,
        end in prop_oneof![Just(End::Eof), Just(End::Reset)],
    ) {
        let (mut bytes, boundaries) = joined(&frames);
        bytes.truncate(bytes.len().saturating_sub(cut));
        let whole = boundaries.iter().filter(|&&boundary| boundary <= bytes.len()).count() - 1;
        let inside_frame = boundaries[whole] < bytes.len();

        let mut framed = Framed::new(MockSocket::new(&bytes, end, &reads, &[]), LIMIT);
        let (got, status) = receive_all(&mut framed, &turns, &mut vec![0; scratch], &boundaries);
        prop_assert_eq!(got.as_slice(), &frames[..whole]);
        prop_assert_eq!(status, match end {
            End::Reset => ReceiveStatus::Failed(ErrorKind::ConnectionReset),
            End::Eof | End::Quiet => ReceiveStatus::Eof { inside_frame },
        });
        assert_over(&mut framed);
    }

    #[test]
    fn frames_in_front_of_broken_bytes_arrive_and_nothing_behind_them(
        good in frames(), reads in steps(), turns in turns(), scratch in 1_usize..600,
        length in prop_oneof![Just(0_u32), (4097_u32..)], behind in frames(),
    ) {
        let (mut bytes, boundaries) = joined(&good);
        bytes.extend(length.to_be_bytes());
        bytes.extend(joined(&behind).0);
        let mut framed = Framed::new(MockSocket::new(&bytes, End::Eof, &reads, &[]), LIMIT);
        let (got, status) = receive_all(&mut framed, &turns, &mut vec![0; scratch], &boundaries);
        prop_assert_eq!(&got, &good);
        let error = match length {
            0 => FrameError::Empty,
            length => FrameError::TooLarge { length: length as usize, limit: LIMIT },
        };
        let first_byte = good.is_empty().then(|| length.to_be_bytes()[0]);
        prop_assert_eq!(status, ReceiveStatus::Broken { error, first_byte });
        assert_over(&mut framed);
    }
}

fn frame(kind: u8) -> Vec<u8> {
    bytes_of(&(kind, vec![1, 2, 3]))
}

/// Regression: one event for the last bytes and the end together. Who takes a short read for "drained" never sees the end.
#[test]
fn an_end_that_came_with_the_last_bytes_needs_no_event_of_its_own() {
    let mut framed = Framed::new(MockSocket::new(&frame(7), End::Eof, &[], &[]), LIMIT);
    let (readable, _) = framed.socket_mut().event();
    framed.mark(readable, false);
    let mut frames = Vec::new();
    assert_eq!(
        receive(&mut framed, &mut frames),
        Received { bytes_read: 8, status: ReceiveStatus::Eof { inside_frame: false } }
    );
    assert_eq!(frames, [(7, vec![1, 2, 3])]);
}

/// Regression: a pause that clears the readiness, or a resumption that waits for an event, hangs for good.
#[test]
fn frames_held_back_come_without_an_event() {
    let bytes = [frame(1), frame(2), frame(3)].concat();
    let mut framed = Framed::new(MockSocket::new(&bytes, End::Quiet, &[], &[]), LIMIT);
    let (readable, _) = framed.socket_mut().event();
    framed.mark(readable, false);
    let mut first = Vec::new();
    let received = framed.receive(&mut [0; 512], 512, &mut |frame| {
        first.push(frame.kind);
        ControlFlow::Break(())
    });
    assert_eq!(received, Received { bytes_read: 24, status: ReceiveStatus::Stopped });
    assert_eq!(first, [1]);
    assert!(framed.can_receive());

    let mut rest = Vec::new();
    assert_eq!(receive(&mut framed, &mut rest), Received { bytes_read: 0, status: ReceiveStatus::Drained });
    assert_eq!(rest.iter().map(|frame| frame.0).collect::<Vec<_>>(), [2, 3]);
    assert!(!framed.can_receive());

    framed.socket_mut().arrive(&frame(4));
    assert!(framed.socket_mut().event().0, "the socket was read until it blocked, so the next bytes bring an event");
}

/// Regression: an owner that reads nothing between two events must find the first of them again.
#[test]
fn a_budget_of_nothing_keeps_the_readiness() {
    let mut framed = Framed::new(MockSocket::new(&frame(1), End::Quiet, &[], &[]), LIMIT);
    framed.mark(true, false);
    let none = &mut |_: RawFrame<'_>| ControlFlow::Continue(());
    assert_eq!(framed.receive(&mut [0; 512], 0, none), Received { bytes_read: 0, status: ReceiveStatus::Budget });
    assert!(framed.can_receive());
    let mut frames = Vec::new();
    assert_eq!(receive(&mut framed, &mut frames).status, ReceiveStatus::Drained);
    assert_eq!(frames.len(), 1);
}

/// Regression: without an event there is nothing to be had, and asking costs a system call for each idle connection.
#[test]
fn an_idle_connection_is_not_read() {
    let mut framed = Framed::new(MockSocket::new(&frame(1), End::Quiet, &[], &[]), LIMIT);
    assert_eq!(receive(&mut framed, &mut Vec::new()), Received { bytes_read: 0, status: ReceiveStatus::Drained });
    assert_eq!(framed.socket().read_calls(), 0);
}

#[test]
fn the_limit_can_be_raised_for_frames_that_are_held_back() {
    let large = (2, vec![9; 5000]);
    let bytes = [frame(1), bytes_of(&large)].concat();
    let mut framed = Framed::new(MockSocket::new(&bytes, End::Quiet, &[Step::Move(100)], &[]), LIMIT);
    framed.mark(true, false);
    let received = framed.receive(&mut [0; 512], 1 << 20, &mut |_| ControlFlow::Break(()));
    assert_eq!(received.status, ReceiveStatus::Stopped);
    framed.set_frame_limit(8192);
    let mut frames = Vec::new();
    assert_eq!(receive(&mut framed, &mut frames).status, ReceiveStatus::Drained);
    assert_eq!(frames, [large]);
}

#[test]
fn a_stranger_is_known_by_the_first_byte() {
    for (bytes, expected) in [(&[0x16, 3, 1, 2, 0, 1][..], 0x16), (b"GET / HTTP/1.1\r\n", b'G'), (&[0; 9], 0)] {
        let mut framed = Framed::new(MockSocket::new(bytes, End::Quiet, &[Step::Move(1)], &[]), LIMIT);
        framed.mark(true, false);
        let status = receive(&mut framed, &mut Vec::new()).status;
        assert!(
            matches!(status, ReceiveStatus::Broken { first_byte: Some(first), .. } if first == expected),
            "{status:?}"
        );
    }
}
