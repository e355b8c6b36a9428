"""What a client that was away, or read too slowly, or has two windows, gets to know: section 11 of the document."""

from __future__ import annotations

import socket
import time

import codes
import wire
from client import Client, Ended
from entries import GENERAL, MESSAGE
from identity import Profile
from run import Place, refused
from truth import beside, check_truth, three, told
from wire import PATIENCE, Broken


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
    assert not told(zoe, wire.MARKED) and not told(ana, wire.MARKED) or all(m[0] == room for m in told(ana, wire.MARKED))
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
    ana, luis, _ = three(place.address)
    for number in range(5):
        ana.say(f"{number}", mentions=[luis.user])
    luis.until(lambda: luis.cursor() == 5)
    luis.mark(GENERAL, 3)
    luis.until(lambda: unread(luis, GENERAL) == (2, 2))
    luis.sync()
    print("stop it", flush=True)
    refused(lambda: luis.until(lambda: False), codes.STOPPING)
    ana.cut()
    luis = come_back(luis.profile, place)
    luis.sync()
    assert unread(luis, GENERAL) == (2, 2)


def come_back(profile: Profile, place: Place) -> Client:
    """Connects again as soon as the server is there again."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return Client(profile).connect(place.address)
        except (Ended, Broken, ConnectionError, codes.Refused):
            assert time.monotonic() < deadline, "it does not come back"
            time.sleep(0.05)


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
    print("kill it", flush=True)
    for someone in (ana, luis, zoe):
        try:
            someone.until(lambda: False)
        except (Ended, Broken, ConnectionError):
            pass
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
        assert {row[0] for row in synced[2]} <= set().union(*changed) | {GENERAL, room}, f"since {since}: {synced} {changed}"
        assert {row[0] for row in synced[3]} == set().union(*(people for _, _, people in steps[index:])), f"since {since}"
        assert synced[1] == points[-1]
    everything = ana.ask(wire.SYNC, {1: 0})
    assert {row[0] for row in everything[3]} == {ana.user, luis.user, zoe.user}
    rows = {row[0]: row for row in everything[3]}
    assert rows[luis.user][1] == "Lucho" and rows[zoe.user][2] == 10 and 2 not in rows[ana.user]
    check_truth(ana, luis, zoe)
