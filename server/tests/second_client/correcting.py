"""What is said about a message: edits, deletions, reactions, answers; sections 8, 10 and 11 of the document."""

from __future__ import annotations

from typing import Any

import codes
import wire
from client import Client
from entries import (
    DELETE, EDIT, GENERAL, MESSAGE, PAGE_LATER_MAX, REACT, ROOM_OPEN, UNREACT, Entry, check_page,
)  # fmt: skip
from fold import Room
from identity import Profile, new_cid
from run import Place, refused
from searching import finds
from truth import check_truth, three, told


def room_of(page: dict[int, Any]) -> Room:
    """What one page alone says."""
    room = Room(page[1])
    for fields in page[2]:
        room.keep(Entry(*fields[:10]))
    for fields in page.get(4, []):
        room.keep(Entry(*fields[:10]), is_later=True)
    return room


def who_corrects_changes_what_everybody_sees(place: Place) -> None:
    ana, luis, zoe = three(place.address)
    first = ana.say("frist")[2]
    answer = luis.say("what?", answer_to=first, mentions=[ana.user])[2]
    ana.edit(first, "first", mentions=[luis.user, zoe.user])
    ana.edit(first, "First!")
    for someone, emoji in ((luis, "👍"), (zoe, "👍"), (luis, "❤"), (ana, "x" * 64)):
        someone.react(first, emoji)
    luis.unreact(first, "👍")
    luis.unreact(first, "never-given")
    zoe.react(first, "👍")
    luis.react(answer, "🎉")
    luis.unreact(answer, "🎉")
    luis.react(answer, "🎉")
    gone = luis.say("a secret")[2]
    luis.edit(gone, "a worse secret")
    ana.react(gone, "😮")
    for someone in (ana, luis, zoe):
        someone.until(lambda: someone.cursor() == 17)
        room = someone.room()
        assert room.seen(first) == ("First!", {(zoe.user, "👍"), (luis.user, "❤"), (ana.user, "x" * 64)})
        assert room.seen(answer) == ("what?", {(luis.user, "🎉")}) and room[answer].target == first
        assert room.seen(gone)[0] == "a worse secret"
        assert [room[place].count for place in (1, 2, 3, 14, 15, 17)] == [1, 2, 2, 2, 3, 3], "only messages count"
    luis.delete(gone)
    for someone in (ana, luis, zoe):
        someone.until(lambda: someone.cursor() == 18)
        assert someone.room().seen(gone) == (None, frozenset())
    check_truth(ana, luis, zoe)
    # Erased for ever after: the places stay, the bodies do not, and nothing more can be said about it.
    page = zoe.ask(wire.PULL, {1: GENERAL, 2: gone, 3: 18})
    assert [entry[9] for entry in page[2][:2]] == [b"", b""] and page[2][3][6] == DELETE
    assert not any(b"secret" in entry[9] for entry in page[2])
    for wish in (
        lambda: luis.edit(gone, "x"), lambda: luis.delete(gone), lambda: ana.react(gone, "x"),
        lambda: ana.unreact(gone, "😮"), lambda: ana.say("x", answer_to=gone),
    ):  # fmt: skip
        refused(wish, codes.NO_TARGET)


def a_target_is_a_message_and_for_its_author_to_change(place: Place) -> None:
    ana, luis, _ = three(place.address)
    hers = ana.say("mine")[2]
    edited = ana.edit(hers, "still mine")[2]
    reacted = luis.react(hers, "👍")[2]
    room = ana.open_public("sala")
    for someone, kind, body in [
        (luis, EDIT, {0: "mine now"}), (luis, DELETE, {}), (ana, EDIT, {0: "x"}), (ana, DELETE, {}), (ana, REACT, {0: "x"}),
        (ana, UNREACT, {0: "x"}), (ana, MESSAGE, {0: "x"}),
    ]:  # fmt: skip
        targets = [edited, reacted, reacted + 1, 0, 2**64 - 1]
        targets += [hers] if someone is luis else []
        for target in targets:
            refused(lambda: someone.put(GENERAL, kind, body, target), codes.NO_TARGET)
        # What opens a room is no message; nor is what stands in another room.
        refused(lambda: ana.put(room, kind, body, 1), codes.NO_TARGET)
        if kind != MESSAGE:
            refused(lambda: someone.put(GENERAL, kind, body), codes.NO_TARGET)
            with someone.wire.wrong():
                refused(lambda: someone.put(GENERAL, kind, body, hers, mentions=[]), codes.BAD_REQUEST)
        if kind in (DELETE, REACT, UNREACT):
            refused(lambda: ana.put(GENERAL, kind, body, hers, mentions=[luis.user]), codes.BAD_REQUEST)
    for emoji in ("", "x" * 65, "a b", "a\n", "\u00a0", "\0", "\x7f"):
        refused(lambda: ana.react(hers, emoji), codes.BAD_TEXT)
        refused(lambda: ana.unreact(hers, emoji), codes.BAD_TEXT)
    for text in ("", "x\n", "a\0", "x" * 16_385):
        refused(lambda: ana.edit(hers, text), codes.BAD_TEXT)
    for room_, kind, body in [(0, 4, {0: "x"}), (0, 5, {}), (0, ROOM_OPEN, {0: 1, 1: "y"}), (room, 18, {})]:
        refused(lambda: ana.put(room_, kind, body, target=1), codes.BAD_REQUEST)
        refused(lambda: ana.put(room_, kind, body, mentions=[luis.user]), codes.BAD_REQUEST)
    for kind in (4, 5, ROOM_OPEN):
        refused(lambda: ana.put(GENERAL, kind, {0: 1, 1: "y"} if kind == ROOM_OPEN else {}), codes.BAD_REQUEST)
    assert ana.edit(hers, "at last")[2] == reacted + 1, "nothing of all this was stored"
    check_truth(ana, luis)


def old_pages_show_no_old_truth(place: Place) -> None:
    ana, luis, zoe = three(place.address)
    cids = [ana.write(f"message {number}") for number in range(1, 301)]
    ana.until(lambda: all(cid in ana.placed for cid in cids))
    ana.edit(3, "first edit")
    ana.edit(3, "second edit")
    luis.react(3, "👍")
    luis.unreact(3, "👍")
    luis.react(3, "🎉")
    zoe.react(3, "👍")
    ana.edit(4, "to be deleted")
    luis.react(4, "😮")
    ana.delete(4)
    ana.edit(299, "near the end")
    luis.until(lambda: luis.cursor() == 310)

    page = zoe.ask(wire.PULL, {1: GENERAL, 2: 1, 3: 10})
    check_page(page, GENERAL, 1, 10)
    assert [(entry[1], entry[6]) for entry in page[4]] == [
        (302, EDIT), (304, UNREACT), (305, REACT), (306, REACT), (309, DELETE)
    ], page[4]  # fmt: skip
    alone = room_of(page)
    assert alone.seen(3) == ("second edit", {(luis.user, "🎉"), (zoe.user, "👍")}) and alone.seen(4) == (
        None,
        frozenset(),
    )
    assert all(luis.room().seen(number) == alone.seen(number) for number in range(1, 11))
    assert not any(b"to be deleted" in entry[9] for entry in page[2] + page[4])
    own = ana.ask(wire.PULL, {1: GENERAL, 2: 1, 3: 10})
    assert [len(entry) for entry in own[4]] == [11, 10, 10, 10, 11], "the reader's own cids, also among these"
    # Said within the page's own range: it stands in its place, and not twice.
    page = zoe.ask(wire.PULL, {1: GENERAL, 2: 295, 3: 310})
    assert 4 not in page and room_of(page).seen(299)[0] == "near the end"
    page = zoe.ask(wire.PULL, {1: GENERAL, 2: 295, 3: 308})
    assert [entry[1] for entry in page[4]] == [310]
    assert 4 not in zoe.ask(wire.PULL, {1: GENERAL, 2: 100, 3: 200})

    # Of what is held already, only what was said about it.
    for first, last in [(1, 10), (3, 3), (1, 200), (111, 310), (300, 400)]:
        page = zoe.ask(wire.PULL, {1: GENERAL, 2: first, 3: last, 4: True})
        check_page(page, GENERAL, first, last, later_only=True)
        assert page[6] == first and page[3] == 310
        said = [entry[1] for entry in page.get(4, [])]
        expected = {3: [302, 304, 305, 306], 4: [309], 299: [310]}
        assert said == [at for about in sorted(expected) if first <= about <= last for at in expected[about]], said
    for first, last in [(0, 1), (2, 1)]:
        refused(lambda: zoe.ask(wire.PULL, {1: GENERAL, 2: first, 3: last, 4: True}), codes.BAD_REQUEST)

    # Stored below a gap: three messages from before, two hundred between that nobody reads, the newest.
    stored = Room(GENERAL)
    for fields in zoe.ask(wire.PULL, {1: GENERAL, 2: 1, 3: 10})[2]:
        stored.keep(Entry(*fields[:10]))
    for fields in zoe.ask(wire.PULL, {1: GENERAL, 2: 1, 3: 10, 4: True})[4]:
        stored.keep(Entry(*fields[:10]), is_later=True)
    assert stored.messages() == {number: luis.room().seen(number) for number in range(1, 11)}
    check_truth(ana, luis, zoe)


def too_much_about_one_message_is_cut(place: Place) -> None:
    """More reactions than a page holds: the newest of them come, and the page says so."""
    ana, luis, zoe = three(place.address)
    place_of = [ana.say(f"{number}")[2] for number in range(3)]
    for target, times in ((1, 700), (2, 600), (3, PAGE_LATER_MAX + 100)):
        cids = [luis.write_entry(GENERAL, REACT, {0: f"{number}"}, target) for number in range(times)]
        luis.until(lambda: all(cid in luis.placed for cid in cids))
    ana.edit(3, "three")
    head = luis.cursor()
    assert place_of == [1, 2, 3]
    zoe.until(lambda: zoe.cursor() == 3 + 700 + 600 + PAGE_LATER_MAX + 100 + 1)

    page = ana.ask(wire.PULL, {1: GENERAL, 2: 3, 3: 3})
    check_page(page, GENERAL, 3, 3)
    assert page[5] is True and len(page[4]) == PAGE_LATER_MAX
    assert page[4][-1][6] == EDIT and page[4][0][1] == zoe.cursor() - (PAGE_LATER_MAX - 1), "the edit and the newest"
    # What does not fit shortens the page from its old end, without a cut.
    page = ana.ask(wire.PULL, {1: GENERAL, 2: 1, 3: 2})
    check_page(page, GENERAL, 1, 2)
    assert [entry[1] for entry in page[2]] == [2] and len(page[4]) == 600 and 5 not in page
    page = ana.ask(wire.PULL, {1: GENERAL, 2: 1, 3: 1})
    assert len(page[4]) == 700 and 5 not in page
    page = ana.ask(wire.PULL, {1: GENERAL, 2: 1, 3: 2, 4: True})
    check_page(page, GENERAL, 1, 2, later_only=True)
    assert page[6] == 2 and len(page[4]) == 600 and 5 not in page
    page = ana.ask(wire.PULL, {1: GENERAL, 2: 1, 3: 3, 4: True})
    check_page(page, GENERAL, 1, 3, later_only=True)
    assert page[6] == 3 and page[5] is True and len(page[4]) == PAGE_LATER_MAX
    # A client that asks on gets the rest.
    fresh = Client(Profile()).connect(place.address, "Eva")
    fresh.pull(GENERAL, 1, 3)
    fresh.until(fresh.is_quiet)
    assert all(fresh.room().seen(number) == zoe.room().seen(number) for number in (1, 2))
    fresh.pull(GENERAL, 1, 2, later_only=True)
    fresh.until(fresh.is_quiet)
    assert head <= zoe.cursor()


def mentions_weigh_in_a_page(place: Place) -> None:
    """Two hundred messages, each edited, all with fifty mentions of people with long numbers: more than a frame holds."""
    ana, luis, _ = three(place.address)
    people = [2**63 + number for number in range(50)]
    cids = [ana.write_entry(GENERAL, MESSAGE, {0: "x" * 200}, mentions=people) for _ in range(200)]
    cids += [ana.write_entry(GENERAL, EDIT, {0: "y" * 200}, target, people) for target in range(1, 201)]
    ana.until(lambda: all(cid in ana.placed for cid in cids))
    for fields in ({2: 1, 3: 200}, {2: 1, 3: 400}, {2: 1, 3: 200, 4: True}):
        page = luis.ask(wire.PULL, {1: GENERAL, **fields})
        check_page(page, GENERAL, 1, fields[3], later_only=4 in fields)
    finds(luis, "", ["y" * 200] * 200, was=("x" * 200,), author=ana.user)
    hits = luis.ask(wire.SEARCH, {1: "", 3: ana.user})
    assert len(hits[1]) == 50
    luis.sync()
    check_truth(ana, luis)


def who_was_away_learns_what_was_erased(place: Place) -> None:
    ana, luis, zoe = three(place.address)
    room = ana.open_private("private")
    ana.invite(room, luis.user)
    for number in range(1, 6):
        ana.say(f"{number}")
        ana.say(f"private {number}", room)
    ana.edit(2, "two")
    luis.until(lambda: luis.cursor() == 6 and luis.cursor(room) == 7)
    luis.sync()
    zoe.sync()
    luis.leave()
    zoe.leave()
    for number in (2, 3, 5):
        ana.delete(number)
    ana.delete(4, room)
    new = ana.say("soon gone")[2]
    ana.delete(new)
    for someone, rows in (
        (luis, [[GENERAL, 2, 3], [GENERAL, 5, 5], [GENERAL, new, new], [room, 4, 4]]),
        (zoe, [[GENERAL, 2, 3], [GENERAL, 5, 5], [GENERAL, new, new]]),
    ):
        someone.connect(place.address)
        synced = someone.ask(wire.SYNC, {1: someone.profile.since})
        erased = {(of, at) for of, first, last in synced[6] for at in range(first, last + 1)}
        assert erased == {(of, at) for of, first, last in rows for at in range(first, last + 1)}, synced[6]
        someone.sync()
        assert someone.room().seen(2) == (None, frozenset()) and someone.room()[6].body == b""
        assert 6 not in someone.ask(wire.SYNC, {1: someone.profile.since})
    assert not [row for row in zoe.ask(wire.SYNC, {1: 0}).get(6, [])], "among what was placed up to C"
    check_truth(ana, luis, zoe)


def every_kind_may_be_sent_again(place: Place) -> None:
    """The same place, whatever has happened since; and what was refused once is free to be something else."""
    ana, luis, zoe = three(place.address)
    room = ana.open_public("sala")
    said = ana.say("hi", room)[2]
    wishes: list[tuple[int, int, dict[int, Any], Any]] = [
        (0, 4, {0: "Anita"}, None), (0, 5, {0: 200}, None), (0, ROOM_OPEN, {0: 1, 1: "otra"}, None),
        (0, ROOM_OPEN, {0: 2, 1: "privada"}, None), (0, ROOM_OPEN, {0: 3, 3: luis.user}, None), (room, 17, {0: "Sala 2"}, None),
        (room, 18, {0: "of what"}, None), (room, 19, {}, None), (room, 21, {0: luis.user}, None),
        (room, 23, {0: luis.user, 1: 1}, None), (room, 25, {0: 7}, None), (room, MESSAGE, {0: "x"}, said),
        (room, EDIT, {0: "y"}, said), (room, REACT, {0: "z"}, said), (room, UNREACT, {0: "z"}, said),
        (room, 22, {0: luis.user}, None), (room, DELETE, {}, said), (room, 24, {0: True}, None), (room, 20, {}, None),
    ]  # fmt: skip
    sent = []
    for of, kind, body, target in wishes:
        cid = ana.write_entry(of, kind, body, target)
        ana.until(lambda: cid in ana.placed or cid in ana.refused)
        assert cid in ana.placed, f"kind {kind}: {ana.refused.get(cid)}"
        sent.append((cid, of, kind, body, target))
    ana.leave()
    ana.connect(place.address)
    for cid, of, kind, body, target in sent:
        again = ana.put(of, kind, body, target, cid=cid)
        # Also in a form that would be refused today.
        odd = ana.put(999_999, 1, {}, cid=cid)
        first = {key: value for key, value in again.items() if key != 0}
        assert {key: odd[key] for key in (1, 2, 3, 4)} == {key: first[key] for key in (1, 2, 3, 4)}, kind
        assert odd.get(5, 999_999) == first.get(5, of) or of == 0, f"kind {kind}: {odd} and {first}"
        assert not told(ana, wire.ENTRY), "nothing is told twice"
    assert ana.profile.outbox == []
    luis.sync()
    luis.leave_room(luis.open_public("mine"))
    # An outcome that was decided by the order stays that one.
    cid = new_cid()
    refused(lambda: luis.put(GENERAL, REACT, {0: "x"}, 77, cid=cid), codes.NO_TARGET)
    assert luis.put(GENERAL, MESSAGE, {0: "free"}, cid=cid)[3] == 1
    zoe.sync()
    ana.sync()
    check_truth(ana, luis, zoe)


def two_change_the_same_at_the_same_moment(place: Place) -> None:
    """Whatever comes of it, all see the same."""
    ana, luis, zoe = three(place.address)
    room = ana.open_public("sala")
    luis.join(room)
    ana.role(room, luis.user, 2)
    said = ana.say("hi", room)[2]
    cids = []
    for number in range(30):
        for someone in (ana, luis):
            cids += [
                (someone, someone.write_entry(room, 18, {0: f"{someone.name} {number}"})),
                (someone, someone.write_entry(room, REACT if number % 3 else UNREACT, {0: "👍"}, said)),
                (someone, someone.write_entry(room, 23, {0: ana.user, 1: 1 + number % 2})),
                (someone, someone.write_entry(0, ROOM_OPEN, {0: 1, 1: f"room {number}"})),
                (someone, someone.write_entry(0, ROOM_OPEN, {0: 3, 3: (ana if someone is luis else luis).user})),
            ]
        cids.append(
            (ana, ana.write_entry(room, EDIT if number < 20 else DELETE, {0: f"{number}"} if number < 20 else {}, said))
        )
    for someone, cid in cids:
        someone.until(lambda: cid in someone.placed or cid in someone.refused)
    assert len({ana.placed[cid][5] for of, cid in cids if of is ana and cid in ana.placed and 5 in ana.placed[cid]}) > 1
    zoe.join(room)
    check_truth(ana, luis, zoe)
