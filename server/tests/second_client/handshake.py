"""Getting in: section 6 of the document, up to `Welcome`."""

from __future__ import annotations

import os
from typing import Any, Union

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

import wire
from codes import Refused
from identity import Profile
from wire import Broken, Wire

VERSION = 1
EXPORTER = b""  # plain TCP


class Ended(Exception):
    """The server ended the connection without an `Error`."""


class WrongServer(Exception):
    """Another key than the pinned one, or a signature that is not of that key."""


def log_in(line: Wire, profile: Profile, name: Union[str, None]) -> dict[int, Any]:
    """Proves who we are to the server that we know, or pins it on the first visit; its `Welcome`."""
    nonce = os.urandom(32)
    line.send(wire.HELLO, {0: [VERSION], 1: profile.public, 2: nonce, 3: "second-client 1", 4: "es-ES"})
    challenge = due(line, wire.CHALLENGE)
    server_nonce, server_key = challenge[1], challenge[2]
    if challenge[0] != VERSION:
        raise Broken(f"version {challenge[0]} was not offered")
    if profile.pin and profile.pin != server_key:
        raise WrongServer("another key than on the first visit")
    signed = b"tertulia-server-v1\0" + challenge[0].to_bytes(2, "big") + nonce + server_nonce
    try:
        Ed25519PublicKey.from_public_bytes(server_key).verify(challenge[3], signed + profile.public + EXPORTER)
    except InvalidSignature as error:
        raise WrongServer("its signature is not of its key") from error
    profile.pin = server_key
    signed = b"tertulia-login-v1\0" + server_key + server_nonce + EXPORTER + (name or "").encode()
    line.send(wire.PROVE, {0: profile.key.sign(signed), 1: name})
    return dict(due(line, wire.WELCOME))


def due(line: Wire, kind: int) -> Any:
    """The payload of the message that has to come now."""
    while True:
        message = line.receive()
        if message is None:
            raise Ended
        if message[0] == wire.ERROR:
            assert 0 not in message[1], "before Welcome every error is about the connection"
            assert line.rest() == b"", "an error about the connection is the last frame"
            raise Refused(message[1])
        if message[0] == kind:
            return message[1]
        if message[0] != wire.SERVER_HEARTBEAT or kind == wire.CHALLENGE:
            raise Broken(f"{message}, where {kind:#x} was due")
