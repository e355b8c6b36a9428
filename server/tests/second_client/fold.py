"""What a client holds of a room: the fold of everything that it was told of it (sections 8 and 11 of the document).

It knows no connection. Whatever contradicts what was told before is `Broken`: an entry that says something else today
than yesterday, a body that comes back after it was erased, places and counts that do not rise together.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Iterable, Union

from cddl import Mismatch
from entries import (
    ARCHIVE, BODIES, CONTENT_FROM, DELETE, DIRECT, EDIT, EXPIRE, GENERAL, INVITE, JOIN, KEEP, LEAVE, MEMBER, MESSAGE, OWNER,
    REACT, REMOVE, ROLE, ROOM_NAME, ROOM_OPEN, ROOM_TOPIC, UNREACT, Entry,
)  # fmt: skip
from wire import GRAMMAR, Broken, decode

Seen = tuple[Union[str, None], frozenset[tuple[int, str]]]
"""A message as it is shown: its text, `None` if it is erased, and who reacted with what."""


def insist(is_so: bool, why: str) -> None:
    """Else the other side does not keep to the protocol."""
    if not is_so:
        raise Broken(why)


@dataclass
class State:
    """What the entries of a room make of it, from its first to its last. The same as a `RoomRow` and a `MemberList`."""

    kind: int = 1
    name: str = "general"
    topic: Union[str, None] = None
    members: dict[int, int] = field(default_factory=dict)
    archived: bool = False
    keep_days: Union[int, None] = None
    head: int = 0
    count: int = 0

    def take(self, entry: Entry) -> None:
        """The next entry."""
        self.head, self.count = entry.rseq, entry.count
        if entry.kind >= CONTENT_FROM or entry.kind not in BODIES:
            return
        body = decode(entry.body)
        if entry.kind == ROOM_OPEN:
            self.kind, self.name, self.topic = body[0], body.get(1, ""), body.get(2)
            self.members = {entry.author: MEMBER, body[3]: MEMBER} if self.kind == DIRECT else {entry.author: OWNER}
        elif entry.kind == ROOM_NAME:
            self.name = body[0]
        elif entry.kind == ROOM_TOPIC:
            self.topic = body.get(0)
        elif entry.kind in (JOIN, INVITE):
            self.members.setdefault(entry.author if entry.kind == JOIN else body[0], MEMBER)
        elif entry.kind in (LEAVE, REMOVE):
            self.members.pop(entry.author if entry.kind == LEAVE else body[0], None)
        elif entry.kind == ROLE:
            self.members[body[0]] = body[1]
        elif entry.kind == ARCHIVE:
            self.archived = body[0]
        elif entry.kind == KEEP:
            self.keep_days = body.get(0)


@dataclass
class Room:
    """One room."""

    number: int
    entries: dict[int, Entry] = field(default_factory=dict)  # what came in its place
    later: dict[int, Entry] = field(default_factory=dict)  # what came as said later about something
    row: Union[dict[int, Any], None] = None  # as it was told, and changed by entries since
    erased: set[int] = field(default_factory=set)
    expired: int = 0
    contiguous: int = 0

    def __getitem__(self, place: int) -> Entry:
        return self.entries[place]

    def __contains__(self, place: int) -> bool:
        return place in self.entries

    def known(self) -> dict[int, Entry]:
        """Every entry that was told, by its place."""
        return {**self.later, **self.entries}

    def cursor(self) -> int:
        """The last contiguous place."""
        while self.contiguous + 1 in self.entries:
            self.contiguous += 1
        return self.contiguous

    def keep(self, entry: Entry, is_later: bool = False) -> None:
        """Takes an entry, however it came."""
        before = self.entries.get(entry.rseq) or self.later.get(entry.rseq)
        if entry.kind in BODIES:
            check_body(entry)
        if before is not None:
            same = replace(before, body=b"") if not entry.body else before
            insist(same == entry, f"a place says one thing today and another tomorrow: {before} and {entry}")
        if self.is_forgotten(entry):
            insist(not entry.body, f"what was erased has come back: {entry}")
        (self.later if is_later else self.entries)[entry.rseq] = entry
        if not is_later:
            self.later.pop(entry.rseq, None)
            for neighbour, sign in ((self.entries.get(entry.rseq - 1), 1), (self.entries.get(entry.rseq + 1), -1)):
                if neighbour is not None:
                    insist((entry.seq - neighbour.seq) * sign > 0, "seq and rseq rise together")
                    rise = (entry.count - neighbour.count) * sign
                    insist(
                        rise == ((entry if sign > 0 else neighbour).kind == MESSAGE), "count goes up by each message"
                    )
        if not entry.body and entry.kind == MESSAGE:
            self.forget([entry.rseq])
        elif entry.kind == DELETE and entry.target is not None:
            self.forget([entry.target])
        elif entry.kind == EXPIRE:
            self.expired = max(self.expired, decode(entry.body)[0])
            self.forget([])

    def is_forgotten(self, entry: Entry) -> bool:
        """Whether its body must not be there any more."""
        about = entry.target if entry.kind == EDIT else entry.rseq if entry.kind == MESSAGE else None
        if entry.kind >= CONTENT_FROM and entry.rseq <= self.expired:
            return True
        return about is not None and (about in self.erased or about <= self.expired)

    def forget(self, places: Iterable[int]) -> None:
        """Forgets the content of these places, and the edits of their messages."""
        self.erased.update(places)
        for held in (self.entries, self.later):
            for place, entry in held.items():
                if entry.body and self.is_forgotten(entry):
                    held[place] = replace(entry, body=b"")

    def set_back(self, cut: int) -> set[int]:
        """Forgets what has a place in the log from this one on, and what it erased, which is there again; the places."""
        is_content = EDIT, MESSAGE, REACT, UNREACT
        gone = {place for place, entry in self.known().items() if entry.seq >= cut}
        blank = {place for place, entry in self.known().items() if not entry.body and entry.kind in is_content}
        for held in (self.entries, self.later):
            for place in (gone | blank) & held.keys():
                del held[place]
        self.row, self.erased, self.expired, self.contiguous = None, set(), 0, 0
        return gone

    def seen(self, place: int) -> Seen:
        """How a message is shown."""
        message = self.entries[place]
        insist(message.kind == MESSAGE, f"{place} is no message")
        if not message.body:
            return None, frozenset()
        text, reactions = message.text, dict[tuple[int, str], bool]()
        for _, entry in sorted(self.known().items()):
            if entry.target != place or not entry.body:
                continue
            if entry.kind == EDIT:
                insist(entry.author == message.author, "an edit of somebody else's message")
                text = entry.text
            elif entry.kind in (REACT, UNREACT):
                reactions[entry.author, decode(entry.body)[0]] = entry.kind == REACT
        return text, frozenset(who for who, is_there in reactions.items() if is_there)

    def messages(self) -> dict[int, Seen]:
        """All messages that are held, as they are shown."""
        return {place: self.seen(place) for place, entry in sorted(self.entries.items()) if entry.kind == MESSAGE}

    def state(self) -> State:
        """What the room is, by its entries alone; they have to be held from the first on."""
        state = State()
        for place in range(1, self.cursor() + 1):
            state.take(self.entries[place])
        if self.number == GENERAL:
            state.members = {}  # everybody is in it, which nobody lists
        insist(
            (self.number == GENERAL) != (1 in self.entries and self.entries[1].kind == ROOM_OPEN), "it is opened first"
        )
        return state

    def change_row(self, entry: Entry, reader: int) -> None:
        """A live entry changes the row that is held. The number of members changes only for who knows who they are."""
        row = self.row
        if row is None or entry.rseq <= row[3]:
            return
        row[3], row[4] = entry.rseq, entry.count
        if entry.kind == MESSAGE:
            if entry.author == reader:
                row[7], row[8] = entry.rseq, entry.count
                row.pop(9, None)
            elif reader in (entry.mentions or []):
                row[9] = row.get(9, 0) + 1
        if entry.kind not in (ROOM_NAME, ROOM_TOPIC, ARCHIVE, KEEP, ROLE):
            return
        body = decode(entry.body)
        if entry.kind == ROLE and body[0] != reader:
            return
        key = {ROOM_NAME: 2, ROOM_TOPIC: 5, ARCHIVE: 10, KEEP: 13, ROLE: 6}[entry.kind]
        value = body.get(1 if entry.kind == ROLE else 0)
        if value is None or value is False:
            row.pop(key, None)
        else:
            row[key] = value

    def unread(self) -> int:
        """How many messages stand behind the read mark."""
        insist(self.row is not None, "a room without a row")
        assert self.row is not None
        return int(self.row[4] - self.row.get(8, 0))


def check_body(entry: Entry) -> None:
    """It is the body of its kind, or that of an erased entry."""
    if not entry.body and entry.kind >= CONTENT_FROM:
        return
    try:
        GRAMMAR.check(BODIES[entry.kind], decode(entry.body))
    except (Mismatch, Broken) as error:
        raise Broken(f"not the body of kind {entry.kind}: {error}") from error
