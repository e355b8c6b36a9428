//! What is queued is sent once and in order, however little the socket takes at a time.

use std::io::ErrorKind;
use std::sync::Arc;

use proptest::prelude::*;
use tertulia_transport::{FlushStatus, Flushed, Framed, WRITE_BUDGET_BYTES};

use crate::mock::{MockSocket, Step, pattern, steps};

const LIMIT: usize = 4096;

const TURNS_MAX: usize = 100_000;

/// What the owner does next.
#[derive(Clone, Debug)]
enum Action {
    Queue(Vec<Vec<u8>>),
    Flush,
    Poll,
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let buffer = prop_oneof![3 => 0_usize..10, 1 => 0_usize..300].prop_map(pattern);
    let action = prop_oneof![
        // One behind one that is on its way, and more than a single call can take.
        2 => prop::collection::vec(buffer.clone(), 1..3).prop_map(Action::Queue),
        2 => prop::collection::vec(buffer, 1..90).prop_map(Action::Queue),
        6 => Just(Action::Flush),
        3 => Just(Action::Poll),
    ];
    prop::collection::vec(action, 0..30)
}

fn poll(framed: &mut Framed<MockSocket>) {
    let (readable, writable) = framed.socket_mut().event();
    framed.mark(readable, writable);
}

/// Flushes once, and checks what must always hold.
fn flush(framed: &mut Framed<MockSocket>) -> Flushed {
    let (calls, queued, sent) = (framed.socket().write_calls(), framed.queued_bytes(), framed.socket().sent().len());
    let flushed = framed.flush();
    let written = flushed.bytes_written;
    assert_eq!((framed.queued_bytes(), framed.socket().sent().len()), (queued - written, sent + written));
    assert!(framed.socket().write_calls() - calls <= written + 1, "every call but the last moved something");
    match flushed.status {
        FlushStatus::Empty => assert_eq!(framed.queued_bytes(), 0),
        FlushStatus::Blocked => assert!(framed.socket().write_blocked(), "only the socket ends a readiness"),
        FlushStatus::Budget => assert_eq!(written, WRITE_BUDGET_BYTES),
        FlushStatus::Failed(kind) => panic!("{kind}"),
    }
    assert_eq!(framed.can_flush(), flushed.status == FlushStatus::Budget);
    flushed
}

proptest! {
    #[test]
    fn every_byte_is_sent_once_and_in_order_and_the_end_comes_last(
        actions in actions(), writes in steps(), finish_at in 0_usize..40,
    ) {
        let mut framed = Framed::new(MockSocket::quiet(&writes), LIMIT);
        let mut expected = Vec::new();
        for (at, action) in actions.iter().enumerate() {
            if at == finish_at {
                framed.finish();
            }
            match action {
                Action::Queue(buffers) => for buffer in buffers {
                    framed.queue(Arc::from(buffer.as_slice()));
                    // Once the end is decided, a fan-out that comes late is dropped.
                    if at < finish_at {
                        expected.extend_from_slice(buffer);
                    }
                },
                Action::Flush => prop_assert_eq!(flush(&mut framed).status == FlushStatus::Empty, framed.queued_bytes() == 0),
                Action::Poll => poll(&mut framed),
            }
            prop_assert_eq!(framed.socket().sent().len() + framed.queued_bytes(), expected.len());
            prop_assert!(expected.starts_with(framed.socket().sent()));
        }
        framed.finish();
        let mut turns = 0;
        while !framed.is_finished() {
            poll(&mut framed);
            let _ = flush(&mut framed);
            turns += 1;
            prop_assert!(turns < TURNS_MAX, "waits for an event that never comes");
        }
        prop_assert_eq!(framed.socket().sent(), expected);
        prop_assert_eq!(flush(&mut framed).status, FlushStatus::Empty);
        prop_assert_eq!(framed.socket().shutdowns(), 1);
    }
}

/// Regression: output that waits for a writable event nobody will send, because the socket has been writable all along.
#[test]
fn what_is_queued_goes_out_before_any_event() {
    let mut framed = Framed::new(MockSocket::quiet(&[]), LIMIT);
    framed.queue(Arc::from(*b"hello"));
    assert!(framed.can_flush());
    assert_eq!(flush(&mut framed), Flushed { bytes_written: 5, status: FlushStatus::Empty });
    assert_eq!(framed.socket().write_calls(), 1, "nothing is asked once nothing waits");
}

/// Regression: trying a blocked socket each turn costs a system call for each slow reader and message.
#[test]
fn a_blocked_socket_is_left_alone_until_its_event() {
    let mut framed = Framed::new(MockSocket::quiet(&[Step::Move(2), Step::Block]), LIMIT);
    framed.queue(Arc::from(*b"hello"));
    assert_eq!(flush(&mut framed), Flushed { bytes_written: 2, status: FlushStatus::Blocked });
    framed.queue(Arc::from(*b" you"));
    assert_eq!(flush(&mut framed), Flushed { bytes_written: 0, status: FlushStatus::Blocked });
    assert_eq!(framed.socket().write_calls(), 2);
    poll(&mut framed);
    assert!(framed.can_flush());
    assert_eq!(flush(&mut framed), Flushed { bytes_written: 2, status: FlushStatus::Blocked });
    assert_eq!(framed.socket().sent(), b"hell");
}

/// Regression: one fast receiver with much to get makes everybody else wait.
#[test]
fn a_long_queue_is_sent_in_turns_and_needs_no_event_between_them() {
    let buffer: Arc<[u8]> = Arc::from(vec![7; 100_000]);
    let mut framed = Framed::new(MockSocket::quiet(&[]), LIMIT);
    for _ in 0..6 {
        framed.queue(Arc::clone(&buffer));
    }
    let full = Flushed { bytes_written: WRITE_BUDGET_BYTES, status: FlushStatus::Budget };
    assert_eq!([flush(&mut framed), flush(&mut framed)], [full; 2]);
    assert_eq!(flush(&mut framed).status, FlushStatus::Empty);
    assert_eq!(framed.socket().sent().len(), 600_000);
    assert_eq!(Arc::strong_count(&buffer), 1);
}

#[test]
fn a_failed_write_is_reported_and_a_write_of_nothing_is_a_failure() {
    for (answer, kind) in [(Err(ErrorKind::BrokenPipe), ErrorKind::BrokenPipe), (Ok(0), ErrorKind::WriteZero)] {
        let mut framed = Framed::new(MockSocket::quiet(&[]), LIMIT);
        framed.queue(Arc::from(*b"hello"));
        framed.socket_mut().answer_writes(answer);
        assert_eq!(framed.flush(), Flushed { bytes_written: 0, status: FlushStatus::Failed(kind) });
    }
}
