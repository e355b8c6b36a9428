//! The orderly end: everything queued first, then the peer is told, then what it still says is thrown away.

use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::sync::Arc;

use proptest::prelude::*;
use tertulia_transport::{FlushStatus, Framed, ReceiveStatus, Received};

use crate::mock::{End, MockSocket, Step, bytes_of, steps};

const LIMIT: usize = 4096;

const TURNS_MAX: usize = 100_000;

fn poll(framed: &mut Framed<MockSocket>) {
    let (readable, writable) = framed.socket_mut().event();
    framed.mark(readable, writable);
}

proptest! {
    /// The peer is in the middle of saying something, the socket takes a little at a time, and still both directions
    /// come to their end.
    #[test]
    fn a_connection_on_its_way_out_delivers_everything_and_reads_to_the_end(
        said in prop::collection::vec(any::<u8>(), 0..3000), queued in prop::collection::vec(any::<u8>(), 0..3000),
        reads in steps(), writes in steps(), budget in 1_usize..500,
    ) {
        let mut framed = Framed::new(MockSocket::new(&said, End::Eof, &reads, &writes), LIMIT);
        framed.queue(Arc::from(queued.as_slice()));
        framed.finish();
        let (mut discarded, mut ended, mut turns) = (0, false, 0);
        while !(ended && framed.is_finished()) {
            poll(&mut framed);
            prop_assert!(!matches!(framed.flush().status, FlushStatus::Failed(_)));
            let Received { bytes_read, status } = framed.discard(&mut [0; 64], budget);
            discarded += bytes_read;
            match status {
                ReceiveStatus::Drained => prop_assert!(framed.socket().read_blocked()),
                ReceiveStatus::Budget => prop_assert_eq!(bytes_read, budget),
                ReceiveStatus::Eof { inside_frame: false } => ended = true,
                other => prop_assert!(false, "{other:?}"),
            }
            turns += 1;
            prop_assert!(turns < TURNS_MAX, "waits for an event that never comes");
        }
        prop_assert_eq!(discarded, said.len());
        prop_assert_eq!(framed.socket().sent(), queued);
        prop_assert_eq!(framed.socket().shutdowns(), 1);
    }
}

#[test]
fn the_end_is_told_only_once_everything_is_written() {
    let mut framed = Framed::new(MockSocket::quiet(&[Step::Move(3), Step::Block]), LIMIT);
    framed.queue(Arc::from(*b"hello"));
    framed.finish();
    assert_eq!(framed.flush().status, FlushStatus::Blocked);
    assert_eq!((framed.is_finished(), framed.socket().shutdowns()), (false, 0));
    poll(&mut framed);
    assert_eq!(framed.flush().status, FlushStatus::Empty);
    assert_eq!((framed.is_finished(), framed.socket().shutdowns()), (true, 1));
}

#[test]
fn with_nothing_queued_the_next_flush_tells_the_end() {
    let mut framed = Framed::new(MockSocket::quiet(&[]), LIMIT);
    framed.finish();
    assert!(framed.can_flush());
    assert_eq!(framed.flush().status, FlushStatus::Empty);
    assert!(framed.is_finished() && !framed.can_flush());
    framed.finish();
    assert_eq!(framed.flush().status, FlushStatus::Empty);
    assert_eq!((framed.socket().shutdowns(), framed.socket().write_calls()), (1, 0));
}

#[test]
fn a_peer_that_is_gone_when_the_end_is_told_is_reported() {
    let mut framed = Framed::new(MockSocket::quiet(&[]), LIMIT);
    framed.socket_mut().answer_shutdown(ErrorKind::NotConnected);
    framed.finish();
    assert_eq!(framed.flush().status, FlushStatus::Failed(ErrorKind::NotConnected));
    assert_eq!(framed.flush().status, FlushStatus::Empty, "told once");
}

/// Regression: a peer that has ended its own direction is not gone, and is owed what was queued for it.
#[test]
fn a_peer_that_said_its_last_word_still_gets_its_answer() {
    let mut framed = Framed::new(MockSocket::new(&bytes_of(&(1, vec![])), End::Eof, &[], &[]), LIMIT);
    poll(&mut framed);
    let received = framed.receive(&mut [0; 64], 64, &mut |_| ControlFlow::Continue(()));
    assert_eq!(received.status, ReceiveStatus::Eof { inside_frame: false });
    framed.queue(Arc::from(*b"answer"));
    framed.finish();
    assert_eq!(framed.flush().status, FlushStatus::Empty);
    assert_eq!(framed.socket().sent(), b"answer");
    let again = framed.discard(&mut [0; 64], 64);
    assert_eq!(again.status, ReceiveStatus::Eof { inside_frame: false }, "the end is found again, without an event");
}

#[test]
fn answers_are_still_received_after_the_end_was_told() {
    let mut framed = Framed::new(MockSocket::quiet(&[]), LIMIT);
    framed.finish();
    assert_eq!(framed.flush().status, FlushStatus::Empty);
    framed.socket_mut().arrive(&bytes_of(&(9, vec![1])));
    framed.socket_mut().end(End::Eof);
    poll(&mut framed);
    let mut kinds = Vec::new();
    let received = framed.receive(&mut [0; 64], 64, &mut |frame| {
        kinds.push(frame.kind);
        ControlFlow::Continue(())
    });
    assert_eq!((kinds, received.status), (vec![9], ReceiveStatus::Eof { inside_frame: false }));
}

#[test]
fn what_was_held_back_is_thrown_away_too() {
    let bytes = [bytes_of(&(1, vec![])), bytes_of(&(2, vec![])), vec![0, 0]].concat();
    let mut framed = Framed::new(MockSocket::new(&bytes, End::Quiet, &[], &[]), LIMIT);
    poll(&mut framed);
    let stopped = framed.receive(&mut [0; 64], 64, &mut |_| ControlFlow::Break(()));
    assert_eq!(stopped.status, ReceiveStatus::Stopped);
    assert_eq!(framed.discard(&mut [0; 64], 64), Received { bytes_read: 0, status: ReceiveStatus::Drained });
    let after = framed.receive(&mut [0; 64], 64, &mut |_| panic!("a frame after discarding"));
    assert_eq!(after, Received { bytes_read: 0, status: ReceiveStatus::Drained });
    assert!(!framed.can_receive() && !framed.has_partial_frame());
}
