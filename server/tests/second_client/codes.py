"""The errors of section 14 of the document: their codes, and one of them as an exception."""

from __future__ import annotations

from typing import Any

MALFORMED, TOO_LARGE, UNKNOWN_TYPE, OUT_OF_ORDER, NO_COMMON_VERSION, TIMEOUT = 1, 2, 3, 4, 5, 6
STOPPING, TOO_MANY_CONNECTIONS, PLAINTEXT_REFUSED = 8, 9, 10
BAD_SIGNATURE, NAME_NEEDED, BAD_NAME, NAME_TAKEN, NAME_CONFUSABLE, KEY_HAS_NAME = 20, 21, 22, 23, 24, 25
NAME_RESERVED, TOO_MANY_NAMES = 26, 27
NO_ROOM, BAD_TEXT, BAD_KIND, BAD_REQUEST, NO_TARGET, NOT_ALLOWED = 40, 41, 42, 43, 44, 45
ARCHIVED, BAD_ROOM_NAME, ROOM_NAME_TAKEN, TOO_MANY_ROOMS, NO_USER = 46, 47, 48, 49, 50
FAILED, READ_ONLY = 60, 61


class Refused(Exception):
    """An `Error` of the server."""

    def __init__(self, payload: dict[int, Any]) -> None:
        self.code: int = payload[1]
        self.params: list[str] = payload.get(2, [])
        super().__init__(f"{self.code} {self.params}: {payload[3]}")
