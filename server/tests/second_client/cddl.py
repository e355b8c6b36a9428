"""Holds decoded CBOR against a CDDL grammar (RFC 8610), as much of CDDL as `docs/protocol.cddl` uses.

That is: rules, choices `/`, maps and arrays with the occurrences `?`, `*` and `+`, integers as keys, literals, ranges,
`.size`, and the prelude's plain names. Whatever else a grammar says is refused when it is read, never ignored. The
whole of CDDL needs a library that is larger than the rest of the tests' Python together, and would have to be fetched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Callable, Iterator, Union


class BadGrammar(Exception):
    """The grammar itself cannot be read."""


Path = tuple[int, ...]
"""The keys and places that lead to a part of a value."""


class Mismatch(Exception):
    """A value that the grammar does not allow, and where."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"at {'/'.join(map(str, path)) or 'the top'}: {why}")
        self.path = path


@dataclass(frozen=True)
class Name:
    name: str


@dataclass(frozen=True)
class Range:
    """A literal is a range with one number in it."""

    least: int
    most: int

    def __str__(self) -> str:
        return str(self.least) if self.least == self.most else f"{self.least}..{self.most}"


@dataclass(frozen=True)
class Sized:
    of: "Type"
    size: Range


@dataclass(frozen=True)
class Choice:
    types: tuple["Type", ...]


@dataclass(frozen=True)
class Member:
    occurrence: str  # "", "?", "*" or "+"
    key: Union["Type", None]
    type: "Type"


@dataclass(frozen=True)
class Container:
    kind: type  # dict or list
    members: tuple[Member, ...]


Type = Union[Name, Range, Sized, Choice, Container]


def _is_integer(value: Any) -> bool:
    # In Python `True` is an integer; in CBOR it is not.
    return isinstance(value, int) and not isinstance(value, bool)


PRELUDE: dict[str, Callable[[Any], bool]] = {
    "any": lambda _: True,
    "uint": lambda value: _is_integer(value) and 0 <= value < 2**64,
    "bstr": lambda value: isinstance(value, bytes),
    "bytes": lambda value: isinstance(value, bytes),
    "tstr": lambda value: isinstance(value, str),
    "text": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}

TOKEN = re.compile(
    r"(?:\s|;[^\n]*)*(?:(?P<number>-?(?:0x[0-9a-fA-F]+|\d+))|(?P<name>[A-Za-z][\w-]*)|(?P<sign>\.\.|=>|\.size|\S)|$)"
)


class Grammar:
    """The rules of a grammar, by their names."""

    def __init__(self, text: str) -> None:
        self.rules: dict[str, Type] = {}
        reader = _Reader(text)
        while reader.sign is not None:
            name = reader.name()
            reader.take("=")
            if name in self.rules or name in PRELUDE:
                raise BadGrammar(f"{name} is there twice")
            self.rules[name] = reader.type()
        for name in reader.mentioned:
            if name not in self.rules and name not in PRELUDE:
                raise BadGrammar(f"{name} is not there")

    def check(self, rule: str, value: Any) -> None:
        """Raises `Mismatch`, with the place that does not fit, unless the value is what the rule says."""
        self._check(Name(rule), value, ())

    def _check(self, expected: Type, value: Any, path: Path) -> None:
        if isinstance(expected, Name):
            if expected.name in self.rules:
                return self._check(self.rules[expected.name], value, path)
            return _expect(PRELUDE[expected.name](value), path, expected.name, value)
        if isinstance(expected, Range):
            fits = _is_integer(value) and expected.least <= value <= expected.most
            return _expect(fits, path, str(expected), value)
        if isinstance(expected, Sized):
            self._check(expected.of, value, path)
            fits = expected.size.least <= _size(value) <= expected.size.most
            return _expect(fits, path, f"a size of {expected.size}", value)
        if isinstance(expected, Choice):
            return self._check_choice(expected, value, path)
        _expect(type(value) is expected.kind, path, "a map" if expected.kind is dict else "an array", value)
        if expected.kind is dict:
            return self._check_map(expected.members, value, path)
        return self._check_array(expected.members, value, path)

    def _check_choice(self, choice: Choice, value: Any, path: Path) -> None:
        mismatches: list[Mismatch] = []
        for expected in choice.types:
            try:
                return self._check(expected, value, path)
            except Mismatch as mismatch:
                mismatches.append(mismatch)
        # The alternative that got furthest is the one that was meant.
        raise max(mismatches, key=lambda mismatch: mismatch.path)

    def _check_map(self, members: tuple[Member, ...], value: dict[Any, Any], path: Path) -> None:
        left = dict(value)
        for member in members:
            keys = [key for key in left if self.allows(member.key, key)]
            if not keys and member.occurrence in ("", "+"):
                raise Mismatch(path, f"{member.key} is missing")
            for key in keys:
                self._check(member.type, left.pop(key), (*path, key))
        if left:
            raise Mismatch(path, f"nobody knows {list(left)}")

    def _check_array(self, members: tuple[Member, ...], value: list[Any], path: Path) -> None:
        # Optional elements stand at the end, so nothing has to be tried twice.
        place = 0
        for member in members:
            if member.occurrence in ("", "+") and place == len(value):
                raise Mismatch(path, f"only {place} elements")
            most = len(value) if member.occurrence in ("*", "+") else min(place + 1, len(value))
            while place < most:
                self._check(member.type, value[place], (*path, place))
                place += 1
        _expect(place == len(value), path, f"{place} elements", value)

    def allows(self, expected: Type | None, value: Any) -> bool:
        """Whether the value is of that type."""
        try:
            self._check(expected if expected is not None else Name("any"), value, ())
        except Mismatch:
            return False
        return True


def _size(value: Any) -> int:
    if isinstance(value, int):
        return (value.bit_length() + 7) // 8
    return len(value.encode() if isinstance(value, str) else value)


def _expect(fits: bool, path: Path, what: str, value: Any) -> None:
    if not fits:
        raise Mismatch(path, f"not {what}: {str(value)[:60]}")


class _Reader:
    """Recursive descent; a grammar is ours and shallow."""

    def __init__(self, text: str) -> None:
        self._tokens: Iterator[re.Match[str]] = TOKEN.finditer(text)
        self.mentioned: set[str] = set()
        self._next()

    def _next(self) -> None:
        token = next(self._tokens, None)
        self._kind = token.lastgroup if token else None
        self.sign = token[self._kind] if token and self._kind else None

    def name(self) -> str:
        if self._kind != "name" or self.sign is None:
            raise BadGrammar(f"a name, not {self.sign}")
        name = self.sign
        self._next()
        return name

    def take(self, sign: str) -> None:
        if self.sign != sign:
            raise BadGrammar(f"{sign}, not {self.sign}")
        self._next()

    def skip(self, sign: str) -> bool:
        found = self.sign == sign
        if found:
            self._next()
        return found

    def type(self) -> Type:
        types = [self._restricted()]
        while self.skip("/"):
            types.append(self._restricted())
        return types[0] if len(types) == 1 else Choice(tuple(types))

    def _restricted(self) -> Type:
        of = self._plain()
        if not self.skip(".size"):
            return of
        size = self._plain()
        if not isinstance(size, Range):
            raise BadGrammar("a size is a number or a range")
        # The size of a number is the most bytes that it may need; that of a string is exactly this.
        return Sized(of, Range(0, size.most) if of == Name("uint") else size)

    def _plain(self) -> Type:
        if self.skip("("):
            inner = self.type()
            self.take(")")
            return inner
        if self.skip("{"):
            return Container(dict, self._members("}"))
        if self.skip("["):
            return Container(list, self._members("]"))
        if self._kind == "number":
            least = self._number()
            return Range(least, self._number() if self.skip("..") else least)
        name = self.name()
        self.mentioned.add(name)
        return Name(name)

    def _number(self) -> int:
        if self._kind != "number" or self.sign is None:
            raise BadGrammar(f"a number, not {self.sign}")
        number = int(self.sign, 0)
        self._next()
        return number

    def _members(self, end: str) -> tuple[Member, ...]:
        members: list[Member] = []
        while not self.skip(end):
            occurrence = self.sign if self.sign in ("?", "*", "+") else ""
            if occurrence:
                self._next()
            found, key = self.type(), None
            if self.skip(":") or self.skip("=>"):
                found, key = self.type(), found
            if (key is None) != (end == "]"):
                raise BadGrammar("members of maps have keys, elements of arrays have none")
            if end == "]" and not occurrence and members and members[-1].occurrence:
                raise BadGrammar("optional elements stand at the end of an array")
            members.append(Member(occurrence or "", key, found))
            if not self.skip(","):
                self.take(end)
                break
        return tuple(members)
