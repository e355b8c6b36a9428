"""What is told and never stored, and what people are called and shown as: sections 10 to 12 of the document."""

from __future__ import annotations

import time

import codes
import wire
from client import Client
from entries import GENERAL
from identity import Profile
from run import Place, refused
from searching import finds
from truth import beside, check_truth, three, told
from wire import PATIENCE

DISK_IS_FULL = 1


def who_is_writing_is_told_to_the_members(place: Place) -> None:
    ana, luis, zoe = three(place.address)
    room = ana.open_private("secret")
    ana.invite(room, luis.user)
    luis.until(lambda: room in luis.mine)
    ana.typing(room)
    for one in (ana, luis):
        one.until(lambda: one.writing_in(room) == [ana.user])
    luis.typing(room)
    ana.until(lambda: ana.writing_in(room) == [ana.user, luis.user])
    # A message ends it, without another word.
    ana.say("there", room)
    for one in (ana, luis):
        one.until(lambda: one.cursor(room) == 3 and one.writing_in(room) in ([luis.user], []))
    zoe.typing(room)
    zoe.typing(999_999)
    zoe.typing(GENERAL)
    for one in (ana, luis, zoe):
        one.until(lambda: one.writing_in(GENERAL) == [zoe.user])
    # Who goes on says so again; who is not there any more is named no more.
    luis.typing(room)
    ana.until(lambda: ana.writing_in(room) == [luis.user])
    luis.leave_room(room)
    told_before = len(told(ana, wire.SERVER_TYPING))
    ana.typing(room)
    ana.until(lambda: ana.writing_in(room) == [ana.user])
    assert told(ana, wire.SERVER_TYPING)[told_before:] == [{0: room, 1: [ana.user]}]
    assert all(payload[0] == GENERAL for payload in told(zoe, wire.SERVER_TYPING)), "no business of others"
    # Many words in a moment are one frame in 250 ms.
    began, count = time.monotonic(), len(told(ana, wire.SERVER_TYPING))
    for _ in range(200):
        zoe.typing(GENERAL)
    zoe.say("enough")
    ana.until(lambda: ana.cursor() == 1)
    assert len(told(ana, wire.SERVER_TYPING)) - count <= 2 + (time.monotonic() - began) / 0.25
    check_truth(ana, luis, zoe)


def a_person_is_away_when_every_connection_says_so(place: Place) -> None:
    ana, luis, _ = three(place.address)
    luis_too = beside(luis)
    luis.away(True)
    luis_too.say("one of two is away")
    ana.until(lambda: ana.cursor() == 1)
    luis_too.away(True)
    ana.until(lambda: ana.away_people == {luis.user})
    luis_too.until(lambda: luis_too.away_people == {luis.user})
    # Who comes now is told in the first frame.
    late = Client().connect(place.address, "Late")
    late.until(lambda: late.online is not None and late.user in late.online)
    assert late.away_people == {luis.user}
    first = told(late, wire.PRESENCE)[0]
    assert luis.user in first[1] and first[4] == [luis.user]
    luis.away(False)
    ana.until(lambda: ana.away_people == set())
    luis.away(True)
    ana.until(lambda: ana.away_people == {luis.user})
    # A new connection is not away; when it goes, the others still are.
    third = Client(Profile(luis.profile.seed)).connect(place.address)
    ana.until(lambda: ana.away_people == set())
    third.leave()
    ana.until(lambda: ana.away_people == {luis.user})
    luis.leave()
    luis_too.leave()
    ana.until(lambda: ana.online is not None and luis.user not in ana.online)
    assert ana.away_people == set(), "who goes is neither"


def a_new_name_and_colour_reach_everybody(place: Place) -> None:
    ana, luis, zoe = three(place.address)
    renamed = luis.rename("Ｌucho")
    assert (renamed[2], renamed[3]) == (0, 0) and 5 not in renamed, "in no room"
    luis.profile_of(200)
    for one in (ana, luis, zoe):
        one.until(lambda: (one.names[luis.user], one.hues[luis.user]) == ("Lucho", 200))
        assert not told(one, wire.ENTRY), "in no room"
    luis.say("who am I?")
    # The former name gets in and is nobody else's; the new one too.
    for name in ("Luis", "Lucho", None):
        assert Client(Profile(luis.profile.seed)).connect(place.address, name).name == "Lucho"
    refused(lambda: Client().connect(place.address, "lucho"), codes.NAME_TAKEN)
    assert refused(lambda: zoe.rename("LUCHO"), codes.NAME_TAKEN).params == ["LUCHO"]
    refused(lambda: zoe.rename("luis"), codes.NAME_TAKEN)
    assert refused(lambda: zoe.rename("Lυcho"), codes.NAME_CONFUSABLE).params[1] == "Lucho"
    assert refused(lambda: zoe.rename("a  b"), codes.BAD_NAME).params == ["spaces"]
    refused(lambda: zoe.rename("operator"), codes.NAME_RESERVED)
    for hue in (360, 65_535):
        refused(lambda: zoe.profile_of(hue), codes.BAD_REQUEST)
    zoe.profile_of(359)
    zoe.profile_of(None)
    zoe.rename("zoe")  # one's own, written otherwise
    luis.rename("Luis")  # back again
    for one in (ana, luis, zoe):
        one.until(lambda: (one.names[zoe.user], one.hues[zoe.user], one.names[luis.user]) == ("zoe", None, "Luis"))
    check_truth(ana, luis, zoe)


def a_full_disk_takes_deletions_alone(place: Place) -> None:
    """Whoever reads our lines fills the disk, and empties it."""
    ana, luis, zoe = three(place.address)
    said = [ana.say(f"{number} words")[2] for number in range(5)]
    luis.until(lambda: luis.cursor() == 5)
    assert not ana.notices and not told(ana, wire.NOTICE)
    finds(zoe, "words", [f"{number} words" for number in range(4, -1, -1)])
    print("fill it", flush=True)
    written: list[bytes] = []
    while not ana.notices.get(DISK_IS_FULL):
        written.append(ana.write("x" * 10_000))
        ana.until(ana.is_quiet)
        assert len(written) < 2_000
    luis.until(lambda: luis.notices.get(DISK_IS_FULL) is True)
    waiting = [write[1] for write in ana.profile.outbox]
    assert waiting and waiting == written[-len(waiting) :], "not refused: it waits"
    # Later words do not get ahead of earlier ones.
    late = ana.write("later")
    ana.until(ana.is_quiet)
    assert late not in ana.placed and late not in ana.refused
    # Whoever is known gets in, is told, reads, finds, and is present.
    again = beside(luis)
    again.until(lambda: again.notices.get(DISK_IS_FULL) is True)
    again.sync()
    assert again.room()[1].text == "0 words" and again.search("words") != []
    again.until(lambda: again.online is not None and zoe.user in again.online)
    refused(lambda: Client().connect(place.address, "Late"), codes.READ_ONLY)
    # Deletions are taken, and told.
    deleted = ana.delete(said[0])[2]
    luis.until(lambda: luis.cursor() >= deleted and luis.is_quiet())
    assert luis.room().seen(said[0]) == (None, frozenset())
    for wish in ({2: 0, 3: 16, 6: wire.encode({0: 1, 1: "sala"})}, {2: 0, 3: 4, 6: wire.encode({0: "x"})}):
        refused(lambda: luis.ask(wire.WRITE, {1: b"\1" * 16, **wish}), codes.READ_ONLY)
    print("empty it", flush=True)
    for one in (ana, luis, again):
        one.until(lambda: one.notices[DISK_IS_FULL] is False, within=PATIENCE)
    assert late not in ana.placed, "until it is sent again"
    ana.resend()
    ana.until(lambda: not ana.profile.outbox)
    places = [ana.placed[cid][2] for cid in [*written, late]]
    assert places == sorted(places), "in their order"
    luis.resend()
    luis.say("here I am")
    check_truth(ana, luis, zoe)
