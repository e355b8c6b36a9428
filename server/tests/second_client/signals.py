"""What is told and never stored (section 12): who is online, who is away, who is writing."""

from __future__ import annotations

import time
from typing import Any, Union

from fold import insist

TYPING_LASTS = 6.0


class Signals:
    """Mixed into the client, which has the people and the rooms."""

    names: dict[int, str]
    mine: set[int]
    _is_synced: bool

    def __init__(self) -> None:
        self.online: Union[set[int], None] = set()
        self.away_people: set[int] = set()
        self.online_count = 0
        self._wants_whole = True  # the next `Presence` has to be the whole set
        self._typing: dict[int, dict[int, float]] = {}  # of each room who is writing, and until when that holds

    def _writing(self, room: int, users: list[int]) -> None:
        insist(room in self.mine or not self._is_synced, "of a room of others")
        insist(bool(users) and users == sorted(set(users)), "somebody, by rising id")
        self._typing[room] = dict.fromkeys(users, time.monotonic() + TYPING_LASTS)

    def _presence(self, presence: dict[int, Any]) -> None:
        whole, came, went, away, back = (presence.get(field) for field in range(1, 6))
        for people in (whole, came, went, away, back):
            assert people is None or people == sorted(set(people)), "by rising id"
        if whole is not None:
            insist(came is None and went is None and back is None, "a whole set and what changed")
            self.online, self.away_people = set(whole), set(away or [])
        elif len(presence) == 1:
            self.online, self.away_people = None, set()
        elif self.online is not None:
            insist(not self._wants_whole, "a change of what was never told")
            insist(not self._is_synced or self.names.keys() >= set(came or []), "who comes has a name")
            self.online = (self.online | set(came or [])) - set(went or [])
            self.away_people = (self.away_people - set(came or []) - set(went or []) - set(back or [])) | set(
                away or []
            )
        self._wants_whole = False
        self.online_count = presence[0]
        assert self.online is None or len(self.online) == self.online_count, "the number is that of the list"
        assert self.online is None or self.away_people <= self.online, "away is who is online"

    def writing_in(self, room: int) -> list[int]:
        """Who is writing there: until a message, and for a while at most."""
        now = time.monotonic()
        return [user for user, until in self._typing.get(room, {}).items() if until > now]
