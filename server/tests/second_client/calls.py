"""What a person can ask of a client: the kinds of section 10 by name, and the requests of section 11. Whatever is
written waits in the outbox until it is answered."""

from __future__ import annotations

from typing import Any, Callable, Union

import wire
from codes import Refused
from entries import (
    ARCHIVE, DELETE, DIRECT, EDIT, GENERAL, INVITE, JOIN, KEEP, LEAVE, MESSAGE, PRIVATE, PROFILE, PUBLIC, REACT, REMOVE,
    RENAME, ROLE, ROOM_NAME, ROOM_OPEN, ROOM_TOPIC, UNREACT, check_hits,
)  # fmt: skip
from identity import Profile, new_cid
from wire import encode

Placed = dict[int, Any]
SERVER = 0
"""The room that stands for the server as a whole."""


class Calls:
    """Mixed into the client, which has the connection."""

    profile: Profile
    placed: dict[bytes, dict[int, Any]]
    refused: dict[bytes, Refused]

    def ask(self, kind: int, payload: dict[int, Any]) -> dict[int, Any]:
        """Any request, and its answer as it came."""
        raise NotImplementedError

    def until(self, done: Callable[[], bool], within: float = wire.PATIENCE) -> None:
        """Takes what comes until it is so."""
        raise NotImplementedError

    def _request(self, kind: int, payload: dict[int, Any], purpose: tuple[Any, ...]) -> int:
        raise NotImplementedError

    def _send(self, kind: int, payload: dict[int, Any]) -> None:
        raise NotImplementedError

    # Writing

    def write_entry(
        self,
        room: int,
        kind: int,
        body: Union[dict[int, Any], None] = None,
        target: Union[int, None] = None,
        mentions: Union[list[int], None] = None,
        cid: Union[bytes, None] = None,
    ) -> bytes:
        """Sends an entry of any kind (section 8), which waits in the outbox until it is answered; its cid."""
        there = {key: value for key, value in (body or {}).items() if value is not None}
        cid = cid or new_cid()
        fields = {1: cid, 2: room, 3: kind, 4: target, 5: mentions, 6: encode(there)}
        write = {key: value for key, value in fields.items() if value is not None}
        self.profile.outbox.append(write)
        self._write(write)
        return cid

    def write(self, text: str, room: int = GENERAL) -> bytes:
        """Sends a text."""
        return self.write_entry(room, MESSAGE, {0: text})

    def put(
        self,
        room: int,
        kind: int,
        body: Union[dict[int, Any], None] = None,
        target: Union[int, None] = None,
        mentions: Union[list[int], None] = None,
        cid: Union[bytes, None] = None,
    ) -> Placed:
        """The same, and waits for its place."""
        cid = self.write_entry(room, kind, body, target, mentions, cid)
        self.refused.pop(cid, None)
        self.placed.pop(cid, None)
        self.until(lambda: cid in self.placed or cid in self.refused)
        if cid in self.refused:
            raise self.refused[cid]
        return self.placed[cid]

    def resend(self) -> None:
        """After `failed` or `read_only`: everything unanswered again, oldest first."""
        self._send(wire.RESEND, {})
        for write in self.profile.outbox:
            self._write(write)

    def _write(self, write: dict[int, Any]) -> None:
        self._request(wire.WRITE, write, ("write", write[1]))

    def _settle(self, cid: bytes) -> None:
        self.profile.outbox = [write for write in self.profile.outbox if write[1] != cid]

    # Messages

    def say(
        self,
        text: str,
        room: int = GENERAL,
        answer_to: Union[int, None] = None,
        mentions: Union[list[int], None] = None,
    ) -> Placed:
        return self.put(room, MESSAGE, {0: text.rstrip("\r\n")}, answer_to, mentions)

    def edit(self, place: int, text: str, room: int = GENERAL, mentions: Union[list[int], None] = None) -> Placed:
        return self.put(room, EDIT, {0: text}, place, mentions)

    def delete(self, place: int, room: int = GENERAL) -> Placed:
        return self.put(room, DELETE, {}, place)

    def react(self, place: int, emoji: str, room: int = GENERAL) -> Placed:
        return self.put(room, REACT, {0: emoji}, place)

    def unreact(self, place: int, emoji: str, room: int = GENERAL) -> Placed:
        return self.put(room, UNREACT, {0: emoji}, place)

    # Rooms; those that open one give its number

    def open_public(self, name: str, topic: Union[str, None] = None) -> int:
        return int(self.put(SERVER, ROOM_OPEN, {0: PUBLIC, 1: name, 2: topic})[5])

    def open_private(self, name: str, topic: Union[str, None] = None) -> int:
        return int(self.put(SERVER, ROOM_OPEN, {0: PRIVATE, 1: name, 2: topic})[5])

    def open_direct(self, user: int) -> int:
        return int(self.put(SERVER, ROOM_OPEN, {0: DIRECT, 3: user})[5])

    def name_room(self, room: int, name: str) -> Placed:
        return self.put(room, ROOM_NAME, {0: name})

    def topic(self, room: int, topic: Union[str, None]) -> Placed:
        return self.put(room, ROOM_TOPIC, {0: topic})

    def join(self, room: int) -> Placed:
        return self.put(room, JOIN)

    def leave_room(self, room: int) -> Placed:
        return self.put(room, LEAVE)

    def invite(self, room: int, user: int) -> Placed:
        return self.put(room, INVITE, {0: user})

    def remove(self, room: int, user: int) -> Placed:
        return self.put(room, REMOVE, {0: user})

    def role(self, room: int, user: int, role: int) -> Placed:
        return self.put(room, ROLE, {0: user, 1: role})

    def archive(self, room: int, archived: bool = True) -> Placed:
        return self.put(room, ARCHIVE, {0: archived})

    def keep(self, room: int, days: Union[int, None]) -> Placed:
        return self.put(room, KEEP, {0: days})

    # Oneself

    def rename(self, name: str) -> Placed:
        return self.put(SERVER, RENAME, {0: name})

    def profile_of(self, hue: Union[int, None]) -> Placed:
        return self.put(SERVER, PROFILE, {0: hue})

    def mark(self, room: int, rseq: int) -> None:
        """Says up to where a room was read."""
        self._send(wire.MARK, {0: room, 1: rseq})

    def away(self, away: bool) -> None:
        self._send(wire.AWAY, {0: away})

    def typing(self, room: int) -> None:
        self._send(wire.TYPING, {0: room})

    # Looking

    def browse(self) -> dict[int, dict[int, Any]]:
        """All public rooms."""
        rows: dict[int, dict[int, Any]] = {}
        while True:
            browsed = self.ask(wire.BROWSE, {1: max(rows, default=None)})
            ids = [row[0] for row in browsed[1]]
            assert (
                ids == sorted(set(ids)) and len(ids) <= wire.ROWS_MAX and min(ids, default=2**64) > max(rows, default=0)
            )
            assert all(row[1] == PUBLIC for row in browsed[1])
            rows.update((row[0], row) for row in browsed[1])
            if not browsed[2]:
                return rows

    def members(self, room: int) -> dict[int, int]:
        """Who is in a room, each with the role."""
        roles: dict[int, int] = {}
        while True:
            listed = self.ask(wire.MEMBERS, {1: room, 2: max(roles, default=None)})
            ids = [row[0] for row in listed[2]]
            assert listed[1] == room and ids == sorted(set(ids)) and len(ids) <= wire.ROWS_MAX
            assert min(ids, default=2**64) > max(roles, default=0)
            roles.update(listed[2])
            if not listed[3]:
                return roles

    def search(self, words: str = "", **conditions: Any) -> list[tuple[int, int, str]]:
        """All hits, newest first: of each the room, the place and the text."""
        keys = {"room": 2, "author": 3, "since": 4, "until": 5, "has_link": 6}
        hits: list[tuple[int, int, str]] = []
        below = None
        while True:
            answer = self.ask(wire.SEARCH, {1: words, 7: below, **{keys[name]: of for name, of in conditions.items()}})
            check_hits(answer, below)
            hits += [(room, entry[1], wire.decode(entry[9])[0]) for room, entry in answer[1]]
            if 2 not in answer:
                return hits
            assert below is None or answer[2] < below, "it comes to an end"
            below = answer[2]
