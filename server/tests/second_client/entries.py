"""Entries and pages of them: sections 8 and 11 of the document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Union

from wire import decode

GENERAL = 1
RENAME, PROFILE = 4, 5
ROOM_OPEN, ROOM_NAME, ROOM_TOPIC, JOIN, LEAVE, INVITE, REMOVE, ROLE, ARCHIVE, KEEP, EXPIRE = range(16, 27)
MESSAGE, EDIT, DELETE, REACT, UNREACT = range(256, 261)
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


def check_page(page: dict[int, Any], room: int, first: int, last: int) -> None:
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
    assert all(entry[7] in places and entry[1] > places[-1] for entry in later), "said later about these"
    newest = min(last, page[3])
    if not places:
        assert newest < first, f"nothing in {first}..{last}, and the head is {page[3]}"
        return
    assert places[-1] == newest, "the newest part comes first"
    assert places == list(range(places[0], newest + 1)), "without a hole"
    assert places[0] >= first
