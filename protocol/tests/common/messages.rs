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
        ClientFrame::Mark(message) => encode(message),
        ClientFrame::Browse(message) => encode(message),
        ClientFrame::Members(message) => encode(message),
        ClientFrame::Search(message) => encode(message),
        ClientFrame::Away(message) => encode(message),
        ClientFrame::Typing(message) => encode(message),
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
        ServerFrame::Browsed(message) => encode(message),
        ServerFrame::MemberList(message) => encode(message),
        ServerFrame::Hits(message) => encode(message),
        ServerFrame::Entry(message) => encode(message),
        ServerFrame::Users(message) => encode(message),
        ServerFrame::Rooms(message) => encode(message),
        ServerFrame::Gone(message) => encode(message),
        ServerFrame::Lagged(message) => encode(message),
        ServerFrame::Marked(message) => encode(message),
        ServerFrame::Presence(message) => encode(message),
        ServerFrame::Typing(message) => encode(message),
        ServerFrame::Notice(message) => encode(message),
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
        (any::<u32>(), number(), number(), number(), option::of(any::<bool>())).prop_map(
            |(request, room, from, to, later_only)| {
                let (request, room, from, to) = (RequestId(request), RoomId(room), Rseq(from), Rseq(to));
                ClientFrame::Pull(request::Pull { request, room, from, to, later_only })
            }
        ),
        (any::<u32>(), number(), option::of(vec(any::<u8>(), 0..70))).prop_map(|(request, since, after)| {
            ClientFrame::Sync(request::Sync { request: RequestId(request), since: Seq(since), after })
        }),
        (number(), number())
            .prop_map(|(room, rseq)| ClientFrame::Mark(request::Mark { room: RoomId(room), rseq: Rseq(rseq) })),
        (any::<u32>(), option::of(number())).prop_map(|(request, after)| ClientFrame::Browse(request::Browse {
            request: RequestId(request),
            after: after.map(RoomId),
        })),
        (any::<u32>(), number(), option::of(number())).prop_map(|(request, room, after)| {
            let (request, room, after) = (RequestId(request), RoomId(room), after.map(UserId));
            ClientFrame::Members(request::Members { request, room, after })
        }),
        search(),
        any::<bool>().prop_map(|away| ClientFrame::Away(request::Away { away })),
        number().prop_map(|room| ClientFrame::Typing(request::Typing { room: RoomId(room) })),
    ]
}

fn search() -> impl Strategy<Value = ClientFrame> {
    let whose = (any::<u32>(), text(), option::of(number()), option::of(number()));
    let when = (option::of(time()), option::of(time()), option::of(any::<bool>()), option::of(number()));
    (whose, when).prop_map(|((request, words, room, author), (from, until, has_link, below))| {
        ClientFrame::Search(request::Search {
            request: RequestId(request),
            words,
            room: room.map(RoomId),
            author: author.map(UserId),
            from,
            until,
            has_link,
            below: below.map(Seq),
        })
    })
}

/// Any frame of a server.
pub(crate) fn server_frame() -> impl Strategy<Value = ServerFrame> {
    let welcome = (number(), number(), text(), number(), vec((bytes(), number()), 0..3), time(), option::of(text()));
    let error = (option::of(any::<u32>()), any::<u16>(), option::of(vec(text(), 0..3)), text());
    let erased = (number(), number(), number()).prop_map(|(room, from, to)| reply::Erased {
        room: RoomId(room),
        from: Rseq(from),
        to: Rseq(to),
    });
    let synced = (
        (any::<u32>(), number(), room_rows(), user_rows()),
        (option::of(vec(any::<u8>(), 0..70)), option::of(vec(number(), 0..4)), option::of(vec(erased, 0..4))),
    );
    let whole = || option::of(users());
    let presence = (number(), whole(), whole(), whole(), whole(), whole());
    let page = (
        (any::<u32>(), number(), vec(entry(), 0..4), number()),
        (option::of(vec(entry(), 0..4)), option::of(any::<bool>()), option::of(number())),
    );
    let conversation = prop_oneof![
        (any::<u16>(), bytes(), bytes(), bytes()).prop_map(|(version, nonce, key, signature)| {
            let (nonce, server_key, signature) = (Nonce(nonce), PublicKey(key), Signature(signature));
            ServerFrame::Challenge(reply::Challenge { version, nonce, server_key, signature })
        }),
        welcome.boxed().prop_map(|(user, device, name, position, lineage, now, agent)| {
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
        (any::<u32>(), number(), number(), number(), time(), option::of(number())).prop_map(
            |(request, seq, rseq, count, at, room)| {
                let (request, seq, rseq, room) = (RequestId(request), Seq(seq), Rseq(rseq), room.map(RoomId));
                ServerFrame::Placed(reply::Placed { request, seq, rseq, count, at, room })
            }
        ),
        synced.boxed().prop_map(|((request, position, rooms, users), (next, gone, erased))| {
            ServerFrame::Synced(reply::Synced {
                request: RequestId(request),
                position: Seq(position),
                rooms,
                users,
                next,
                gone: gone.map(|gone| gone.into_iter().map(RoomId).collect()),
                erased,
            })
        }),
        page.boxed().prop_map(|((request, room, entries, head), (later, cut, from))| ServerFrame::Page(reply::Page {
            request: RequestId(request),
            room: RoomId(room),
            entries,
            head: Rseq(head),
            later,
            cut,
            from: from.map(Rseq),
        })),
        (number(), entry()).prop_map(|(room, entry)| ServerFrame::Entry(push::RoomEntry { room: RoomId(room), entry })),
        user_rows().prop_map(|users| ServerFrame::Users(push::Users { users })),
        presence.prop_map(|(online, whole, came, went, away, back)| ServerFrame::Presence(push::Presence {
            online,
            whole,
            came,
            went,
            away,
            back,
        })),
    ];
    prop_oneof![3 => conversation.boxed(), 2 => about_rooms().boxed()].boxed()
}

fn about_rooms() -> impl Strategy<Value = ServerFrame> {
    let member = (number(), any::<u16>()).prop_map(|(user, role)| reply::MemberRow { user: UserId(user), role });
    let hit = (number(), entry()).prop_map(|(room, entry)| push::RoomEntry { room: RoomId(room), entry });
    prop_oneof![
        (any::<u32>(), room_rows(), any::<bool>()).prop_map(|(request, rooms, more)| ServerFrame::Browsed(
            reply::Browsed { request: RequestId(request), rooms, more }
        )),
        (any::<u32>(), number(), vec(member, 0..4), any::<bool>()).prop_map(|(request, room, members, more)| {
            let (request, room) = (RequestId(request), RoomId(room));
            ServerFrame::MemberList(reply::MemberList { request, room, members, more })
        }),
        (any::<u32>(), vec(hit, 0..4), option::of(number())).prop_map(|(request, hits, below)| {
            ServerFrame::Hits(reply::Hits { request: RequestId(request), hits, below: below.map(Seq) })
        }),
        room_rows().prop_map(|rooms| ServerFrame::Rooms(push::Rooms { rooms })),
        number().prop_map(|room| ServerFrame::Gone(push::Gone { room: RoomId(room) })),
        number().prop_map(|position| ServerFrame::Lagged(push::Lagged { position: Seq(position) })),
        (number(), number(), number(), number()).prop_map(|(room, rseq, count, mentions)| {
            ServerFrame::Marked(push::Marked { room: RoomId(room), rseq: Rseq(rseq), count, mentions })
        }),
        (number(), users()).prop_map(|(room, users)| ServerFrame::Typing(push::Typing { room: RoomId(room), users })),
        (any::<u16>(), any::<bool>()).prop_map(|(what, on)| ServerFrame::Notice(push::Notice { what, on })),
    ]
}

fn room_rows() -> impl Strategy<Value = Vec<reply::RoomRow>> {
    let optional = || option::of(number());
    let named = (number(), any::<u16>(), text(), number(), number());
    let shown = (option::of(text()), option::of(any::<u16>()), option::of(any::<bool>()), option::of(any::<u32>()));
    let counted = (optional(), optional(), optional(), optional(), optional());
    let row = (named, shown, counted).prop_map(
        |(
            (room, kind, name, head, count),
            (topic, role, archived, keep_days),
            (mark, mark_count, mentions, with, members),
        )| reply::RoomRow {
            room: RoomId(room),
            kind,
            name,
            head: Rseq(head),
            count,
            topic,
            role,
            mark: mark.map(Rseq),
            mark_count,
            mentions,
            archived,
            with: with.map(UserId),
            members,
            keep_days,
        },
    );
    // Boxed, here and below: strategies of so many parts fill a test's stack.
    vec(row, 0..4).boxed()
}

fn entry() -> impl Strategy<Value = Entry> {
    let places = (number(), number(), number(), time());
    let authors = (number(), number(), any::<u16>());
    let rest = (option::of(number()), option::of(users()), vec(any::<u8>(), 0..100), option::of(bytes()));
    (places, authors, rest)
        .prop_map(|((seq, rseq, count, at), (author, device, kind), (target, mentions, body, cid))| Entry {
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
        })
        .boxed()
}

fn user_rows() -> impl Strategy<Value = Vec<reply::UserRow>> {
    let row = (number(), text(), option::of(any::<u16>())).prop_map(|(user, name, hue)| reply::UserRow {
        user: UserId(user),
        name,
        hue,
    });
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
