"""Finding what was said: section 11 of the document, *Search*."""

from __future__ import annotations

import time

import codes
import wire
from client import Client
from entries import GENERAL, HITS_MAX, MESSAGE, check_hits
from run import Place, refused
from truth import three
from wire import PATIENCE, encode


def finds(someone: Client, words: str, expected: list[str], was: tuple[str, ...] = (), **conditions: object) -> None:
    """The texts, newest first; what was said a moment ago perhaps a moment later, and never anything else. `was` is
    what an edit has replaced a moment ago."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = [text for _, _, text in someone.search(words, **conditions)]
        if found == expected:
            return
        assert set(found) <= {*expected, *was}, f"{words!r} {conditions}: {found}"
        assert time.monotonic() < deadline, f"{words!r} {conditions}: {found}, where {expected} was due"


def words_are_found_however_they_are_written(place: Place) -> None:
    ana, luis, _ = three(place.address)
    texts = ["La reunión del MARTES es a las diez", "martes: café y té", "Straße, 12 (the café's)", "un martesito más",
             'he said "drop table" NOT so', "a-b c_d e.f", "日本語の文章", "naïve AND (or) near/5 OR^2 col:umn * -minus"]  # fmt: skip
    for text in texts:
        ana.say(text)
    for words, expected in [
        ("martes", [3, 1, 0]), ("MARTES", [3, 1, 0]), ("mártes", [3, 1, 0]), ("martes diez", [0]), ("diez martes", [0]),
        ("cafe", [2, 1]), ("CAFÉ", [2, 1]), ("mart", [3, 1, 0]), ("mart diez", []), ("artes", []), ("reunion d", [0]),
        ("  martes \t\n las ", [0]), ("strasse", []), ("12", [2]), ("nada", []), ("martes nada", []),
    ]:  # fmt: skip
        finds(luis, words, [texts[index] for index in expected])
    # Whatever means something to a program that searches is data here.
    for words, expected in [
        ('"drop table"', [4]), ('"', None), ("NOT", [4]), ("AND", [7]), ("OR", None), ("NEAR/5", [7]), ("col:umn", [7]),
        ("text:naive", []), ("(or)", [7]), ("*", None), ("mart*", None), ("-minus", [7]), ("^naive", [7]), ("a-b", [5]),
        ("'; DROP TABLE log; --", None), ("{a b}", None), ("martes AND diez", []), ("martes OR diez", []), ("+", None),
        ("martes NOT diez", []), ("\\", None), ("%", None), ("_", None), ('martes"', None), ('mar"tes', None), ("\0", None),
    ]:  # fmt: skip
        if expected is None:
            luis.search(words, room=GENERAL)
        else:
            finds(luis, words, [texts[index] for index in expected])
    # At most 256 bytes; nothing at all is no search.
    finds(luis, "x" * 256, [])
    for words in ("x" * 257, "ñ" * 129):
        refused(lambda: luis.search(words), codes.BAD_REQUEST)
    for words in ("", "  \t ", "\n"):
        refused(lambda: luis.search(words), codes.BAD_REQUEST)
        refused(lambda: luis.ask(wire.SEARCH, {1: words, 6: False}), codes.BAD_REQUEST)
        refused(lambda: luis.ask(wire.SEARCH, {1: words, 7: 5}), codes.BAD_REQUEST)
        finds(luis, words, texts[::-1], room=GENERAL)
        finds(luis, words, texts[::-1], author=ana.user)
    assert luis.say("still here")[2] == len(texts) + 1


def conditions_narrow_a_search(place: Place) -> None:
    ana, luis, zoe = three(place.address)
    room = luis.open_public("sala")
    times = {}
    for someone, of, text in [
        (ana, GENERAL, "one word"), (luis, GENERAL, "two words"), (luis, room, "three words"),
        (ana, GENERAL, "see https://example.org/words"), (zoe, GENERAL, "four words, http://x.example"),
    ]:  # fmt: skip
        times[text] = someone.say(text, of)[4]
    finds(
        zoe,
        "wor",
        ["four words, http://x.example", "see https://example.org/words", "three words", "two words", "one word"],
    )
    finds(zoe, "wor", ["three words", "two words"], author=luis.user)
    finds(zoe, "wor", ["three words"], room=room)
    finds(zoe, "", ["two words"], author=luis.user, room=GENERAL)
    finds(zoe, "", ["four words, http://x.example", "see https://example.org/words"], has_link=True)
    finds(zoe, "words", ["see https://example.org/words"], has_link=True, author=ana.user)
    finds(zoe, "words", [], author=999_999)
    finds(zoe, "", [*times][::-1], since=0)
    first, last = times["one word"], times["four words, http://x.example"]
    assert len(zoe.search("", since=first, until=last + 1)) == 5
    # The first millisecond is in, the last one is the one behind.
    assert len(zoe.search("", until=last)) == sum(at < last for at in times.values())
    assert len(zoe.search("", since=last)) == sum(at >= last for at in times.values())
    assert zoe.search("", since=last + 1) == [] and zoe.search("", until=first) == []
    assert zoe.search("", since=-(2**63)) == zoe.search("", until=2**63 - 1) != []
    refused(lambda: zoe.search("words", room=999_999), codes.NO_ROOM)
    # `below` is a place in the log.
    whole = zoe.ask(wire.SEARCH, {1: "wor"})
    check_hits(whole, None)
    seqs = [entry[0] for _, entry in whole[1]]
    for number, seq in enumerate(seqs):
        some = zoe.ask(wire.SEARCH, {1: "wor", 7: seq})
        check_hits(some, seq)
        assert some[1] == whole[1][number + 1 :]
    assert zoe.ask(wire.SEARCH, {1: "wor", 7: 0})[1] == []
    assert zoe.ask(wire.SEARCH, {1: "wor", 7: 2**64 - 1})[1] == whole[1]


def a_hit_is_the_message_as_it_is_now(place: Place) -> None:
    ana, luis, zoe = three(place.address)
    said = ana.put(GENERAL, MESSAGE, {0: "the old words", 7: [1, 2]}, mentions=[luis.user])
    ana.say("other words")
    ana.edit(said[2], "the new text")
    finds(luis, "old", [], was=("the old words",))
    finds(luis, "new text", ["the new text"])
    (hit,) = luis.ask(wire.SEARCH, {1: "new text"})[1]
    assert hit[0] == GENERAL and hit[1][:5] == [said[1], 1, 1, said[4], ana.user], "in its own place"
    assert hit[1][6:9] == [MESSAGE, None, [luis.user]] and hit[1][9] == encode({0: "the new text"})
    ana.edit(said[2], "with https://example.org")
    finds(luis, "", ["with https://example.org"], has_link=True)
    finds(luis, "new", [], was=("the new text",))
    ana.delete(said[2])
    for words in ("old", "new", "with", "example"):
        finds(luis, words, [])
    finds(luis, "", [], has_link=True)
    finds(luis, "", ["other words"], author=ana.user)
    # Nobody finds what is not for everybody to read; a member finds what was said before.
    room = ana.open_private("secret")
    ana.say("hidden words", room)
    direct = ana.open_direct(luis.user)
    luis.say("words for two", direct)
    finds(zoe, "words", ["other words"])
    finds(luis, "words", ["words for two", "other words"])
    finds(ana, "words", ["words for two", "hidden words", "other words"])
    ana.invite(room, zoe.user)
    finds(zoe, "words", ["hidden words", "other words"])
    ana.remove(room, zoe.user)
    finds(zoe, "words", ["other words"])
    public = ana.open_public("open")
    ana.say("words for all", public)
    finds(zoe, "words", ["words for all", "other words"])


def a_long_search_goes_on_from_where_it_ended(place: Place) -> None:
    ana, luis, _ = three(place.address)
    cids = [ana.write(f"word {number}") for number in range(320)]
    cids += [ana.write_entry(GENERAL, MESSAGE, {0: "word " + "ñ" * 8_000}) for _ in range(12)]
    cids += [ana.write(f"other {number}") for number in range(120)]
    ana.until(lambda: all(cid in ana.placed for cid in cids))
    finds(luis, "119", ["other 119", "word 119"])
    first = luis.ask(wire.SEARCH, {1: "word"})
    check_hits(first, None)
    assert len(first[1]) == 9 and 2 in first, f"nine of the long ones weigh less than 144 KiB: {len(first[1])}"
    found = luis.search("word")
    assert [at for _, at, _ in found] == list(range(332, 0, -1)), "each once, none left out"
    assert len(luis.ask(wire.SEARCH, {1: "other"})[1]) == HITS_MAX
    assert len(luis.search("other")) == 120
