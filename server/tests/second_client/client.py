"""A client of Tertulia, written from `docs/protocol.md` alone: the numbers of the sections below are its own.

It keeps what a client keeps, and asserts whatever the document promises as soon as it sees it: a promise that is broken
ends the scenario, whichever that is.
"""

from __future__ import annotations

import os
import time
from typing import Any, Callable, Union

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

import wire
from cddl import Mismatch
from codes import FAILED, READ_ONLY, Refused
from entries import GENERAL, MESSAGE, Entry, check_page
from identity import Profile, new_cid
from wire import GRAMMAR, PATIENCE, Address, Broken, Wire, decode, encode

VERSION = 1
ROWS_MAX = 500
HEARTBEAT_AFTER, DEAD_AFTER = 20.0, 55.0
EXPORTER = b""  # plain TCP


class Ended(Exception):
    """The server ended the connection without an `Error`."""


class WrongServer(Exception):
    """Another key than the pinned one, or a signature that is not of that key."""


class Client:
    """One person at one device, on one connection at a time."""

    def __init__(self, profile: Union[Profile, None] = None) -> None:
        self.profile = profile if profile is not None else Profile()
        self.user = self.device = self.position = 0
        self.name = ""
        self.names: dict[int, str] = {}
        self.rooms: dict[int, dict[int, Entry]] = {}
        self.heads: dict[int, int] = {}
        self.online: Union[set[int], None] = set()
        self.online_count = 0
        self.placed: dict[bytes, dict[int, Any]] = {}
        self.refused: dict[bytes, Refused] = {}
        self.heartbeats: list[int] = []
        self.arrived: list[tuple[int, Any]] = []  # every frame of this connection since `Welcome`
        self._waiting: dict[int, tuple[Any, ...]] = {}
        self._answers: dict[int, Union[dict[int, Any], Refused]] = {}
        self._next_request = 0
        self._more_since = 0
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
        for cid, text in self.profile.outbox:
            self._write(cid, text)
        return self

    def _log_in(self, name: Union[str, None]) -> None:
        nonce = os.urandom(32)
        self.wire.send(wire.HELLO, {0: [VERSION], 1: self.profile.public, 2: nonce, 3: "second-client 1", 4: "es-ES"})
        challenge = self._due(wire.CHALLENGE)
        server_nonce, server_key = challenge[1], challenge[2]
        if challenge[0] != VERSION:
            raise Broken(f"version {challenge[0]} was not offered")
        if self.profile.pin and self.profile.pin != server_key:
            raise WrongServer("another key than on the first visit")
        signed = b"tertulia-server-v1\0" + challenge[0].to_bytes(2, "big") + nonce + server_nonce
        try:
            Ed25519PublicKey.from_public_bytes(server_key).verify(challenge[3], signed + self.profile.public + EXPORTER)
        except InvalidSignature as error:
            raise WrongServer("its signature is not of its key") from error
        self.profile.pin = server_key

        signed = b"tertulia-login-v1\0" + server_key + server_nonce + EXPORTER + (name or "").encode()
        self.wire.send(wire.PROVE, {0: self.profile.key.sign(signed), 1: name})
        welcome = self._due(wire.WELCOME)
        self.user, self.device, self.name, self.position = (welcome[field] for field in range(4))
        assert 0 < self.user <= self.position and 0 < self.device <= self.position
        assert abs(welcome[5] / 1000 - time.time()) < 60, "the clock of the same computer"
        log = welcome[4][-1][0]
        if log != self.profile.log:
            self.profile.log, self.profile.since = log, 0
            self.rooms, self.heads, self.names = {}, {}, {}
        self.names[self.user] = self.name
        self.online = None
        self.arrived.clear()
        self._waiting.clear()
        self._sent_at = self._heard_at = time.monotonic()

    def _due(self, kind: int) -> Any:
        while True:
            message = self.wire.receive()
            if message is None:
                raise Ended
            if message[0] == wire.ERROR:
                assert 0 not in message[1], "before Welcome every error is about the connection"
                assert self.wire.rest() == b"", "an error about the connection is the last frame"
                raise Refused(message[1])
            if message[0] == kind:
                return message[1]
            if message[0] != wire.SERVER_HEARTBEAT or kind == wire.CHALLENGE:
                raise Broken(f"{message}, where {kind:#x} was due")

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

    def heartbeat(self) -> None:
        """Says that we live."""
        self._send(wire.HEARTBEAT, {})

    def _take(self, kind: int, payload: Any) -> None:
        self.arrived.append((kind, payload))
        if kind == wire.ENTRY:
            self._live(payload[0], payload[1])
        elif kind == wire.USERS:
            self._people(payload[0])
        elif kind == wire.PRESENCE:
            self._presence(payload)
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

    # 10. Writing

    def write(self, text: str) -> bytes:
        """Sends a text, which waits in the outbox until it is answered; its cid."""
        cid = new_cid()
        self.profile.outbox.append((cid, text))
        self._write(cid, text)
        return cid

    def say(self, text: str) -> dict[int, Any]:
        """Sends a text and waits for its place."""
        cid = self.write(text)
        self.until(lambda: cid in self.placed or cid in self.refused)
        if cid in self.refused:
            raise self.refused[cid]
        return self.placed[cid]

    def resend(self) -> None:
        """After `failed` or `read_only`: everything unanswered again, oldest first."""
        self._send(wire.RESEND, {})
        for cid, text in self.profile.outbox:
            self._write(cid, text)

    def _write(self, cid: bytes, text: str) -> None:
        body = encode({0: text.rstrip("\r\n")})
        self._request(wire.WRITE, {1: cid, 2: GENERAL, 3: MESSAGE, 6: body}, ("write", cid))

    def _settle(self, cid: bytes) -> None:
        self.profile.outbox = [item for item in self.profile.outbox if item[0] != cid]

    def put(self, room: int, kind: int, body: dict[int, Any], target: Union[int, None] = None) -> dict[int, Any]:
        """Writes an entry of any kind (section 8), and waits for its place."""
        return self.ask(wire.WRITE, {1: new_cid(), 2: room, 3: kind, 4: target, 6: encode(body)})

    def mark(self, room: int, rseq: int) -> None:
        """Says up to where a room was read."""
        self._send(wire.MARK, {0: room, 1: rseq})

    # 11. Reading

    def sync(self) -> None:
        """Learns what changed, and pulls what is missing of every room."""
        self._sync(self.profile.since, None)
        self.until(lambda: not self._waiting)

    def _sync(self, since: int, after: Union[bytes, None]) -> None:
        self._request(wire.SYNC, {1: since, 2: after}, ("sync", since if after is None else None))

    def _synced(self, synced: dict[int, Any], first_since: Union[int, None]) -> None:
        ids = [row[0] for row in synced[3]]
        assert ids == sorted(set(ids)) and len(ids) <= ROWS_MAX, "people by rising id, not too many"
        self._people(synced[3])
        for row in synced[2]:
            self.heads[row[0]] = max(self.heads.get(row[0], 0), row[3])
            self.pull(row[0], self.cursor(row[0]) + 1, self.heads[row[0]])
        if first_since is not None:
            assert synced[1] >= max(first_since, self.position)
            self._more_since, self._sync_position = first_since, synced[1]
        if 4 in synced:
            self._sync(self._more_since, synced[4])
        else:
            self.profile.since = max(self.profile.since, self._sync_position)

    def cursor(self, room: int = GENERAL) -> int:
        """The last contiguous place held in a room."""
        held = self.rooms.get(room, {})
        cursor = 0
        while cursor + 1 in held:
            cursor += 1
        return cursor

    def pull(self, room: int, first: int, last: int) -> None:
        """Asks for a range; the pages find their way by themselves."""
        if first <= last:
            self._request(wire.PULL, {1: room, 2: first, 3: last}, ("pull", room, first, last))

    def _page(self, page: dict[int, Any], room: int, first: int, last: int) -> None:
        check_page(page, room, first, last)
        for entry in page[2]:
            self._keep(room, entry)
            if len(entry) == 11:
                assert entry[4] == self.user, "a cid on somebody else's entry"
                self._settle(entry[10])
        if page[2] and page[2][0][1] > first:
            self.pull(room, first, page[2][0][1] - 1)

    def _live(self, room: int, entry: list[Any]) -> None:
        assert len(entry) == 10, "a live entry says nothing about its receiver"
        held = self.rooms.get(room, {})
        before = max(held, default=0)
        self._keep(room, entry)
        # What lies between is pulled, unless it is on its way already.
        if entry[1] > before + 1 and not any(p[0] == "pull" and p[1] == room for p in self._waiting.values()):
            self.pull(room, self.cursor(room) + 1, entry[1] - 1)

    def _keep(self, room: int, fields: list[Any]) -> None:
        entry = Entry(*fields[:10])
        held = self.rooms.setdefault(room, {})
        assert held.setdefault(entry.rseq, entry) == entry, "a place says one thing today and another tomorrow"
        for neighbour, sign in ((held.get(entry.rseq - 1), 1), (held.get(entry.rseq + 1), -1)):
            if neighbour is not None:
                assert (entry.seq - neighbour.seq) * sign > 0, "seq and rseq rise together"
                assert (entry.count - neighbour.count) * sign in (0, 1), "count goes up by one message"
        if entry.kind == MESSAGE:
            try:
                GRAMMAR.check("message-body", decode(entry.body))
            except (Mismatch, Broken) as error:
                raise Broken(f"a message that is none: {error}") from error

    def _people(self, rows: list[dict[int, Any]]) -> None:
        for row in rows:
            self.names[row[0]] = row[1]

    # 12. Signals

    def _presence(self, presence: dict[int, Any]) -> None:
        whole, came, went = (presence.get(field) for field in (1, 2, 3))
        for people in (whole, came, went):
            assert people is None or people == sorted(set(people)), "by rising id"
        if whole is not None:
            self.online = set(whole)
        elif not any(field in presence for field in (2, 3, 4, 5)):
            self.online = None
        elif self.online is not None:
            self.online = (self.online | set(came or [])) - set(went or [])
        self.online_count = presence[0]
        assert self.online is None or len(self.online) == self.online_count, "the number is that of the list"

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
