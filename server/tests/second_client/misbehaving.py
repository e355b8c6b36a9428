"""Who does not keep to the protocol, or does not speak it: sections 1 to 3, and the errors about a connection."""

from __future__ import annotations

import os
from typing import Any

import codes
import wire
from client import Client
from codes import Refused
from entries import GENERAL, MESSAGE
from identity import Profile, new_cid
from run import Place, refused
from wire import Wire, encode, pack

HELLO = {0: [1], 1: bytes(32), 2: bytes(32)}


def strangers_get_a_clear_answer(place: Place) -> None:
    alert = bytes.fromhex("15030100020246")
    # How a ClientHello begins; the first byte alone tells it.
    for said in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x16\x03\x01\x02", b"\x16abc"):
        with Wire(place.address) as line:
            line.send_raw(said)
            assert line.rest() == alert, said
    for said in (b"GET / HTTP/1.1\r\nHost: box\r\n\r\n", b"hola\r\n", b"SSH-2.0-x\r\n", b"\xff" * 4096, b"\x01\0\0\0"):
        with Wire(place.address) as line:
            line.send_raw(said)
            words = line.rest().decode("ascii")
            assert words.endswith("\r\n") and words.count("\n") == 1 and len(words) > 10, (said, words)


def refusal_of(place: Place, data: bytes, profile: Profile | None) -> int:
    """The code with which the server closes after these bytes, sent before `Welcome` or behind it."""
    if profile is None:
        with Wire(place.address) as line:
            line.send_raw(data)
            code = int(line.expect(wire.ERROR)[1])
            assert line.rest() == b""
            return code
    someone = Client(profile).connect(place.address)
    someone.wire.send_raw(data)
    try:
        someone.until(lambda: False)
    except Refused as refusal:
        return refusal.code
    finally:
        someone.cut()
    raise AssertionError("unreachable")


def a_broken_frame_is_named_before_the_login(place: Place) -> None:
    whole = encode(HELLO)
    for data, code in [
        # Who begins with 00 speaks frames, and is told in a frame what is wrong with them.
        (bytes(8), codes.MALFORMED),
        (b"\0\0\x10\x01", codes.TOO_LARGE),
        (b"\0\x03\0\0", codes.TOO_LARGE),
        (pack(wire.HELLO, whole + b"\0"), codes.MALFORMED),
        (pack(wire.HELLO, whole[:-1]), codes.MALFORMED),
        (pack(wire.HELLO, b""), codes.MALFORMED),
        (pack(wire.HELLO, b"\xa0"), codes.MALFORMED),
        (pack(wire.HELLO, encode([[1], bytes(32), bytes(32)])), codes.MALFORMED),
        (pack(wire.HELLO, encode({**HELLO, 1: bytes(31)})), codes.MALFORMED),
        (pack(wire.HELLO, encode({**HELLO, 0: [65_536]})), codes.MALFORMED),
        (pack(wire.HELLO, encode({**HELLO, 0: 1})), codes.MALFORMED),
        (pack(wire.HELLO, encode({**HELLO, 0: None})), codes.MALFORMED),
        (pack(wire.HELLO, encode({**HELLO, 3: b"agent"})), codes.MALFORMED),
        (pack(0x04, b"\xa0"), codes.UNKNOWN_TYPE),
        (pack(0x7F, b""), codes.UNKNOWN_TYPE),
        (pack(wire.CHALLENGE, b"\xa0"), codes.UNKNOWN_TYPE),
        (pack(wire.PROVE, encode({0: bytes(64)})), codes.OUT_OF_ORDER),
        (pack(wire.HEARTBEAT, b"\xa0"), codes.OUT_OF_ORDER),
        (pack(wire.AWAY, b"\xff"), codes.MALFORMED),
        *((pack(kind, encode(fields)), codes.OUT_OF_ORDER) for kind, fields in [
            (wire.AWAY, {0: True}), (wire.TYPING, {0: 1}), (wire.MARK, {0: 1, 1: 1}), (wire.BROWSE, {0: 1}),
            (wire.MEMBERS, {0: 1, 1: 1}), (wire.SEARCH, {0: 1, 1: "x"}), (wire.SYNC, {0: 1, 1: 0})]),
        (pack(wire.PULL, encode({0: 1, 1: 1, 2: 1, 3: 1})), codes.OUT_OF_ORDER),
        (pack(wire.HELLO, whole) + pack(wire.HELLO, whole), codes.OUT_OF_ORDER),
        (pack(wire.HELLO, whole) + pack(wire.RESEND, b"\xa0"), codes.OUT_OF_ORDER),
        (pack(0xA0, b"\xff") + (4_097).to_bytes(4, "big"), codes.TOO_LARGE),
        (pack(0xA0, b"\xff") + bytes(4), codes.MALFORMED),
    ]:  # fmt: skip
        with Wire(place.address) as line:
            line.send_raw(data)
            message = line.receive()
            if message is not None and message[0] == wire.CHALLENGE:
                message = line.receive()
            assert message is not None and message[0] == wire.ERROR, (data, message)
            assert message[1][1] == code and 0 not in message[1], (data, message)
            assert line.rest() == b""


def a_broken_frame_is_named_after_the_login(place: Place) -> None:
    profile = Profile()
    Client(profile).connect(place.address, "Ana").leave()
    pull = {0: 1, 1: 1, 2: 1, 3: 1}
    for data, code in [
        (bytes(4), codes.MALFORMED),
        ((262_145).to_bytes(4, "big"), codes.TOO_LARGE),
        (b"GET ", codes.TOO_LARGE),
        (pack(0x18, b"\xa0"), codes.UNKNOWN_TYPE),
        (pack(wire.PAGE, b"\xa0"), codes.UNKNOWN_TYPE),
        (pack(wire.HELLO, encode(HELLO)), codes.OUT_OF_ORDER),
        (pack(wire.PROVE, encode({0: bytes(64)})), codes.OUT_OF_ORDER),
        (pack(wire.HEARTBEAT, b""), codes.MALFORMED),
        (pack(wire.HEARTBEAT, b"\x80\x00"), codes.MALFORMED),
        (pack(wire.PULL, encode({**pull, 0: -1})), codes.MALFORMED),
        (pack(wire.PULL, encode({**pull, 0: 2**32})), codes.MALFORMED),
        (pack(wire.PULL, encode({**pull, 1: "1"})), codes.MALFORMED),
        (pack(wire.PULL, encode({0: 1, 1: 1, 2: 1})), codes.MALFORMED),
        (pack(wire.WRITE, encode({0: 1, 1: bytes(15), 2: 1, 3: 256, 6: b""})), codes.MALFORMED),
        (pack(wire.WRITE, encode({0: 1, 1: bytes(16), 2: 1, 3: 65_536, 6: b""})), codes.MALFORMED),
        # What nobody sends, in a key that nobody knows.
        *((pack(wire.PULL, encode(pull)[:-8] + b"\xa5\x00\x01\x01\x01\x02\x01\x03\x01\x07" + odd), codes.MALFORMED)
          for odd in (b"\xf9\x3c\x00", b"\xfb" + bytes(8), b"\xc0\x61\x61", b"\xf7", b"\xf8\x14", b"\xe0", b"\x9f\xff",
                      b"\x5f\xff", b"\xbf\xff", b"\x61\xff", b"\x62\xc3\x28", b"\xa1\x61\x61\x00", b"\xa1\x20\x00",
                      b"\xa2\x01\x00\x01\x00", b"\xa2\x02\x00\x01\x00", b"\xa1\x1b" + b"\0\0\0\1\0\0\0\0" + b"\x00",
                      b"\x9b" + b"\xff" * 8, b"\x5b" + b"\xff" * 8, b"\x81" * 16 + b"\x00", b"\x1c", b"")),
        (pack(wire.PULL, b"\xa4\x00\x01\x02\x01\x01\x01\x03\x01"), codes.MALFORMED),
        (pack(wire.PULL, b"\xa5\x00\x01\x00\x01\x01\x01\x02\x01\x03\x01"), codes.MALFORMED),
    ]:  # fmt: skip
        assert refusal_of(place, data, profile) == code, data.hex()


def what_a_receiver_takes_is_taken(place: Place) -> None:
    """Longer heads, `null` for what may be absent, keys and types that are not known, and bytes one by one."""
    ana = Client().connect(place.address, "Ana")
    ana.sync()
    for request, payload in enumerate([
        encode({0: 0, 1: 1, 2: 1, 3: 1, 4: None, 99: [{1: "later"}, b"", False], 2**32 - 1: -(2**64)}),
        b"\xb8\x04\x18\x00\x1a\x00\x00\x00\x01\x01\x01\x02\x1b" + (1).to_bytes(8, "big") + b"\x03\x01",
        encode({0: 2, 1: 1, 2: 1, 3: 1, 5: inner(15)}),
    ]):  # fmt: skip
        ana.wire.send_raw(pack(0x85, b"\xff\xff no CBOR at all") + pack(0xFF, b"") + pack(wire.PULL, payload))
        assert answer(ana, wire.PAGE)[0] == request
    body = encode({0: "hi"})
    write = {0: 9, 1: new_cid(), 2: GENERAL, 3: MESSAGE, 4: None, 5: None, 6: body}
    frames = pack(wire.WRITE, encode(write)) + pack(0x80, bytes(4_000)) + pack(wire.HEARTBEAT, b"\xa0")
    for byte in frames:
        ana.wire.send_raw(bytes([byte]))
    assert answer(ana, wire.PLACED)[0] == 9
    ana.until(lambda: ana.cursor() == 1)
    # The largest frame that there may be.
    ana.wire.send_raw(pack(0xFE, bytes(262_143)))
    ana.say("still here")


def answer(someone: Client, kind: int) -> Any:
    """The answer to a request that the client does not know of; it may be told who is there meanwhile."""
    while True:
        message = someone.wire.receive()
        assert message is not None and message[0] in (kind, wire.PRESENCE, wire.USERS), message
        if message[0] == kind:
            return message[1]


def inner(depth: int) -> list[object]:
    """Arrays in each other."""
    return [] if depth == 1 else [inner(depth - 1)]


def a_handshake_may_come_byte_by_byte(place: Place) -> None:
    profile, nonce = Profile(), os.urandom(32)
    with Wire(place.address) as line:
        # Keys that are not known, types that may be skipped, and null for what may be absent.
        payload = encode({0: [1], 1: profile.public, 2: nonce, 3: None, 4: None, 77: {1: [True]}})
        for byte in pack(0xC0, b"\xff") + pack(wire.HELLO, payload):
            line.send_raw(bytes([byte]))
        challenge = line.expect(wire.CHALLENGE)
        signature = profile.key.sign(b"tertulia-login-v1\0" + challenge[2] + challenge[1] + "Ana".encode())
        line.send(wire.HEARTBEAT, {})
        for byte in pack(wire.PROVE, encode({0: signature, 1: "Ana"})):
            line.send_raw(bytes([byte]))
        assert line.expect(wire.WELCOME)[2] == "Ana"


def a_frame_that_does_not_end_is_a_timeout(place: Place) -> None:
    """The server gives a frame 300 ms."""
    profile = Profile()
    Client(profile).connect(place.address, "Ana").leave()
    for begin in (b"\0", b"\0\0\0\x02", b"\0\0\0\x02\x03"):
        assert refusal_of(place, begin, profile) == codes.TIMEOUT, begin


def a_plain_connection_may_be_refused(place: Place) -> None:
    """The server encrypts, or would, with everybody."""
    refused(lambda: Client().connect(place.address, "Ana"), codes.PLAINTEXT_REFUSED)
