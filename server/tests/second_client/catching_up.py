"""What a client that was away, or read too slowly, or has two windows, gets to know: section 11 of the document."""

from __future__ import annotations

import socket
import time
from typing import Any

import codes
import wire
from client import Client
from entries import GENERAL, INVITE, MESSAGE
from handshake import Ended
from identity import Profile, new_cid
from run import Place
from truth import beside, check_truth, three, told
from wire import PATIENCE, Broken, encode


def unread(someone: Client, room: int) -> tuple[int, int]:
    """How many messages are unread, and how many of them mention the reader."""
    row = someone.room(room).row
    assert row is not None
    return someone.room(room).unread(), row.get(9, 0)


def a_read_mark_is_the_persons_on_every_connection(place: Place) -> None:
    ana, luis, zoe = three(place.address)
    luis_too = beside(luis)
    luis_too.sync()
    room = ana.open_public("sala")
    luis.join(room)
    for number in range(1, 11):
        ana.say(f"{number}", room, mentions=[luis.user] if number in (3, 7, 9) else None)
    for one in (luis, luis_too):
        one.until(lambda: one.cursor(room) == 12)
        assert unread(one, room) == (10, 3), "who comes in has nothing unread, and then ten"
    luis.mark(room, 6)
    for one in (luis, luis_too):
        one.until(lambda: unread(one, room) == (6, 2))
        assert told(one, wire.MARKED)[-1] == {0: room, 1: 6, 2: 4, 3: 2}
    # The greatest wins; beyond the head is the head; it never falls, and nothing moved is nothing told.
    luis.mark(room, 3)
    luis.mark(room, 6)
    luis.mark(room, 0)
    luis.mark(999_999, 1)
    zoe.mark(room, 5)
    luis_too.mark(room, 2**64 - 1)
    for one in (luis, luis_too):
        one.until(lambda: unread(one, room) == (0, 0))
        assert [marked[1] for marked in told(one, wire.MARKED) if marked[0] == room] == [6, 12]
    assert (
        not told(zoe, wire.MARKED) and not told(ana, wire.MARKED) or all(m[0] == room for m in told(ana, wire.MARKED))
    )
    # An own message moves it too.
    ana.say("eleven", room, mentions=[luis.user, zoe.user])
    for one in (luis, luis_too):
        one.until(lambda: unread(one, room) == (1, 1))
    luis.say("read", room)
    for one in (luis, luis_too):
        one.until(lambda: one.cursor(room) == 14)
        assert unread(one, room) == (0, 0)
    ana.until(lambda: ana.cursor(room) == 14)
    assert unread(ana, room) == (1, 0)
    # Mentions in edits are no new ones; what is erased was counted.
    ana.edit(3, "again", room, mentions=[luis.user])
    said = ana.say("soon erased", room, mentions=[luis.user])[2]
    ana.delete(said, room)
    luis.until(lambda: luis.cursor(room) == 17)
    assert luis.room(room).unread() == 1
    # Whoever was away learns of a mark that was moved elsewhere, although nothing is newer.
    luis_too.sync()
    luis_too.leave()
    since = luis_too.profile.since
    luis.mark(room, 17)
    luis.until(lambda: unread(luis, room) == (0, 0))
    luis_too.connect(place.address)
    rows = luis_too.ask(wire.SYNC, {1: since})[2]
    assert [(row[0], row[7], row[8]) for row in rows] == [(room, 17, 13)], rows
    check_truth(ana, luis)


def marks_are_there_after_a_stop(place: Place) -> None:
    """Whoever reads our lines stops the server in order, and starts it again on the same address."""
    ana, luis, zoe = three(place.address)
    for number in range(5):
        ana.say(f"{number}", mentions=[luis.user])
    luis.until(lambda: luis.cursor() == 5)
    luis.mark(GENERAL, 3)
    luis.until(lambda: unread(luis, GENERAL) == (2, 2))
    luis.sync()
    cut_off("stop it", ana, luis, zoe)
    luis = come_back(luis.profile, place)
    luis.sync()
    assert unread(luis, GENERAL) == (2, 2)


def come_back(profile: Profile, place: Place) -> Client:
    """A client that knows nothing but its profile."""
    someone = Client(profile)
    reconnect(someone, place)
    return someone


def rooms_survive_a_kill(place: Place) -> None:
    """Whoever reads our lines kills the server, and starts it again on the same address."""
    ana, luis, zoe = three(place.address)
    public, private = ana.open_public("sala", "what of"), ana.open_private("secret")
    direct = ana.open_direct(luis.user)
    luis.join(public)
    ana.invite(private, luis.user)
    ana.invite(private, zoe.user)
    ana.role(public, luis.user, 2)
    ana.leave_room(public)
    luis.rename("Lucho")
    luis.profile_of(200)
    for room in (GENERAL, private, direct):
        said = [ana.say(f"{number}", room)[2] for number in range(4)]
        ana.edit(said[0], "edited", room)
        ana.delete(said[1], room)
        luis.react(said[2], "👍", room)
    ana.remove(private, zoe.user)
    for someone in (ana, luis, zoe):
        someone.sync()
    cut_off("kill it", ana, luis, zoe)
    again = [come_back(someone.profile, place) for someone in (ana, luis, zoe)]
    for before, after in zip((ana, luis, zoe), again):
        after.profile.since = 0
        after.sync()
        assert after.mine == before.mine and after.names == before.names and after.hues == before.hues
        for room in after.mine:
            assert after.room(room).entries == before.room(room).entries
            assert after.room(room).messages() == before.room(room).messages()
    # The place of what was said before the kill is still that.
    assert again[0].open_direct(luis.user) == direct
    check_truth(*again)


def who_reads_too_slowly_lags_and_loses_nothing(place: Place) -> None:
    """The server keeps half a megabyte for each connection."""
    ana, luis, zoe = three(place.address)
    room = ana.open_public("sala")
    luis.join(room)
    since = luis.profile.since
    # Luis takes nothing, while more is said than all that lies between can hold.
    text = "x" * 16_000
    luis.wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    cids = [ana.write(text, room if number % 2 else GENERAL) for number in range(400)]
    ana.until(lambda: all(cid in ana.placed for cid in cids), within=60)
    zoe.rename("Zoila")
    ana.edit(1, "an edit that luis does not hear at once")
    ana.delete(2)
    other = ana.open_private("while he sleeps")
    ana.invite(other, luis.user)
    ana.remove(room, luis.user)
    luis.typing(GENERAL)
    luis.until(lambda: luis.lags > 0 and luis.is_quiet() and other in luis.mine, within=60)
    assert luis.profile.since > since and all(position <= luis.profile.since for position in luis.heartbeats)
    frames = [kind for kind, _ in luis.arrived]
    lagged = frames.index(wire.LAGGED)
    signals = [payload for kind, payload in luis.arrived[lagged:] if kind == wire.PRESENCE]
    assert sorted(signals[0][1]) == [ana.user, luis.user, zoe.user], "the whole presence"
    assert room not in luis.mine and luis.names[zoe.user] == "Zoila"
    luis.until(lambda: luis.cursor() == ana.cursor(), within=60)
    assert luis.room().seen(1)[0] == "an edit that luis does not hear at once" and luis.room().seen(2)[0] is None
    # Live again from there on.
    lags = luis.lags
    asked = ana.say("are you there?")[2]
    luis.until(lambda: luis.cursor() == asked)
    assert luis.say("I am")[2] == asked + 1 and luis.lags == lags
    check_truth(luis, zoe)


def who_knows_everything_hears_nothing_new(place: Place) -> None:
    """Sync at any point in between gives just what is newer."""
    ana, luis, zoe = three(place.address)
    room = ana.open_public("sala")
    points = [ana.ask(wire.SYNC, {1: 0})[1]]
    steps = [
        (lambda: ana.say("general"), {GENERAL}, set()), (lambda: ana.say("sala", room), {room}, set()),
        (lambda: luis.rename("Lucho"), set(), {luis.user}), (lambda: zoe.profile_of(10), set(), {zoe.user}),
        (lambda: luis.say("hers is not mine"), {GENERAL}, set()), (lambda: zoe.open_private("mine"), set(), set()),
        (lambda: ana.topic(room, "t"), {room}, set()), (lambda: luis.open_direct(ana.user), None, set()),
    ]  # fmt: skip
    for step, _, _ in steps:
        step()
        points.append(zoe.ask(wire.SYNC, {1: 0})[1])
    assert points == sorted(set(points)), "each of them moved the log"
    ana.until(lambda: len(ana.mine) == 3)
    direct = max(ana.mine)
    for index, since in enumerate(points):
        synced = ana.ask(wire.SYNC, {1: since})
        changed = [{direct} if rooms is None else rooms for _, rooms, _ in steps[index:]]
        assert {row[0] for row in synced[2]} >= set().union(*changed), f"since {since}: {synced}"
        assert {row[0] for row in synced[2]} <= set().union(*changed) | {GENERAL, room}, (
            f"since {since}: {synced} {changed}"
        )
        assert {row[0] for row in synced[3]} == set().union(*(people for _, _, people in steps[index:])), (
            f"since {since}"
        )
        assert synced[1] == points[-1]
    everything = ana.ask(wire.SYNC, {1: 0})
    assert {row[0] for row in everything[3]} == {ana.user, luis.user, zoe.user}
    rows = {row[0]: row for row in everything[3]}
    assert rows[luis.user][1] == "Lucho" and rows[zoe.user][2] == 10 and 2 not in rows[ana.user]
    check_truth(ana, luis, zoe)


def a_restored_server_says_where_it_goes_on(place: Place) -> None:
    """Whoever reads our lines makes a backup, and later lets the server go on from it, on the same address."""
    ana, luis, zoe = three(place.address)
    room = ana.open_public("sala", "before")
    luis.join(room)
    for number in range(1, 6):
        ana.say(f"{number}", room)
    ana.delete(3, room)
    kept, position = ana.ask(wire.PULL, {1: room, 2: 1, 3: 99})[2], ana.ask(wire.SYNC, {1: 0})[1]
    people = (ana, luis, zoe)
    for someone in people:
        someone.sync()
    cut_off("back it up", *people)
    for someone in people:
        reconnect(someone, place)
    # All of this is lost with the disk.
    ana.say("lost", room)
    ana.delete(4, room)
    ana.edit(5, "lost", room)
    ana.topic(room, "lost")
    luis.rename("Lost")
    lost = zoe.open_private("lost")
    ana.remove(room, luis.user)
    late = Client().connect(place.address, "Late")
    for someone in people:
        someone.until(lambda: late.user in someone.names)
        someone.sync()
    assert luis.profile.since > position and ana.room(room).seen(4)[0] is None
    cut_off("set it back", *people)
    # What was written and not answered: into a room that is lost, about what is lost, and what can be sent again.
    zoe.profile.outbox = [write_of(lost, "into nowhere"), write_of(GENERAL, "again")]
    invitation = {1: new_cid(), 2: room, 3: INVITE, 6: encode({0: late.user})}
    ana.profile.outbox = [write_of(room, "about what is lost", 9), invitation]
    ana.profile.outbox.append({**write_of(room, "@Late"), 5: [late.user]})
    for someone in people:
        reconnect(someone, place)
    assert ana.set_back_to == position + 1 and ana.profile.since <= position and not ana.profile.outbox
    zoe.until(lambda: not zoe.profile.outbox)
    for someone in people:
        someone.sync()
        assert late.user not in someone.names and someone.names[luis.user] == "Luis"
    assert luis.mine == {GENERAL, room} and zoe.mine == {GENERAL}
    assert [list(vars(ana.room(room)[entry[1]]).values()) for entry in kept] == [entry[:10] for entry in kept]
    assert ana.room(room).seen(3)[0] is None and ana.room(room).seen(4)[0] == "2" and ana.room(room).seen(5)[0] == "3"
    row = ana.room(room).row
    assert row is not None and row[5] == "before"
    ana.say("and on", room)
    luis.until(lambda: luis.cursor(room) == len(kept) + 1)
    check_truth(*people)
    # The disk breaks again, and there is no newer backup: the log of before is in no lineage now.
    cut_off("set it back again", *people)
    for someone in people:
        reconnect(someone, place)
        assert someone.set_back_to == position + 1 and someone.names[luis.user] == "Luis"
        someone.sync()
    assert luis.cursor(room) == len(kept) and ana.room(room).seen(5)[0] == "3"
    ana.say("and on and on", room)
    luis.until(lambda: luis.cursor(room) == len(kept) + 1)
    check_truth(*people)


def write_of(room: int, text: str, target: int | None = None) -> dict[int, Any]:
    """A write that waits in an outbox."""
    write = {1: new_cid(), 2: room, 3: MESSAGE, 4: target, 6: encode({0: text})}
    return {key: value for key, value in write.items() if value is not None}


def cut_off(word: str, *people: Client) -> None:
    """Has the server ended, and waits until everybody has noticed."""
    print(word, flush=True)
    for someone in people:
        try:
            someone.until(lambda: False)
        except (Ended, Broken, ConnectionError, codes.Refused):
            someone.cut()


def reconnect(someone: Client, place: Place) -> None:
    """The same client, with all that it holds, as soon as the server is there again."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            someone.connect(place.address)
            return
        except (Ended, Broken, ConnectionError, codes.Refused):
            assert time.monotonic() < deadline, "it does not come back"
            time.sleep(0.05)
