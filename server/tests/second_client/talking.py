"""Words, their places, and who hears them: sections 8 to 13 of the document."""

from __future__ import annotations

import time

import codes
import wire
from client import Client
from codes import Refused
from entries import GENERAL, MESSAGE, check_page
from handshake import Ended
from identity import Profile, new_cid
from run import Place, refused
from wire import PATIENCE, Broken, encode


def two_people_talk(place: Place) -> None:
    ana = Client().connect(place.address, "Ana")
    ana.sync()
    luis = Client().connect(place.address, "Luis")
    luis.sync()
    ana.until(lambda: luis.user in ana.names)
    assert (ana.names[luis.user], luis.names[ana.user]) == ("Luis", "Ana")

    texts = ["¡Hola, Luis! ☕", "x", "a" * 16_384, "two\nlines", "\x1b[31m and \u202e are yours to care for", " "]
    for number, text in enumerate(texts):
        speaker, listener = (ana, luis) if number % 2 == 0 else (luis, ana)
        placed = speaker.say(text)
        assert not any(kind == wire.ENTRY and payload[1][0] == placed[1] for kind, payload in speaker.arrived)
        for hearer in (speaker, listener):
            hearer.until(lambda: hearer.cursor() == number + 1)
            entry = hearer.rooms[GENERAL][placed[2]]
            assert (entry.seq, entry.rseq, entry.count, entry.at) == tuple(placed[field] for field in range(1, 5))
            assert (entry.author, entry.device, entry.text) == (speaker.user, speaker.device, text)
            assert entry.target is None and entry.mentions is None
            check_people_come_first(hearer)
    assert ana.room().entries == luis.room().entries
    # Final line ends are the client's to drop; the server takes none.
    assert luis.say("bye\r\n\n")[2] == len(texts) + 1
    ana.until(lambda: ana.cursor() == len(texts) + 1)
    assert ana.rooms[GENERAL][len(texts) + 1].text == "bye"
    ana.leave()
    luis.leave()


def check_people_come_first(someone: Client) -> None:
    """`Users` or `Synced` named the author before the entry came."""
    named = {someone.user}
    for kind, payload in someone.arrived:
        if kind in (wire.USERS, wire.SYNCED):
            named |= {row[0] for row in payload[0 if kind == wire.USERS else 3]}
        elif kind == wire.ENTRY:
            assert payload[1][4] in named, "an author without a name"


def a_body_is_passed_on_as_it_came(place: Place) -> None:
    ana, luis = (Client().connect(place.address, name) for name in ("Ana", "Luis"))
    body = encode({0: "hi", 5: [None, True, {1: b"later"}], 4_294_967_295: -1})
    # Longer heads than necessary: allowed to whoever writes, and nobody's to repair.
    longer = b"\xb8\x02\x18\x00\x78\x02hi\x19\x00\x09\x00"
    for given, mentions in ((body, [luis.user, 999_999]), (longer, list(range(1, 51))), (body, None)):
        placed = ana.ask(wire.WRITE, {1: new_cid(), 2: GENERAL, 3: MESSAGE, 5: mentions, 6: given})
        arrived = [p[1] for kind, p in ana.arrived if kind == wire.ENTRY and p[1][1] == placed[2]]
        while not arrived:
            message = ana.wire.receive()
            assert message is not None
            arrived = [message[1][1]] if message[0] == wire.ENTRY else []
        assert (arrived[0][8], arrived[0][9]) == (mentions, given)


def what_is_refused_costs_nothing_else(place: Place) -> None:
    ana = Client().connect(place.address, "Ana")

    def write(code: int, **fields: object) -> None:
        whole = {"cid": new_cid(), "room": GENERAL, "kind": MESSAGE, "body": encode({0: "hi"}), **fields}
        numbers = {"cid": 1, "room": 2, "kind": 3, "target": 4, "mentions": 5, "body": 6}
        refused(lambda: ana.ask(wire.WRITE, {numbers[name]: value for name, value in whole.items()}), code)

    for text in ("", "a" * 16_385, "ñ" * 8_193, "hi\n", "hi\r", "\n", "h\0i"):
        write(codes.BAD_TEXT, body=encode({0: text}))
    for body in (b"", b"\xff", encode({}), encode({0: 1}), encode({0: None}), encode({0: "hi"}) + b"\0", encode("hi"),
                 b"\xbf\x00\x62hi\xff", b"\xa2\x00\x62hi\x00\x62hi", encode({0: "hi", 1: 1.5}),
                 encode({0: "hi", 1: b"a" * 32_768})):  # fmt: skip
        write(codes.BAD_TEXT, body=body)
    for room in (0, 2, ana.user, 2**64 - 1):
        write(codes.NO_ROOM, room=room)
    for kind in (0, 1, 2, 3, 26, 255, 261, 65_535):
        write(codes.BAD_KIND, kind=kind)
    write(codes.NO_TARGET, target=1)
    with ana.wire.wrong():
        write(codes.BAD_REQUEST, mentions=[])
    write(codes.BAD_REQUEST, mentions=list(range(1, 52)))
    for room, first, last, code in [
        (GENERAL, 0, 1, codes.BAD_REQUEST), (GENERAL, 2, 1, codes.BAD_REQUEST), (2, 1, 1, codes.NO_ROOM),
    ]:  # fmt: skip
        refused(lambda: ana.ask(wire.PULL, {1: room, 2: first, 3: last}), code)
    page = ana.ask(wire.PULL, {1: GENERAL, 2: 1, 3: 10})
    assert (page[2], page[3]) == ([], 0), "nothing was stored"
    # What was refused is forgotten; its cid is free.
    cid = new_cid()
    write(codes.BAD_TEXT, cid=cid, body=encode({0: ""}))
    assert ana.ask(wire.WRITE, {1: cid, 2: GENERAL, 3: MESSAGE, 5: list(range(1, 51)), 6: encode({0: "hi"})})[2] == 1


def a_cut_loses_and_doubles_nothing(place: Place) -> None:
    profile = Profile()
    luis = Client().connect(place.address, "Luis")
    sent: list[tuple[bytes, str]] = []
    for attempt in range(6):
        ana = Client(profile).connect(place.address, "Ana" if attempt == 0 else None)
        for number in range(5):
            text = f"{attempt}.{number}"
            sent.append((ana.write(text), text))
        # The answers of this connection are never read.
        ana.cut()
        file = place.folder / "profile.json"
        profile.save(file)
        profile = Profile.load(file)
    assert len(profile.outbox) == 30
    ana = Client(profile).connect(place.address)
    ana.until(lambda: not profile.outbox)
    places = [ana.placed[cid] for cid, _ in sent]
    assert [place[2] for place in places] == list(range(1, 31)), "once, and in the order in which they were sent"

    # Once more, with the same cids: the same places, whatever else is said, and whatever else is wrong.
    for (cid, _), placed in zip(sent, places):
        for fields in ({2: GENERAL, 3: MESSAGE, 6: encode({0: "otherwise"})}, {2: 77, 3: 9, 6: b""}):
            again = ana.ask(wire.WRITE, {1: cid, **fields})
            assert {key: again[key] for key in (1, 2, 3, 4)} == {key: placed[key] for key in (1, 2, 3, 4)}
    # A cid is its author's own: somebody else's says nothing about it.
    assert luis.ask(wire.WRITE, {1: sent[0][0], 2: GENERAL, 3: MESSAGE, 6: encode({0: "mine"})})[2] == 31
    luis.sync()
    luis.until(lambda: luis.cursor() == 31)
    assert [luis.rooms[GENERAL][place].text for place in range(1, 31)] == [text for _, text in sent]


def a_page_settles_what_was_cut_off(place: Place) -> None:
    profile = Profile()
    ana = Client(profile).connect(place.address, "Ana")
    cid = ana.write("was it heard?")
    waiting = list(profile.outbox)
    ana.until(lambda: not profile.outbox)
    profile.outbox = waiting  # as if the answer had not come
    page = ana.ask(wire.PULL, {1: GENERAL, 2: 1, 3: 1})
    assert page[2][0][10] == cid
    ana.pull(GENERAL, 1, 1)
    ana.until(lambda: not profile.outbox)
    luis = Client().connect(place.address, "Luis")
    assert len(luis.ask(wire.PULL, {1: GENERAL, 2: 1, 3: 1})[2][0]) == 10, "a cid is nobody else's business"
    ana.resend()
    assert ana.say("and on")[2] == 2, "Resend without need does no harm"


def pages_are_whole_and_bounded(place: Place) -> None:
    ana = Client().connect(place.address, "Ana")
    # Far more than the 64 that may wait: the server takes its time and loses none.
    cids = [ana.write(f"{number}") for number in range(230)]
    cids += [ana.write("ñ" * 8_192) for _ in range(20)]
    ana.until(lambda: all(cid in ana.placed for cid in cids))
    assert [ana.placed[cid][2] for cid in cids] == list(range(1, 251))
    for first, last in [(1, 250), (1, 10_000), (1, 200), (30, 229), (1, 1), (250, 250), (250, 2**64 - 1), (251, 251),
                        (300, 2**64 - 1), (200, 235)]:  # fmt: skip
        page = ana.ask(wire.PULL, {1: GENERAL, 2: first, 3: last})
        check_page(page, GENERAL, first, last)
        assert page[3] == 250
    # As many as fit: 8 of these are below 144 KiB, 9 are not.
    assert len(ana.ask(wire.PULL, {1: GENERAL, 2: 1, 3: 250})[2]) == 8
    assert len(ana.ask(wire.PULL, {1: GENERAL, 2: 1, 3: 230})[2]) == 200

    luis = Client().connect(place.address, "Luis")
    luis.sync()
    assert luis.cursor() == 250
    texts = [luis.rooms[GENERAL][place].text for place in range(1, 251)]
    assert texts == [str(number) for number in range(230)] + ["ñ" * 8_192] * 20
    # Twenty pulls at once, of which four are worked on.
    for tens in range(20):
        luis.pull(GENERAL, tens * 10 + 1, 250)
    luis.sync()


def a_sync_tells_what_changed(place: Place) -> None:
    profile = Profile()
    ana = Client(profile).connect(place.address, "Ana")
    empty = ana.ask(wire.SYNC, {1: 0})
    assert empty[1] >= ana.position and 4 not in empty
    assert [row[0] for row in empty[3]] == [ana.user]
    assert [(row[0], row[1], row[2], row[3], row[4]) for row in empty[2]] == [(GENERAL, 1, "general", 0, 0)]
    ana.sync()
    synced = profile.since
    nothing = ana.ask(wire.SYNC, {1: synced})
    assert sorted(nothing) == [0, 1, 2, 3] and (nothing[2], nothing[3]) == ([], []), nothing
    ana.leave()

    luis = Client().connect(place.address, "Luis")
    zoe = Client().connect(place.address, "Zoe")
    for number in range(3):
        luis.say(f"while you were away {number}")
    for after in (b"", b"\0", b"x" * 64, b"x" * 65, ana.user.to_bytes(8, "big")):
        refused(lambda: zoe.ask(wire.SYNC, {1: 0, 2: after}), codes.BAD_REQUEST)

    ana = Client(profile).connect(place.address)
    news = ana.ask(wire.SYNC, {1: synced})
    assert [(row[0], row[3], row[4]) for row in news[2]] == [(GENERAL, 3, 3)]
    assert [row[1] for row in news[3]] == ["Luis", "Zoe"]
    ana.sync()
    assert profile.since >= news[1] and ana.cursor() == 3
    # A position that nobody has reached yet is no reason to close.
    beyond = ana.ask(wire.SYNC, {1: 2**64 - 1})
    assert (beyond[2], beyond[3]) == ([], [])


def presence_tells_who_is_here(place: Place) -> None:
    ana = Client().connect(place.address, "Ana")
    ana.until(lambda: ana.online == {ana.user})
    luis = Client().connect(place.address, "Luis")
    luis.until(lambda: luis.online == {ana.user, luis.user})
    first = next(payload for kind, payload in luis.arrived if kind == wire.PRESENCE)
    assert first.get(1) == [ana.user, luis.user], f"the first one is the whole set, oneself included: {first}"
    ana.until(lambda: ana.online == {ana.user, luis.user})
    assert luis.user in ana.names, "who comes has a name"
    # Who comes back in time never left.
    left = time.monotonic()
    luis.leave()
    luis = Client(luis.profile).connect(place.address)
    back_in_time = time.monotonic() - left < 4
    luis.until(lambda: luis.online is not None)
    luis.leave()
    left = time.monotonic()
    ana.until(lambda: ana.online == {ana.user})
    assert time.monotonic() - left > 4, "gone is gone for 5 s"
    if back_in_time:
        assert sum(luis.user in payload.get(3, []) for kind, payload in ana.arrived if kind == wire.PRESENCE) == 1


def an_idle_connection_lives_by_heartbeats(place: Place) -> None:
    ana = Client().connect(place.address, "Ana")
    ana.sync()
    before = ana.profile.since
    Client().connect(place.address, "Luis").say("hi")
    ana.until(lambda: ana.cursor() == 1)
    said = ana.rooms[GENERAL][1].seq
    assert ana.profile.since == before < said, "a live entry moves no sync point"
    started = time.monotonic()
    ana.until(lambda: bool(ana.heartbeats), within=20 + PATIENCE)
    assert ana.profile.since == ana.heartbeats[-1] >= said
    assert time.monotonic() - started > 10, "only after silence"
    ana.heartbeat()
    ana.say("still here")


def who_leaves_in_order_gets_the_answers(place: Place) -> None:
    ana = Client().connect(place.address, "Ana")
    cids = [ana.write(f"{number}") for number in range(40)]
    ana.leave()
    assert all(cid in ana.placed for cid in cids) and not ana.profile.outbox


def a_stop_is_announced(place: Place) -> None:
    """Whoever reads our lines asks the server to stop."""
    ana = Client().connect(place.address, "Ana")
    ana.say("hi")
    print("stop it", flush=True)
    refused(lambda: ana.until(lambda: False), codes.STOPPING)


def a_killed_server_comes_back_with_everything(place: Place) -> None:
    """Whoever reads our lines kills the server, and starts it again on the same address."""
    profile = Profile()
    ana = Client(profile).connect(place.address, "Ana")
    kept = [ana.say(f"before {number}") for number in range(5)]
    waiting = [ana.write(f"meanwhile {number}") for number in range(50)]
    print("kill it", flush=True)
    try:
        ana.until(lambda: False)
    except (Ended, Broken, ConnectionError):
        pass
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            again = Client(profile).connect(place.address)
            break
        except (Ended, Broken, ConnectionError, Refused):
            assert time.monotonic() < deadline, "it does not come back"
            time.sleep(0.05)
    again.until(lambda: not profile.outbox)
    again.sync()
    room = again.rooms[GENERAL]
    assert [room[placed[2]].seq for placed in kept] == [placed[1] for placed in kept]
    places = {**ana.placed, **again.placed}
    assert [places[cid][2] for cid in waiting] == list(range(6, 56)), "once each, in their order"
    assert again.cursor() == 55
