"""Runs one scenario of the second client against servers that somebody else started and will end.

    python3 run.py FOLDER SCENARIO HOST:PORT...
    python3 run.py --list
    python3 run.py --grammar GOLDEN

It ends with 0 if all is as `docs/protocol.md` says, and otherwise says what is not. The second form names the
scenarios, the third holds the grammar against the folder of the golden bytes.
"""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from codes import Refused
from grammar import check_grammar
from wire import DOCS, Address


@dataclass(frozen=True)
class Place:
    """Where a scenario plays."""

    folder: Path
    addresses: list[Address]

    @property
    def address(self) -> Address:
        """The server, where there is one."""
        return self.addresses[0]


def refused(what: Callable[[], object], code: int) -> Refused:
    """The refusal, which has to come and to be this one."""
    try:
        what()
    except Refused as refusal:
        assert refusal.code == code, f"{refusal}, where {code} was due"
        return refusal
    raise AssertionError(f"not refused; {code} was due")


def address(text: str) -> Address:
    """An address as the server's ready line has it."""
    host, port = text.rsplit(":", 1)
    return host.strip("[]"), int(port)


def scenarios() -> dict[str, Callable[[Place], None]]:
    """Every public function of the scenarios' modules that takes a `Place` and nothing else."""
    import catching_up
    import correcting
    import gathering
    import logging_in
    import misbehaving
    import searching
    import signalling
    import talking

    found: dict[str, Callable[[Place], None]] = {}
    for module in (logging_in, talking, gathering, correcting, catching_up, searching, signalling, misbehaving):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and list(inspect.signature(function).parameters) == ["place"]:
                assert name not in found, f"{name} is there twice"
                found[name] = function
    return found


def main(arguments: list[str]) -> int:
    if arguments == ["--list"]:
        print("\n".join(scenarios()))
        return 0
    if arguments[0] == "--grammar":
        check_grammar(DOCS, Path(arguments[1]))
        return 0
    folder, name, *addresses = arguments
    scenarios()[name](Place(Path(folder), [address(text) for text in addresses]))
    return 0


if __name__ == "__main__":
    # The scenarios import this file by its name; there shall be one of it.
    sys.modules["run"] = sys.modules["__main__"]
    sys.exit(main(sys.argv[1:]))
