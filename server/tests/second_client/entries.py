"""Entries and pages of them: sections 8 and 11 of the document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Union

from wire import decode

GENERAL = 1
RENAME, PROFILE = 4, 5
ROOM_OPEN, ROOM_NAME, ROOM_TOPIC, JOIN, LEAVE, INVITE, REMOVE, ROLE, ARCHIVE, KEEP, EXPIRE = range(16, 27)
MESSAGE, EDIT, DELETE, REACT, UNREACT = range(256, 261)
CONTENT_FROM = 256
PUBLIC, PRIVATE, DIRECT = 1, 2, 3
MEMBER, OWNER = 1, 2
PAGE_ENTRIES_MAX, PAGE_LATER_MAX, PAGE_WEIGHT_MAX, MENTION_WEIGHT = 200, 1_000, 147_456, 9
HITS_MAX = 50

BODIES = {
    RENAME: "name-body", PROFILE: "profile-body", ROOM_OPEN: "room-open-body", ROOM_NAME: "name-body",
    ROOM_TOPIC: "topic-body", JOIN: "no-body", LEAVE: "no-body", INVITE: "member-body", REMOVE: "member-body",
    ROLE: "role-body", ARCHIVE: "archive-body", KEEP: "keep-body", EXPIRE: "expire-body", MESSAGE: "message-body",
    EDIT: "message-body", DELETE: "no-body", REACT: "reaction-body", UNREACT: "reaction-body",
}  # fmt: skip
"""The rule of the grammar for the body of each kind."""


@dataclass(frozen=True)
class Entry:
    """Section 5, `Entry`."""

    seq: int
    rseq: int
    count: int
    at: int
    author: int
    device: int
    kind: int
    target: Union[int, None]
    mentions: Union[list[int], None]
    body: bytes

    @property
    def text(self) -> str:
        """The text of a message."""
        assert self.kind in (MESSAGE, EDIT), f"kind {self.kind}"
        return str(decode(self.body)[0])


def weight(entry: list[Any]) -> int:
    """What an entry weighs in a page, or as a hit."""
    return len(entry[9]) + MENTION_WEIGHT * len(entry[8] or [])


def check_page(page: dict[int, Any], room: int, first: int, last: int, later_only: bool = False) -> None:
    """What section 11 says about the answer to a pull."""
    places = [entry[1] for entry in page[2]]
    assert page[1] == room
    assert len(places) <= PAGE_ENTRIES_MAX
    later = page.get(4, [])
    assert later or 4 not in page, "nothing is said by leaving it out"
    assert len(later) <= PAGE_LATER_MAX
    heavy = [weight(entry) for entry in page[2] + later]
    assert len(heavy) <= 1 or sum(heavy) <= PAGE_WEIGHT_MAX
    assert [entry[1] for entry in later] == sorted({entry[1] for entry in later}), "by rising place"
    check_later(later)
    if later_only:
        assert places == [] and first <= page[6] <= last, "from which place on it is all there"
        assert all(page[6] <= entry[7] <= last for entry in later), "about the places that were asked for"
        return
    assert 6 not in page
    assert all(entry[7] in places and entry[1] > places[-1] for entry in later), "said later about these"
    newest = min(last, page[3])
    if not places:
        assert newest < first, f"nothing in {first}..{last}, and the head is {page[3]}"
        return
    assert places[-1] == newest, "the newest part comes first"
    assert places == list(range(places[0], newest + 1)), "without a hole"
    assert places[0] >= first


def check_later(later: list[list[Any]]) -> None:
    """The deletion or else the newest edit of each message, and one word of each author about each emoji."""
    heard = set()
    for entry in later:
        assert entry[6] in (EDIT, DELETE, REACT, UNREACT), f"kind {entry[6]} among what was said later"
        what: Any = "text"
        if entry[6] in (REACT, UNREACT):
            what = (entry[4], decode(entry[9])[0] if entry[9] else entry[1])
        assert (entry[7], what) not in heard, f"twice the same about {entry[7]}: {what}"
        heard.add((entry[7], what))


def check_hits(hits: dict[int, Any], below: Union[int, None]) -> None:
    """What section 11 says about the answer to a search."""
    entries = [entry for _, entry in hits[1]]
    places = [entry[0] for entry in entries]
    assert places == sorted(set(places), reverse=True), "the newest first, each once"
    assert all(place < below for place in places) if below is not None else True, "below"
    assert len(places) <= HITS_MAX and (2 not in hits or all(place >= hits[2] for place in places))
    assert len(entries) <= 1 or sum(map(weight, entries)) <= PAGE_WEIGHT_MAX
    for entry in entries:
        assert entry[6] == MESSAGE and len(entry) == 10, "a message, and no cid"
        assert list(decode(entry[9])) == [0], "a text and nothing else"
