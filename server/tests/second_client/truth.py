"""Several clients, and what they hold against each other: there is one truth, however one came to know it."""

from __future__ import annotations

from typing import Any

from client import Client
from entries import GENERAL
from identity import Profile
from wire import Address

MEMBERS = 12


def three(address: Address) -> tuple[Client, Client, Client]:
    """Ana, Luis and Zoe, who know what there is."""
    people = tuple(Client().connect(address, name) for name in ("Ana", "Luis", "Zoe"))
    for someone in people:
        someone.sync()
    ana, luis, zoe = people
    return ana, luis, zoe


def beside(someone: Client) -> Client:
    """Another connection of the same device, which knows nothing yet."""
    return Client(Profile(someone.profile.seed)).connect(someone.wire.socket.getpeername())


def told(someone: Client, kind: int) -> list[Any]:
    """All frames of a type so far, oldest first."""
    return [payload for of, payload in someone.arrived if of == kind]


def check_truth(*people: Client) -> None:
    """Whoever was there all the time and whoever comes only now see the same rooms, people and messages; and what a
    room is by its entries is what the server says that it is."""
    for someone in people:
        fresh = beside(someone)
        fresh.sync()
        someone.until(lambda: someone.is_quiet() and someone.mine == fresh.mine)
        assert someone.names == fresh.names and someone.hues == fresh.hues
        for number in sorted(fresh.mine):
            new, old = fresh.room(number), someone.room(number)
            assert new.row is not None and new.cursor() == new.row[3]
            someone.until(lambda: someone.is_quiet() and old.cursor() == new.cursor())
            assert old.entries == new.entries and old.messages() == new.messages(), f"room {number}"
            assert old.row is not None
            # The number of members changes by entries only for who knows who they are.
            ours, theirs = ({key: of for key, of in row.items() if of and key != MEMBERS} for row in (old.row, new.row))
            assert ours == theirs, f"room {number}: {ours} and {theirs}"
            state, row = new.state(), new.row
            assert (state.kind, state.name, state.topic) == (row[1], row[2], row.get(5)), f"{state} and {row}"
            assert (state.head, state.count) == (row[3], row[4])
            assert (state.archived, state.keep_days) == (row.get(10, False), row.get(13))
            assert fresh.members(number) == state.members
            if number == GENERAL:
                assert MEMBERS not in row
            else:
                assert (len(state.members), state.members[someone.user]) == (row[MEMBERS], row[6])
        fresh.leave()
