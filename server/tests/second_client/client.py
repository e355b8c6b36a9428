"""A client of Tertulia, written from `docs/protocol.md` alone: the numbers of the sections below are its own.

It keeps what a client keeps, and asserts whatever the document promises as soon as it sees it: a promise that is broken
ends the scenario, whichever that is.
"""

from __future__ import annotations

import time
from typing import Any, Callable, Union

import wire
from calls import Calls
from codes import FAILED, NO_ROOM, READ_ONLY, Refused
from entries import GENERAL, INVITE, MESSAGE, REMOVE, ROLE, ROOM_OPEN, Entry, check_page
from fold import Room, insist
from handshake import Ended, log_in
from identity import Profile
from signals import Signals
from wire import PATIENCE, ROWS_MAX, Address, Broken, Wire, decode

HEARTBEAT_AFTER, DEAD_AFTER = 20.0, 55.0


class Client(Calls, Signals):
    """One person at one device, on one connection at a time."""

    def __init__(self, profile: Union[Profile, None] = None) -> None:
        self.profile = profile if profile is not None else Profile()
        self.user = self.device = self.position = 0
        self.name = ""
        self.names: dict[int, str] = {}
        self.hues: dict[int, Union[int, None]] = {}
        self.rooms: dict[int, Room] = {}
        self.mine: set[int] = set()  # the rooms of which one is a member, once it is known
        Signals.__init__(self)
        self.notices: dict[int, bool] = {}
        self.lags = 0
        self.set_back_to = 0  # the first place of a log that took the place of the one that we knew
        self.placed: dict[bytes, dict[int, Any]] = {}
        self.refused: dict[bytes, Refused] = {}
        self.heartbeats: list[int] = []
        self.arrived: list[tuple[int, Any]] = []  # every frame of this connection since `Welcome`
        self._waiting: dict[int, tuple[Any, ...]] = {}
        self._answers: dict[int, Union[dict[int, Any], Refused]] = {}
        self._next_request = 0
        self._more_since = self._sync_position = 0
        self._is_synced = False
        self._live_at: dict[int, int] = {}  # of each room the place that is told live next
        self.wire: Wire
        self._sent_at = self._heard_at = 0.0

    # 6. Handshake

    def connect(self, address: Address, name: Union[str, None] = None) -> "Client":
        """Connects and logs in. What is unanswered from before is sent again."""
        self.wire = Wire(address)
        try:
            self._log_in(name)
        except BaseException:
            self.wire.socket.close()
            raise
        for write in self.profile.outbox:
            self._write(write)
        return self

    def _log_in(self, name: Union[str, None]) -> None:
        welcome = log_in(self.wire, self.profile, name)
        self.user, self.device, self.name, self.position = (welcome[field] for field in range(4))
        assert 0 < self.user <= self.position and 0 < self.device <= self.position
        assert abs(welcome[5] / 1000 - time.time()) < 60, "the clock of the same computer"
        self._enter_log(welcome[4])
        self.names[self.user] = self.name
        self.online, self._typing, self.notices = None, {}, {}
        self._is_synced, self._wants_whole, self._live_at = False, True, {}
        self.arrived.clear()
        self._waiting.clear()
        self._sent_at = self._heard_at = time.monotonic()

    def _enter_log(self, lineage: list[list[Any]]) -> None:
        """Section 11, *Lineage*."""
        logs, begins = [log for log, _ in lineage], [begin for _, begin in lineage]
        insist(begins == sorted(set(begins)) and len(set(logs)) == len(logs), "oldest first")
        kept, self.profile.lineage = self.profile.lineage, lineage
        known = [log for log, _ in kept]
        common = [log for log in known if log in logs]
        if not common:
            self.profile.since = 0
            self.rooms, self.names, self.hues, self.mine = {}, {}, {}, set()
        elif (known[-1], logs[-1]) != (common[-1], common[-1]):
            followers = [begin for _, begin in kept[known.index(common[-1]) + 1 :][:1]]
            followers += begins[logs.index(common[-1]) + 1 :][:1] or [self.position + 1]
            cut = min(followers)
            self.set_back_to = cut
            self.profile.since = min(self.profile.since, cut - 1)
            self.names = {user: name for user, name in self.names.items() if user < cut}
            self.hues = {user: hue for user, hue in self.hues.items() if user < cut}
            forgotten = {number: room.set_back(cut) for number, room in self.rooms.items()}
            self.rooms = {number: room for number, room in self.rooms.items() if number < cut}
            self.profile.outbox = [
                write for write in self.profile.outbox
                if write[2] < cut and write.get(4) not in forgotten.get(write[2], set())
                and all(user < cut for user in people_of(write))
            ]  # fmt: skip

    # 9. Requests and answers

    def _request(self, kind: int, payload: dict[int, Any], purpose: tuple[Any, ...]) -> int:
        self._next_request = (self._next_request + 1) % 2**32
        self._waiting[self._next_request] = purpose
        self._send(kind, {0: self._next_request, **payload})
        return self._next_request

    def _send(self, kind: int, payload: dict[int, Any]) -> None:
        self.wire.send(kind, payload)
        self._sent_at = time.monotonic()

    def ask(self, kind: int, payload: dict[int, Any]) -> dict[int, Any]:
        """Any request, and its answer as it came; raises `Refused` if that is an error."""
        request = self._request(kind, payload, ("ask",))
        self.until(lambda: request in self._answers)
        answer = self._answers.pop(request)
        if isinstance(answer, Refused):
            raise answer
        return answer

    def until(self, done: Callable[[], bool], within: float = PATIENCE) -> None:
        """Takes what comes until it is so. Says that we live, and notices when the server does not (section 13)."""
        deadline = time.monotonic() + within
        while not done():
            now = time.monotonic()
            assert now < deadline, f"not within {within} s"
            assert now < self._heard_at + DEAD_AFTER, "the server is dead"
            if now >= self._sent_at + HEARTBEAT_AFTER:
                self.heartbeat()
            try:
                message = self.wire.receive(min(deadline, self._sent_at + HEARTBEAT_AFTER) - now)
            except TimeoutError:
                continue
            self._heard_at = time.monotonic()
            if message is None:
                raise Ended
            self._take(*message)

    def is_quiet(self) -> bool:
        """Whether nothing is asked for that has not been answered."""
        return not self._waiting

    def heartbeat(self) -> None:
        """Says that we live."""
        self._send(wire.HEARTBEAT, {})

    def _take(self, kind: int, payload: Any) -> None:
        self.arrived.append((kind, payload))
        if kind == wire.ENTRY:
            self._live(payload[0], payload[1])
        elif kind == wire.USERS:
            ids = [row[0] for row in payload[0]]
            insist(ids == sorted(set(ids)) and len(ids) <= ROWS_MAX, "people by rising id, not too many")
            self._people(payload[0])
        elif kind == wire.ROOMS:
            insist(len(payload[0]) <= ROWS_MAX, "too many rows")
            for row in payload[0]:
                self._row(row)
                self._live_at[row[0]] = row[3] + 1
                self.pull(row[0], self.cursor(row[0]) + 1, row[3])
        elif kind == wire.GONE:
            self._gone(payload[0])
        elif kind == wire.MARKED:
            self._marked(*(payload[field] for field in range(4)))
        elif kind == wire.LAGGED:
            self.lags += 1
            self._is_synced, self._wants_whole, self._live_at = False, True, {}
            self._sync(self.profile.since, None)
        elif kind == wire.PRESENCE:
            self._presence(payload)
        elif kind == wire.SERVER_TYPING:
            self._writing(*(payload[field] for field in range(2)))
        elif kind == wire.NOTICE:
            self.notices[payload[0]] = payload[1]
        elif kind == wire.SERVER_HEARTBEAT:
            self.heartbeats.append(payload[0])
            if not any(purpose[0] == "sync" for purpose in self._waiting.values()):
                self.profile.since = max(self.profile.since, payload[0])
        elif kind == wire.ERROR and 0 not in payload:
            assert self.wire.rest() == b"", "an error about the connection is the last frame"
            raise Refused(payload)
        elif kind in (wire.PLACED, wire.PAGE, wire.SYNCED, wire.BROWSED, wire.MEMBER_LIST, wire.HITS, wire.ERROR):
            purpose = self._waiting.pop(payload[0], None)
            assert purpose is not None, f"an answer that nobody waits for: {payload}"
            self._answer(kind, payload, purpose)
        else:
            raise Broken(f"{kind:#x} has no place here")

    def _answer(self, kind: int, payload: Any, purpose: tuple[Any, ...]) -> None:
        if purpose[0] == "ask":
            self._answers[payload[0]] = Refused(payload) if kind == wire.ERROR else payload
        elif kind == wire.ERROR and purpose[0] == "write":
            refused = Refused(payload)
            if refused.code not in (FAILED, READ_ONLY):
                self.refused[purpose[1]] = refused
                self._settle(purpose[1])
        elif kind == wire.ERROR:
            # Who is put out of a room while a pull is on its way knows it by then.
            if purpose[0] != "pull" or payload[1] != NO_ROOM or purpose[1] in self.mine:
                raise Refused(payload)
        elif purpose[0] == "write" and kind == wire.PLACED:
            self.placed[purpose[1]] = payload
            self._settle(purpose[1])
        elif purpose[0] == "pull" and kind == wire.PAGE:
            self._page(payload, *purpose[1:])
        elif purpose[0] == "sync" and kind == wire.SYNCED:
            self._synced(payload, purpose[1])
        else:
            raise Broken(f"{kind:#x} is no answer to a {purpose[0]}")

    # 11. Reading

    def sync(self) -> None:
        """Learns what changed, and pulls what is missing of every room."""
        self._sync(self.profile.since, None)
        self.until(self.is_quiet)
        if self.set_back_to:
            # What rows told may be of what is gone: they are asked for once more, all of them.
            self.set_back_to, self.mine = 0, set()
            self._sync(0, None)
            self.until(self.is_quiet)

    def _sync(self, since: int, after: Union[bytes, None]) -> None:
        self._request(wire.SYNC, {1: since, 2: after}, ("sync", since if after is None else None))

    def _synced(self, synced: dict[int, Any], first_since: Union[int, None]) -> None:
        rooms, people, gone, erased = synced[2], synced[3], synced.get(5, []), synced.get(6, [])
        insist(len(rooms) + len(people) + len(gone) + len(erased) <= ROWS_MAX, "too many rows")
        for ids in ([row[0] for row in rooms], [row[0] for row in people], gone):
            insist(len(ids) == len(set(ids)), "a row comes once")
        insist(4 not in synced or len(synced[4]) <= 64, "more than 64 bytes that mean nothing")
        self._people(people)
        for room in gone:
            self._gone(room)
        for room, first, last in erased:
            if room in self.rooms:
                self.rooms[room].forget(range(first, last + 1))
        for row in rooms:
            self._row(row)
            self.pull(row[0], self.cursor(row[0]) + 1, row[3])
        if first_since is not None:
            assert synced[1] >= max(first_since, self.position)
            self._more_since, self._sync_position = first_since, synced[1]
        if 4 in synced:
            self._sync(self._more_since, synced[4])
        else:
            self.profile.since = max(self.profile.since, self._sync_position)
            self._is_synced = True

    def room(self, number: int = GENERAL) -> Room:
        """What is held of a room."""
        return self.rooms.setdefault(number, Room(number))

    def cursor(self, room: int = GENERAL) -> int:
        """The last contiguous place held in a room."""
        return self.room(room).cursor()

    def _row(self, row: dict[int, Any]) -> None:
        room = self.room(row[0])
        assert room.row is None or row[0] not in self.mine or row[3] >= room.row[3], "a head falls"
        room.row = dict(row)
        self.mine.add(row[0])

    def _gone(self, room: int) -> None:
        self.mine.discard(room)
        self._live_at.pop(room, None)
        self._typing.pop(room, None)

    def _marked(self, room: int, rseq: int, count: int, mentions: int) -> None:
        insist(room in self.mine or not self._is_synced, "a mark in a room of others")
        row = self.room(room).row
        if row is not None:
            insist(rseq >= row.get(7, 0), "a mark never falls")
            row[7], row[8], row[9] = rseq, count, mentions

    def pull(self, room: int, first: int, last: int, later_only: bool = False) -> None:
        """Asks for a range; the pages find their way by themselves."""
        if first <= last:
            fields = {1: room, 2: first, 3: last, 4: later_only or None}
            self._request(wire.PULL, fields, ("pull", room, first, last, later_only))

    def _page(self, page: dict[int, Any], room: int, first: int, last: int, later_only: bool) -> None:
        check_page(page, room, first, last, later_only)
        for fields in page[2] + page.get(4, []):
            if len(fields) == 11:
                assert fields[4] == self.user, "a cid on somebody else's entry"
                self._settle(fields[10])
        held = self.room(room)
        for fields in page[2]:
            held.keep(Entry(*fields[:10]))
        for fields in page.get(4, []):
            held.keep(Entry(*fields[:10]), is_later=fields[1] not in held)
        begin = page[6] if later_only else page[2][0][1] if page[2] else first
        self.pull(room, first, begin - 1, later_only)

    def _live(self, room: int, fields: list[Any]) -> None:
        assert len(fields) == 10, "a live entry says nothing about its receiver"
        entry, held = Entry(*fields), self.room(room)
        insist(room in self.mine or not self._is_synced, "an entry of a room of others")
        insist(entry.author in self.names or not self._is_synced or entry.author == 0, "an author without a name")
        insist(
            self._live_at.get(room, entry.rseq) == entry.rseq, f"{entry.rseq} in {room}, not {self._live_at.get(room)}"
        )
        self._live_at[room] = entry.rseq + 1
        before = max(held.entries, default=0)
        held.keep(entry)
        held.change_row(entry, self.user)
        if entry.kind == MESSAGE:
            self._typing.get(room, {}).pop(entry.author, None)
        # What lies between is pulled, unless it is on its way already.
        if entry.rseq > before + 1 and not any(p[0] == "pull" and p[1] == room for p in self._waiting.values()):
            self.pull(room, self.cursor(room) + 1, entry.rseq - 1)

    def _people(self, rows: list[dict[int, Any]]) -> None:
        for row in rows:
            self.names[row[0]], self.hues[row[0]] = row[1], row.get(2)

    # 13. The end

    def leave(self) -> None:
        """Ends the connection in order: takes what is still on its way."""
        self.wire.end()
        try:
            self.until(lambda: False)
        except Ended:
            self.wire.socket.close()

    def cut(self) -> None:
        """Ends it as a cable does that somebody pulls."""
        self.wire.socket.close()


def people_of(write: dict[int, Any]) -> list[int]:
    """Whom a write is about: those whom it mentions, and the one in its body."""
    key = {INVITE: 0, REMOVE: 0, ROLE: 0, ROOM_OPEN: 3}.get(write[3])
    user = decode(write[6]).get(key) if key is not None else None
    return [*write.get(5, []), *([] if user is None else [user])]
