"""Who gets in, under which name, and to which server: sections 6 and 7 of the document."""

from __future__ import annotations

import os
import socket
import threading
from typing import Any

import codes
import wire
from client import Client
from codes import Refused
from handshake import WrongServer
from identity import Profile
from run import Place, refused
from wire import PATIENCE, Wire


def a_name_is_claimed_once_and_then_the_key_is_enough(place: Place) -> None:
    profile = Profile()
    first = Client(profile).connect(place.address, "Zoë")
    assert (first.name, len(profile.pin), len(profile.lineage)) == ("Zoë", 32, 1)
    first.leave()
    # From a file, as another run of the program has it.
    file = place.folder / "profile.json"
    profile.save(file)
    for name in (None, "Zoë", "Zo\u0065\u0308", "Ｚoë"):
        again = Client(Profile.load(file)).connect(place.address, name)
        assert (again.user, again.device, again.name) == (first.user, first.device, "Zoë"), name
        assert again.position >= first.position
        again.leave()
    refusal = refused(lambda: Client(Profile.load(file)).connect(place.address, "Ana"), codes.KEY_HAS_NAME)
    assert refusal.params == ["Zoë"]
    refusal = refused(lambda: Client(Profile.load(file)).connect(place.address, "zoë"), codes.KEY_HAS_NAME)
    assert refusal.params == ["Zoë"]


def one_device_has_several_connections(place: Place) -> None:
    profile = Profile()
    one = Client(profile).connect(place.address, "Ana")
    two = Client(Profile(profile.seed)).connect(place.address)
    assert (one.user, one.device) == (two.user, two.device)
    said = one.say("from one")
    two.until(lambda: two.cursor() == said[2])
    two.until(lambda: two.online == {one.user})
    one.leave()
    two.leave()


def a_new_key_needs_a_name_that_is_free_and_keeps_the_rules(place: Place) -> None:
    refused(lambda: Client().connect(place.address), codes.NAME_NEEDED)
    for name, rule in [
        ("", "empty"), ("\ufe0f", "empty"), ("a" * 33, "too_long"), ("山" * 22, "too_long"), ("a" * 257, "too_long"),
        ("a\u200db", "character"), ("a\tb", "character"), ("\u0301a", "character"), ("a\u202eb", "character"),
        (" ana", "spaces"), ("ana ", "spaces"), ("ana  b", "spaces"), ("...", "no_letter"), ("❤", "no_letter"),
    ]:  # fmt: skip
        refusal = refused(lambda: Client().connect(place.address, name), codes.BAD_NAME)
        assert refusal.params == [rule], f"{name!r}: {refusal}"
    for name in ("Ana ❤\ufe0f", "María José", "l·l", "D'Artagnan", "山田", "زوي", "Straße", "paul", "ﬁn"):
        someone = Client().connect(place.address, name)
        assert someone.name == {"Ana ❤\ufe0f": "Ana ❤", "ﬁn": "fin"}.get(name, name)
        someone.leave()
    for name in ("paul", "PAUL", "STRASSE", "Ｐaul"):
        refusal = refused(lambda: Client().connect(place.address, name), codes.NAME_TAKEN)
        assert len(refusal.params) == 1, f"{name}: {refusal}"
    for name in ("operator", "Ｏperator"):
        refusal = refused(lambda: Client().connect(place.address, name), codes.NAME_RESERVED)
        assert len(refusal.params) == 1, f"{name}: {refusal}"
    refusal = refused(lambda: Client().connect(place.address, "раul"), codes.NAME_CONFUSABLE)
    assert refusal.params == ["раul", "paul"], refusal


def a_proof_of_another_key_is_refused(place: Place) -> None:
    stranger, known = Profile(), Profile()
    Client(known).connect(place.address, "Ana").leave()

    class Impostor(Profile):
        """Shows a key that it does not have."""

        @property
        def public(self) -> bytes:
            return known.public

    refused(lambda: Client(Impostor(stranger.seed)).connect(place.address), codes.BAD_SIGNATURE)
    # The name is signed too: nobody on the way changes it.
    with Wire(place.address) as line:
        challenge = hello(line, known)
        signed = b"tertulia-login-v1\0" + challenge[2] + challenge[1]
        line.send(wire.PROVE, {0: known.key.sign(signed), 1: "Ana"})
        assert line.expect(wire.ERROR)[1] == codes.BAD_SIGNATURE


def hello(line: Wire, profile: Profile) -> dict[int, Any]:
    """A handshake up to its `Challenge`."""
    line.send(wire.HELLO, {0: [1], 1: profile.public, 2: os.urandom(32)})
    return dict(line.expect(wire.CHALLENGE))


def versions_are_agreed_upon(place: Place) -> None:
    for versions in ([], [0], [2, 900]):
        with Wire(place.address) as line:
            line.send(wire.HELLO, {0: versions, 1: Profile().public, 2: os.urandom(32)})
            assert line.expect(wire.ERROR)[1] == codes.NO_COMMON_VERSION, versions
            assert line.rest() == b""
    with Wire(place.address) as line:
        line.send(wire.HELLO, {0: [7, 1, 900], 1: Profile().public, 2: os.urandom(32)})
        assert line.expect(wire.CHALLENGE)[0] == 1


def another_server_is_refused(place: Place) -> None:
    """The second address is another server: after the first visit to one, nobody goes further with the other."""
    here, elsewhere = place.addresses
    profile = Profile()
    Client(profile).connect(here, "Ana").leave()
    pin = profile.pin
    for _ in range(2):
        try:
            Client(profile).connect(elsewhere, "Ana")
        except WrongServer:
            continue
        raise AssertionError("it went on")
    assert profile.pin == pin
    # It was not told who we are: there the name is still free.
    Client().connect(elsewhere, "Ana").leave()
    Client(profile).connect(here).leave()


def a_recorded_server_is_refused(place: Place) -> None:
    """Somebody on the way plays an old answer: it has the pinned key, and is not for our nonce."""
    profile = Profile()
    Client(profile).connect(place.address, "Ana").leave()
    with Wire(place.address) as line:
        recorded = wire.pack(wire.CHALLENGE, wire.encode(hello(line, profile)))

    heard = bytearray()

    def play() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(PATIENCE)
            connection.sendall(recorded)
            while data := connection.recv(65_536):
                heard.extend(data)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        player = threading.Thread(target=play, daemon=True)
        player.start()
        try:
            Client(profile).connect(listener.getsockname(), "Ana")
            raise AssertionError("it went on")
        except WrongServer:
            pass
        player.join(PATIENCE)
    assert heard[4] == wire.HELLO and len(heard) == 4 + int.from_bytes(heard[:4], "big"), "a Hello and no Prove"


def too_many_connections_are_turned_away(place: Place) -> None:
    """The server allows two of an address."""
    ana, luis = (Client().connect(place.address, name) for name in ("ana", "luis"))
    try:
        Client().connect(place.address, "zoe")
        raise AssertionError("it got in")
    except Refused as refusal:
        assert refusal.code == codes.TOO_MANY_CONNECTIONS, refusal
    ana.leave()
    luis.say("still here")


def a_handshake_ends_in_time(place: Place) -> None:
    """The server gives it 2 s, which are over for all of these at about the same time."""
    lines = [Wire(place.address) for _ in range(4)]
    for line, begin in zip(lines[1:], (b"\0", b"\0\0\0\x02")):
        line.send_raw(begin)
    hello(lines[3], Profile())
    lines[3].send(wire.HEARTBEAT, {})
    for line in lines:
        with line:
            assert line.expect(wire.ERROR)[1] == codes.TIMEOUT
            assert line.rest() == b""


def names_run_out_for_an_hour(place: Place) -> None:
    """The server gives an address two names an hour."""
    ana, _ = (Client().connect(place.address, name) for name in ("Ana", "Luis"))
    refused(lambda: Client().connect(place.address, "Zoe"), codes.TOO_MANY_NAMES)
    refused(lambda: Client().connect(place.address, "a\tb"), codes.BAD_NAME)
    assert Client(Profile(ana.profile.seed)).connect(place.address).name == "Ana", "who has one gets in"
