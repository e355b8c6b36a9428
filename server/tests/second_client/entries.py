"""Entries and pages of them: sections 8 and 11 of the document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Union

from wire import decode

GENERAL = 1
MESSAGE = 256
PAGE_ENTRIES_MAX, PAGE_BODY_BYTES_MAX = 200, 147_456


@dataclass(frozen=True)
class Entry:
    """Section 5, `Entry`."""

    seq: int
    rseq: int
    count: int
    at: int
    author: int
    device: int
    kind: int
    target: Union[int, None]
    mentions: Union[list[int], None]
    body: bytes

    @property
    def text(self) -> str:
        """The text of a message."""
        assert self.kind == MESSAGE, f"kind {self.kind}"
        return str(decode(self.body)[0])


def check_page(page: dict[int, Any], room: int, first: int, last: int) -> None:
    """What section 11 says about the answer to a pull."""
    places = [entry[1] for entry in page[2]]
    assert page[1] == room
    assert len(places) <= PAGE_ENTRIES_MAX
    assert len(places) <= 1 or sum(len(entry[9]) for entry in page[2]) <= PAGE_BODY_BYTES_MAX
    newest = min(last, page[3])
    if not places:
        assert newest < first, f"nothing in {first}..{last}, and the head is {page[3]}"
        return
    assert places[-1] == newest, "the newest part comes first"
    assert places == list(range(places[0], newest + 1)), "without a hole"
    assert places[0] >= first
