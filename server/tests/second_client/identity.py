"""What a client keeps, from one connection to the next and from one run to the next."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from wire import decode, encode


def new_cid() -> bytes:
    """A UUID of version 7."""
    bits = time.time_ns() // 1_000_000 << 80 | int.from_bytes(os.urandom(10), "big")
    bits = bits & ~(0xF << 76 | 0x3 << 62) | 0x7 << 76 | 0x2 << 62
    return bits.to_bytes(16, "big")


@dataclass
class Profile:
    """What a client keeps from one connection, and from one run, to the next."""

    seed: bytes = field(default_factory=lambda: os.urandom(32))
    pin: bytes = b""
    lineage: list[list[Any]] = field(default_factory=list)  # each log, and its first place
    since: int = 0
    outbox: list[dict[int, Any]] = field(default_factory=list)  # `Write`s without their request, oldest first

    @property
    def key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def public(self) -> bytes:
        return bytes(self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def save(self, file: Path) -> None:
        """Writes it to a file."""
        outbox = [encode(write).hex() for write in self.outbox]
        lineage = [[log.hex(), begin] for log, begin in self.lineage]
        kept = {"seed": self.seed.hex(), "pin": self.pin.hex(), "lineage": lineage, "since": self.since}
        file.write_text(json.dumps({**kept, "outbox": outbox}), "utf-8")

    @staticmethod
    def load(file: Path) -> "Profile":
        """Reads it again."""
        kept = json.loads(file.read_text("utf-8"))
        seed, pin = (bytes.fromhex(kept[name]) for name in ("seed", "pin"))
        lineage = [[bytes.fromhex(log), begin] for log, begin in kept["lineage"]]
        outbox = [decode(bytes.fromhex(write)) for write in kept["outbox"]]
        return Profile(seed, pin, lineage, kept["since"], outbox)
