//! Any message that there can be, for the property tests: every variant, every field absent and present, numbers from
//! all the ranges that have heads of their own.

use proptest::{collection::vec, option, prelude::*};
use tertulia_protocol::{
    Cid, ClientFrame, DeviceId, Entry, ErrorCode, Kind, LogId, Nonce, PublicKey, RequestId, RoomId, Rseq, Seq,
    ServerFrame, Signature, UserId, encode, push, reply, request,
};

/// A whole frame of a client.
pub(crate) fn encode_client(frame: &ClientFrame) -> Vec<u8> {
    match frame {
        ClientFrame::Hello(message) => encode(message),
        ClientFrame::Prove(message) => encode(message),
        ClientFrame::Heartbeat(message) => encode(message),
        ClientFrame::Write(message) => encode(message),
        ClientFrame::Pull(message) => encode(message),
        ClientFrame::Sync(message) => encode(message),
        ClientFrame::Resend(message) => encode(message),
    }
}

/// A whole frame of a server.
pub(crate) fn encode_server(frame: &ServerFrame) -> Vec<u8> {
    match frame {
        ServerFrame::Challenge(message) => encode(message),
        ServerFrame::Welcome(message) => encode(message),
        ServerFrame::Error(message) => encode(message),
        ServerFrame::Heartbeat(message) => encode(message),
        ServerFrame::Placed(message) => encode(message),
        ServerFrame::Synced(message) => encode(message),
        ServerFrame::Page(message) => encode(message),
        ServerFrame::Entry(message) => encode(message),
        ServerFrame::Users(message) => encode(message),
        ServerFrame::Presence(message) => encode(message),
    }
}

/// Any frame of a client.
pub(crate) fn client_frame() -> impl Strategy<Value = ClientFrame> {
    let hello = (vec(any::<u16>(), 0..4), bytes(), bytes(), option::of(text()), option::of(text()));
    let write = (
        (any::<u32>(), bytes(), number(), any::<u16>()),
        (option::of(number()), option::of(users()), vec(any::<u8>(), 0..300)),
    );
    prop_oneof![
        hello.prop_map(|(versions, key, nonce, agent, locale)| ClientFrame::Hello(request::Hello {
            versions,
            device_key: PublicKey(key),
            nonce: Nonce(nonce),
            agent,
            locale,
        })),
        (bytes(), option::of(text()))
            .prop_map(|(signature, name)| ClientFrame::Prove(request::Prove { signature: Signature(signature), name })),
        Just(ClientFrame::Heartbeat(request::Heartbeat {})),
        Just(ClientFrame::Resend(request::Resend {})),
        write.prop_map(|((request, cid, room, kind), (target, mentions, body))| ClientFrame::Write(request::Write {
            request: RequestId(request),
            cid: Cid(cid),
            room: RoomId(room),
            kind: Kind(kind),
            target: target.map(Rseq),
            mentions,
            body,
        })),
        (any::<u32>(), number(), number(), number()).prop_map(|(request, room, from, to)| ClientFrame::Pull(
            request::Pull { request: RequestId(request), room: RoomId(room), from: Rseq(from), to: Rseq(to) }
        )),
        (any::<u32>(), number(), option::of(number())).prop_map(|(request, since, after)| ClientFrame::Sync(
            request::Sync { request: RequestId(request), since: Seq(since), users_after: after.map(UserId) }
        )),
    ]
}

/// Any frame of a server.
pub(crate) fn server_frame() -> impl Strategy<Value = ServerFrame> {
    let welcome = (number(), number(), text(), number(), vec((bytes(), number()), 0..3), time(), option::of(text()));
    let error = (option::of(any::<u32>()), any::<u16>(), option::of(vec(text(), 0..3)), text());
    let room = (number(), any::<u16>(), text(), number(), number()).prop_map(|(room, kind, name, head, count)| {
        reply::RoomRow { room: RoomId(room), kind, name, head: Rseq(head), count }
    });
    let synced = (any::<u32>(), number(), vec(room, 0..3), user_rows(), any::<bool>());
    let presence = (number(), option::of(users()), option::of(users()), option::of(users()));
    prop_oneof![
        (any::<u16>(), bytes(), bytes(), bytes()).prop_map(|(version, nonce, key, signature)| {
            let (nonce, server_key, signature) = (Nonce(nonce), PublicKey(key), Signature(signature));
            ServerFrame::Challenge(reply::Challenge { version, nonce, server_key, signature })
        }),
        welcome.prop_map(|(user, device, name, position, lineage, now, agent)| {
            let lineage = lineage.into_iter().map(|(log, from)| reply::Lineage { log: LogId(log), from: Seq(from) });
            ServerFrame::Welcome(reply::Welcome {
                user: UserId(user),
                device: DeviceId(device),
                name,
                position: Seq(position),
                lineage: lineage.collect(),
                now,
                agent,
            })
        }),
        error.prop_map(|(request, code, params, text)| ServerFrame::Error(reply::Error {
            request: request.map(RequestId),
            code: ErrorCode(code),
            params,
            text,
        })),
        number().prop_map(|position| ServerFrame::Heartbeat(push::Heartbeat { position: Seq(position) })),
        (any::<u32>(), number(), number(), number(), time()).prop_map(|(request, seq, rseq, count, at)| {
            let (request, seq, rseq) = (RequestId(request), Seq(seq), Rseq(rseq));
            ServerFrame::Placed(reply::Placed { request, seq, rseq, count, at })
        }),
        synced.prop_map(|(request, position, rooms, users, more_users)| ServerFrame::Synced(reply::Synced {
            request: RequestId(request),
            position: Seq(position),
            rooms,
            users,
            more_users,
        })),
        (any::<u32>(), number(), vec(entry(), 0..4), number()).prop_map(|(request, room, entries, head)| {
            ServerFrame::Page(reply::Page {
                request: RequestId(request),
                room: RoomId(room),
                entries,
                head: Rseq(head),
            })
        }),
        (number(), entry()).prop_map(|(room, entry)| ServerFrame::Entry(push::RoomEntry { room: RoomId(room), entry })),
        user_rows().prop_map(|users| ServerFrame::Users(push::Users { users })),
        presence.prop_map(|(online, whole, came, went)| ServerFrame::Presence(push::Presence {
            online,
            whole,
            came,
            went,
        })),
    ]
}

fn entry() -> impl Strategy<Value = Entry> {
    let places = (number(), number(), number(), time());
    let authors = (number(), number(), any::<u16>());
    let rest = (option::of(number()), option::of(users()), vec(any::<u8>(), 0..100), option::of(bytes()));
    (places, authors, rest).prop_map(
        |((seq, rseq, count, at), (author, device, kind), (target, mentions, body, cid))| Entry {
            seq: Seq(seq),
            rseq: Rseq(rseq),
            count,
            at,
            author: UserId(author),
            device: DeviceId(device),
            kind: Kind(kind),
            target: target.map(Rseq),
            mentions,
            body,
            cid: cid.map(Cid),
        },
    )
}

fn user_rows() -> impl Strategy<Value = Vec<reply::UserRow>> {
    let row = (number(), text()).prop_map(|(user, name)| reply::UserRow { user: UserId(user), name });
    vec(row, 0..4)
}

fn users() -> impl Strategy<Value = Vec<UserId>> {
    vec(number().prop_map(UserId), 0..30)
}

/// Numbers of every length on the wire.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0..24_u64, 24..0x100_u64, 0x100..0x1_0000_u64, 0x1_0000..0x1_0000_0000_u64, any::<u64>()]
}

fn time() -> impl Strategy<Value = i64> {
    prop_oneof![-300..300_i64, 1_700_000_000_000..1_900_000_000_000_i64, any::<i64>()]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[a-zñé ]{1,40}", any::<String>()]
}

fn bytes<const N: usize>() -> impl Strategy<Value = [u8; N]> {
    vec(any::<u8>(), N).prop_map(|bytes| std::array::from_fn(|index| bytes[index]))
}
