"""Bytes, frames and CBOR: sections 1 to 3 of `docs/protocol.md`, with every frame of both directions held against
`docs/protocol.cddl`."""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, Union

import cbor2

from cddl import Grammar, Mismatch

DOCS = Path(__file__).resolve().parents[3] / "docs"
GRAMMAR = Grammar((DOCS / "protocol.cddl").read_text("utf-8"))
PATIENCE = 20.0
"""Seconds that anything may take that ought to be a matter of moments, on a machine that has other things to do."""
FRAME_BYTES_MAX = 262_144
ROWS_MAX = 500
DEPTH_MAX = 16

HELLO, PROVE, HEARTBEAT, WRITE, PULL, SYNC, RESEND = 0x01, 0x02, 0x03, 0x10, 0x11, 0x12, 0x13
MARK, BROWSE, MEMBERS, SEARCH, AWAY, TYPING = 0x14, 0x15, 0x16, 0x17, 0x90, 0x91
CHALLENGE, WELCOME, ERROR, SERVER_HEARTBEAT, PLACED, SYNCED, PAGE = 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46
BROWSED, MEMBER_LIST, HITS = 0x47, 0x48, 0x49
ENTRY, USERS, ROOMS, GONE, LAGGED, MARKED = 0x50, 0x51, 0x52, 0x53, 0x54, 0x55
PRESENCE, SERVER_TYPING, NOTICE = 0x80, 0x81, 0x82
KNOWN = {CHALLENGE, WELCOME, ERROR, SERVER_HEARTBEAT, PLACED, SYNCED, PAGE, BROWSED, MEMBER_LIST, HITS, ENTRY, USERS,
         ROOMS, GONE, LAGGED, MARKED, PRESENCE, SERVER_TYPING, NOTICE}  # fmt: skip

Address = tuple[str, int]


class Broken(Exception):
    """The other side does not keep to the protocol: the connection is closed without a word."""


def encode(value: Any) -> bytes:
    """A payload in the one encoding that a sender uses."""
    return bytes(cbor2.dumps(value, canonical=True))


def decode(payload: bytes) -> Any:
    """The one item of a payload. What is in another encoding than a sender's, or is not of the part of CBOR that is in
    use, is refused: this is stricter than the document asks of a receiver, because here the server is under test."""
    try:
        value = cbor2.loads(payload)
    except (cbor2.CBORDecodeError, ValueError) as error:
        raise Broken(f"not CBOR: {error}") from error
    _check_sort(value, 0)
    if encode(value) != payload:
        raise Broken(f"not in the senders' encoding: {payload.hex()}")
    return value


def _check_sort(value: Any, depth: int) -> None:
    if isinstance(value, (dict, list)):
        if depth == DEPTH_MAX:
            raise Broken("too deep")
        for inner in value.values() if isinstance(value, dict) else value:
            _check_sort(inner, depth + 1)
        for key in value if isinstance(value, dict) else ():
            if type(key) is not int or not 0 <= key < 2**32:
                raise Broken(f"a key that is not a small number: {key!r}")
    elif type(value) is int:
        if not -(2**64) <= value < 2**64:
            raise Broken("a number beyond CBOR's own")
    elif value is not None and type(value) not in (bytes, str, bool):
        raise Broken(f"a sort of item that is not in use: {value!r}")


def pack(kind: int, payload: bytes) -> bytes:
    """A frame."""
    return (len(payload) + 1).to_bytes(4, "big") + bytes([kind]) + payload


class Wire:
    """A connection: frames out, frames in. Nothing waits for longer than it was told to."""

    def __init__(self, address: Address) -> None:
        self.socket = socket.create_connection(address, timeout=PATIENCE)
        self._received = bytearray()
        self._is_wrong = False

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, kind: int, payload: dict[int, Any]) -> None:
        """Sends a message, without the fields that are `None`."""
        fields = {key: value for key, value in payload.items() if value is not None}
        try:
            GRAMMAR.check("from-client", [kind, fields])
            assert not self._is_wrong, f"the grammar allows {fields}"
        except Mismatch:
            if not self._is_wrong:
                raise
        self.send_raw(pack(kind, encode(fields)))

    @contextmanager
    def wrong(self) -> Iterator[None]:
        """What is sent meanwhile is wrong on purpose, for the grammar as for the server."""
        self._is_wrong = True
        try:
            yield
        finally:
            self._is_wrong = False

    def send_raw(self, data: bytes) -> None:
        """Sends bytes that need not be a frame."""
        self.socket.settimeout(PATIENCE)
        self.socket.sendall(data)

    def receive(self, within: float = PATIENCE) -> Union[tuple[int, Any], None]:
        """The next message; `None` if the server has ended the connection between two frames. Types that may be
        skipped, and that this client does not know, are skipped."""
        deadline = time.monotonic() + within
        while True:
            frame = self._frame()
            if frame is None:
                if not self._receive_more(deadline):
                    if self._received:
                        raise Broken("the end in the middle of a frame")
                    return None
            elif frame[0] in KNOWN:
                payload = decode(frame[1:])
                GRAMMAR.check("from-server", [frame[0], payload])
                return frame[0], payload
            elif frame[0] < 0x80:
                raise Broken(f"an unknown type {frame[0]:#x}")

    def expect(self, kind: int) -> Any:
        """The payload of the next message, which has to be of this type."""
        message = self.receive()
        assert message is not None, f"the end, where {kind:#x} was due"
        assert message[0] == kind, f"{message}, where {kind:#x} was due"
        return message[1]

    def rest(self) -> bytes:
        """All that still comes until the server closes, as it is. A reset is a failure: last words would be lost."""
        deadline = time.monotonic() + PATIENCE
        while self._receive_more(deadline):
            pass
        rest, self._received = bytes(self._received), bytearray()
        return rest

    def end(self) -> None:
        """Ends the sending direction."""
        self.socket.shutdown(socket.SHUT_WR)

    def _frame(self) -> Union[bytes, None]:
        """The next frame without its length, once all of it is there."""
        if len(self._received) < 4:
            return None
        length = int.from_bytes(self._received[:4], "big")
        if not 1 <= length <= FRAME_BYTES_MAX:
            raise Broken(f"a length of {length}")
        if len(self._received) < 4 + length:
            return None
        frame = bytes(self._received[4 : 4 + length])
        del self._received[: 4 + length]
        return frame

    def _receive_more(self, deadline: float) -> bool:
        # A socket with a timeout of 0 would not wait at all, and say something else when nothing is there.
        self.socket.settimeout(max(deadline - time.monotonic(), 0.001))
        data = self.socket.recv(65_536)
        self._received += data
        return bool(data)
