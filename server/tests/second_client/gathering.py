"""Rooms, who is in them, and who may what there: sections 8, 10 and 11 of the document."""

from __future__ import annotations

from typing import Any

import codes
import wire
from client import Client
from entries import DIRECT, GENERAL, JOIN, LEAVE, MEMBER, MESSAGE, OWNER, PRIVATE, PUBLIC, ROOM_OPEN
from run import Place, refused
from searching import finds
from truth import beside, check_truth, three, told


def comes_before(someone: Client, first: tuple[int, Any], then: tuple[int, Any]) -> bool:
    """Whether the frame of this type and number came ahead of the other one."""

    def number(kind: int, payload: Any) -> Any:
        return payload[0][0][0] if kind == wire.ROOMS else payload[1 if kind == wire.PLACED else 0]

    frames = [(kind, number(kind, of)) for kind, of in someone.arrived if kind in (wire.ROOMS, wire.GONE, wire.PLACED)]
    return frames.index(first) < frames.index(then)


def a_public_room_is_found_read_and_joined(place: Place) -> None:
    ana, luis, zoe = three(place.address)
    opened = ana.put(0, ROOM_OPEN, {0: PUBLIC, 1: "Ｓala", 2: "plans"})
    room = opened[5]
    assert opened[1] == room and opened[2] == 1 and opened[3] == 0, "its first entry bears its number"
    assert comes_before(ana, (wire.ROOMS, room), (wire.PLACED, room)), "Rooms is ahead of the answer"
    row = ana.room(room).row
    assert row is not None
    assert (row[1], row[2], row[3], row[4], row[5], row[6], row[12]) == (PUBLIC, "Sala", 1, 0, "plans", OWNER, 1), row
    for number in range(3):
        ana.say(f"before {number}", room)

    # Whoever is no member finds it and reads it, and hears nothing of it by itself.
    found = luis.browse()
    assert list(found) == [GENERAL, room] and 6 not in found[room] and found[room][3] == 4, found
    page = luis.ask(wire.PULL, {1: room, 2: 1, 3: 100})
    assert [entry[6] for entry in page[2]] == [ROOM_OPEN, MESSAGE, MESSAGE, MESSAGE]
    assert luis.members(room) == {ana.user: OWNER} and luis.members(GENERAL) == {}
    refused(lambda: luis.say("may I?", room), codes.NOT_ALLOWED)
    assert [row[0] for row in luis.ask(wire.SYNC, {1: 0})[2]] == [GENERAL], "Sync does not speak of it"

    joined = luis.join(room)
    assert joined[2] == 5 and comes_before(luis, (wire.ROOMS, room), (wire.PLACED, joined[1]))
    row = luis.room(room).row
    assert row is not None and (row[3], row[6], row[12]) == (5, MEMBER, 2), row
    assert luis.room(room).unread() == 0, "who comes in has nothing unread"
    assert not told(luis, wire.ENTRY), "one's own coming does not come by itself"
    luis.say("hello", room)
    again = luis.join(room)
    assert again[2] == 7, "done already, and placed"
    ana.until(lambda: ana.cursor(room) == 7)
    check_truth(ana, luis)
    refused(lambda: ana.put(0, ROOM_OPEN, {0: PUBLIC, 1: "SALA"}), codes.ROOM_NAME_TAKEN)
    assert refused(lambda: luis.open_public("sala"), codes.ROOM_NAME_TAKEN).params == ["sala"]
    luis.open_private("sala")  # only public ones are told apart by their names
    assert refused(lambda: luis.open_public(" x"), codes.BAD_ROOM_NAME).params == ["spaces"]

    left = luis.leave_room(room)
    assert room not in luis.mine and comes_before(luis, (wire.GONE, room), (wire.PLACED, left[1]))
    assert luis.leave_room(room)[2] == 9, "done already, and placed"
    ana.say("gone?", room)
    refused(lambda: luis.say("one more", room), codes.NOT_ALLOWED)
    assert not told(zoe, wire.ROOMS) and not told(zoe, wire.ENTRY), "no business of others"
    check_truth(ana, luis, zoe)


def owners_look_after_a_room(place: Place) -> None:
    ana, luis, zoe = three(place.address)
    room = ana.open_public("sala")
    luis.join(room)
    for wish in (
        lambda: luis.name_room(room, "otra"), lambda: luis.topic(room, "x"), lambda: luis.archive(room),
        lambda: luis.keep(room, 30), lambda: luis.invite(room, zoe.user), lambda: luis.remove(room, ana.user),
        lambda: luis.role(room, luis.user, OWNER), lambda: zoe.topic(room, "x"),
    ):  # fmt: skip
        refused(wish, codes.NOT_ALLOWED)
    refused(lambda: ana.role(room, zoe.user, OWNER), codes.NO_USER)
    refused(lambda: ana.role(room, 999_999, OWNER), codes.NO_USER)
    refused(lambda: ana.invite(room, 999_999), codes.NO_USER)
    for role in (0, 3, 65_535):
        refused(lambda: ana.role(room, luis.user, role), codes.BAD_REQUEST)
    ana.name_room(room, "Ｏtra")
    ana.topic(room, "of what?")
    ana.keep(room, 30)
    ana.invite(room, zoe.user)
    zoe.until(lambda: room in zoe.mine)
    ana.role(room, luis.user, OWNER)
    refused(lambda: ana.remove(room, luis.user), codes.NOT_ALLOWED)
    refused(lambda: luis.remove(room, luis.user), codes.NOT_ALLOWED)
    assert luis.members(room) == {ana.user: OWNER, luis.user: OWNER, zoe.user: MEMBER}
    for member in (ana, luis, zoe):
        member.until(lambda: member.cursor(room) == 7)
        row = member.room(room).row
        assert row is not None and (row[2], row[5], row[13]) == ("Otra", "of what?", 30), "told by the entries alone"
    check_truth(ana, luis, zoe)
    ana.topic(room, None)
    ana.keep(room, None)
    ana.role(room, luis.user, OWNER)
    refused(lambda: ana.remove(room, 999_999), codes.NO_USER)
    luis.role(room, ana.user, MEMBER)
    refused(lambda: ana.topic(room, "x"), codes.NOT_ALLOWED)
    luis.role(room, luis.user, MEMBER)
    assert set(zoe.members(room).values()) == {MEMBER}, "a room may be without owners"
    refused(lambda: luis.name_room(room, "x"), codes.NOT_ALLOWED)
    check_truth(ana, luis, zoe)
    # An owner who leaves and comes back is a member.
    other = zoe.open_public("z")
    zoe.leave_room(other)
    zoe.join(other)
    assert zoe.members(other) == {zoe.user: MEMBER}
    check_truth(zoe)


def a_private_room_is_known_to_its_members_alone(place: Place) -> None:
    ana, luis, zoe = three(place.address)
    room = ana.open_private("secret", "plans")
    ana.say("nobody hears this yet", room)
    for wish in (
        lambda: luis.ask(wire.PULL, {1: room, 2: 1, 3: 9}), lambda: luis.members(room), lambda: luis.join(room),
        lambda: luis.say("?", room), lambda: luis.topic(room, "?"), lambda: luis.leave_room(room),
        lambda: luis.search("hears", room=room), lambda: luis.react(2, "👍", room), lambda: luis.say("?", 999_999),
    ):  # fmt: skip
        refused(wish, codes.NO_ROOM)
    luis.mark(room, 1)
    luis.typing(room)
    assert room not in luis.browse() and luis.search("nobody") == []

    # Who is invited is in it at once, on each connection, and reads all that it holds.
    luis_too = beside(luis)
    luis_too.sync()
    invited = ana.invite(room, luis.user)
    for one in (luis, luis_too):
        one.until(lambda: room in one.mine and one.cursor(room) == invited[2])
        assert one.room(room)[2].text == "nobody hears this yet" and one.room(room).unread() == 0
        assert not told(one, wire.ENTRY), "being invited does not come by itself"
    # In a private room every member may invite.
    luis.invite(room, zoe.user)
    zoe.until(lambda: zoe.cursor(room) == 4)
    ana.say("three of us", room)
    check_truth(ana, luis, zoe, luis_too)

    removed = ana.remove(room, luis.user)
    ana.say("two of us", room)
    for one in (luis, luis_too):
        one.until(lambda: room not in one.mine)
        refused(lambda: one.ask(wire.PULL, {1: room, 2: 1, 3: 9}), codes.NO_ROOM)
    for wish in (
        lambda: luis.say("still?", room), lambda: luis.members(room), lambda: luis.join(room),
        lambda: luis.delete(2, room), lambda: luis.search("two", room=room),
    ):  # fmt: skip
        refused(wish, codes.NO_ROOM)
    finds(ana, "two", ["two of us"])
    assert luis.search("two") == []
    zoe.until(lambda: zoe.cursor(room) == removed[2] + 1)
    luis.say("to everybody")  # what comes now is all that came
    luis_too.until(lambda: luis_too.cursor() == 1)
    assert max(p[1][1] for p in told(luis_too, wire.ENTRY) if p[0] == room) == removed[2] - 1, (
        "nothing more of the room"
    )
    # Who was away learns it by Sync.
    zoe.leave()
    ana.remove(room, zoe.user)
    assert zoe.profile.since > 0 and room in zoe.mine
    zoe.connect(place.address)
    assert zoe.ask(wire.SYNC, {1: zoe.profile.since})[5] == [room]
    zoe.sync()
    assert room not in zoe.mine
    # Once more inside: everything, also what was said meanwhile.
    ana.invite(room, luis.user)
    luis.until(lambda: room in luis.mine)
    check_truth(ana, luis, zoe, luis_too)


def two_people_have_one_direct_room(place: Place) -> None:
    ana, luis, zoe = three(place.address)
    for body, code in [
        ({0: DIRECT}, codes.BAD_REQUEST), ({0: DIRECT, 3: ana.user}, codes.BAD_REQUEST),
        ({0: DIRECT, 3: luis.user, 1: "us"}, codes.BAD_REQUEST), ({0: DIRECT, 3: luis.user, 2: "us"}, codes.BAD_REQUEST),
        ({0: DIRECT, 3: 999_999}, codes.NO_USER), ({0: PUBLIC, 1: "x", 3: luis.user}, codes.BAD_REQUEST),
        ({0: PUBLIC}, codes.BAD_REQUEST), ({0: PRIVATE, 2: "x"}, codes.BAD_REQUEST),
        ({0: 0, 1: "x"}, codes.BAD_REQUEST), ({0: 4, 1: "x"}, codes.BAD_REQUEST),
        ({0: PUBLIC, 1: "x", 2: ""}, codes.BAD_TEXT), ({0: PUBLIC, 1: "x", 2: "a\nb"}, codes.BAD_TEXT),
        ({0: PUBLIC, 1: "x", 2: "x" * 257}, codes.BAD_TEXT), ({1: "x"}, codes.BAD_TEXT),
    ]:  # fmt: skip
        refused(lambda: ana.put(0, ROOM_OPEN, body), code)
    # At the same moment, from both sides, several times, before anybody has heard an answer.
    cids = []
    for _ in range(3):
        cids += [(someone, someone.write_entry(0, ROOM_OPEN, {0: DIRECT, 3: other.user}))
                 for someone, other in ((ana, luis), (luis, ana))]  # fmt: skip
    for someone, cid in cids:
        someone.until(lambda: cid in someone.placed)
    places = [{key: someone.placed[cid][key] for key in (1, 2, 3, 4, 5)} for someone, cid in cids]
    assert all(place == places[0] for place in places), f"the first one's place: {places}"
    room = places[0][5]
    for someone, other in ((ana, luis), (luis, ana)):
        someone.until(lambda: someone.cursor(room) == 1)
        row = someone.room(room).row
        assert row is not None and (row[1], row[2], row[11], row[3]) == (DIRECT, "", other.user, 1), row
        assert row[6] == MEMBER and someone.members(room) == {ana.user: MEMBER, luis.user: MEMBER}
    # Later too.
    assert luis.open_direct(ana.user) == room and ana.cursor(room) == 1
    for wish in (
        lambda: ana.leave_room(room), lambda: ana.invite(room, zoe.user), lambda: ana.name_room(room, "us"),
        lambda: ana.topic(room, "us"), lambda: ana.archive(room), lambda: ana.keep(room, 1),
        lambda: ana.remove(room, luis.user), lambda: ana.role(room, ana.user, OWNER),
    ):  # fmt: skip
        refused(wish, codes.NOT_ALLOWED)
    refused(lambda: zoe.join(room), codes.NO_ROOM)
    ana.say("only you", room)
    luis.say("and you", room)
    ana.until(lambda: ana.cursor(room) == 3)
    with_zoe = zoe.open_direct(ana.user)
    assert with_zoe != room
    zoe.say("another", with_zoe)
    assert zoe.search("only") == [] and luis.search("another") == [] and set(zoe.browse()) == {GENERAL}
    check_truth(ana, luis, zoe)


def an_archived_room_takes_deletions_and_lets_people_go(place: Place) -> None:
    ana, luis, zoe = three(place.address)
    room = ana.open_public("sala")
    luis.join(room)
    said = [luis.say(f"{number}", room)[2] for number in range(3)]
    ana.archive(room)
    luis.until(lambda: luis.cursor(room) == 6)
    for wish in (
        lambda: luis.say("x", room), lambda: luis.edit(said[0], "x", room), lambda: luis.react(said[0], "👍", room),
        lambda: luis.unreact(said[0], "👍", room), lambda: zoe.join(room), lambda: ana.invite(room, zoe.user),
        lambda: ana.topic(room, "x"), lambda: ana.name_room(room, "x"), lambda: ana.keep(room, 1),
        lambda: ana.role(room, luis.user, OWNER), lambda: ana.remove(room, luis.user),
    ):  # fmt: skip
        refused(wish, codes.ARCHIVED)
    assert zoe.browse()[room][10] is True and len(zoe.ask(wire.PULL, {1: room, 2: 1, 3: 9})[2]) == 6
    luis.delete(said[1], room)
    luis.leave_room(room)
    ana.archive(room)
    refused(lambda: luis.join(room), codes.ARCHIVED)
    check_truth(ana, luis)
    ana.archive(room, False)
    luis.join(room)
    luis.say("open again", room)
    ana.until(lambda: ana.cursor(room) == 12)
    check_truth(ana, luis, zoe)


def general_is_everybodys(place: Place) -> None:
    ana, luis, _ = three(place.address)
    for wish in (
        lambda: ana.leave_room(GENERAL), lambda: ana.name_room(GENERAL, "x"), lambda: ana.topic(GENERAL, "x"),
        lambda: ana.archive(GENERAL), lambda: ana.keep(GENERAL, 1), lambda: ana.remove(GENERAL, luis.user),
        lambda: ana.role(GENERAL, luis.user, OWNER), lambda: ana.invite(GENERAL, luis.user),
    ):  # fmt: skip
        refused(wish, codes.NOT_ALLOWED)
    ana.put(GENERAL, JOIN)  # done already
    ana.say("hi")
    luis.until(lambda: luis.cursor() == 2)
    check_truth(ana, luis)


def one_person_has_so_many_rooms(place: Place) -> None:
    """Five hundred, direct ones and `general` not counted; and what is told of them takes more than one answer."""
    ana, luis, zoe = three(place.address)
    direct = ana.open_direct(luis.user)
    cids = [ana.write_entry(0, ROOM_OPEN, {0: PUBLIC, 1: f"room {number}"}) for number in range(500)]
    ana.until(lambda: all(cid in ana.placed for cid in cids))
    rooms = [ana.placed[cid][5] for cid in cids]
    assert rooms == sorted(rooms) and len(set(rooms)) == 500
    ana.until(lambda: ana.mine >= set(rooms) and ana.is_quiet())
    others = luis.open_private("one too many")
    refused(lambda: ana.open_private("one too many"), codes.TOO_MANY_ROOMS)
    refused(lambda: luis.invite(others, ana.user), codes.TOO_MANY_ROOMS)
    ana.open_direct(zoe.user)
    found = zoe.browse()
    assert list(found) == [GENERAL, *rooms], "by rising id, over several answers"

    first = ana.ask(wire.SYNC, {1: 0})
    assert len(first[2]) + len(first[3]) <= 500 and first[4]
    seen, people, answer = [row[0] for row in first[2]], [row[0] for row in first[3]], first
    while 4 in answer:
        answer = ana.ask(wire.SYNC, {1: 0, 2: answer[4]})
        seen += [row[0] for row in answer[2]]
        people += [row[0] for row in answer[3]]
    assert sorted(seen) == [GENERAL, direct, *rooms, ana.open_direct(zoe.user)], "each once"
    assert sorted(people) == [ana.user, luis.user, zoe.user]
    refused(lambda: ana.ask(wire.SYNC, {1: 0, 2: first[4][:-1] + b"\xff" * 9}), codes.BAD_REQUEST)

    # One who was away, while much happened: some rooms are gone, some are new, in some something was erased.
    profile, since = ana.profile, ana.profile.since
    ana.sync()
    since = profile.since
    said = {room: ana.say("to be erased", room)[2] for room in rooms[:150]}
    ana.sync()
    before = profile.since
    assert before > since
    ana.leave()
    elsewhere = Client(type(profile)(profile.seed)).connect(place.address)
    for room in rooms[:150]:
        elsewhere.write_entry(room, 258, {}, target=said[room])
    for room in rooms[100:300]:
        elsewhere.write_entry(room, LEAVE)
    for room in rooms[300:480]:
        elsewhere.write("meanwhile", room)
    elsewhere.until(lambda: not elsewhere.profile.outbox)
    ana.connect(place.address)
    ana.sync()
    assert ana.mine == {GENERAL, direct, ana.open_direct(zoe.user), *rooms[:100], *rooms[300:]}
    assert all(ana.room(room).seen(said[room]) == (None, frozenset()) for room in rooms[:100])
    answers = [answer for answer in told(ana, wire.SYNCED)]
    assert len(answers) >= 2 and sum(len(answer.get(5, [])) for answer in answers) == 200
    assert sum(len(answer.get(6, [])) for answer in answers) == 100
    assert profile.since == answers[0][1]
