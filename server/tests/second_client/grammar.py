"""Holds `docs/protocol.cddl` against the golden bytes and against the tables of `docs/protocol.md`.

A check that says yes is only worth something if it can say no: so every part of the grammar is changed, one at a time,
and every value of the golden bytes, and each time the two have to disagree.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any, Iterator

import wire
from cddl import BadGrammar, Choice, Container, Grammar, Mismatch, Name, Range
from entries import BODIES
from wire import decode, encode

Frame = list[Any]  # the type, and the decoded payload

REFUSED = "write_no_mentions.hex"
"""What can be read and says what the document forbids: nobody is mentioned by leaving the list out."""


def golden_frames(folder: Path) -> dict[str, Frame]:
    """The annotated bytes of every file: hexadecimal digits, spaces as they please, comments from `#` on."""
    frames: dict[str, Frame] = {}
    for file in sorted(folder.glob("*.hex")):
        data = bytes.fromhex("".join(line.split("#")[0] for line in file.read_text("utf-8").splitlines()))
        assert int.from_bytes(data[:4], "big") == len(data) - 4, f"{file.name}: the length"
        frames[file.name] = [data[4], decode(data[5:])]
        assert encode(frames[file.name][1]) == data[5:], f"{file.name}: another encoding than ours"
    assert frames, f"no golden bytes in {folder}"
    return frames


def bodies(frame: Frame) -> list[tuple[int, bytes]]:
    """The bodies in a frame that has the form of the grammar, each with its kind, without those that are erased."""
    kind, payload = frame
    entries: list[Any] = []
    if kind == wire.WRITE:
        return [(payload[3], payload[6])] if payload[6] else []
    if kind == wire.PAGE:
        entries = payload[2] + payload.get(4, [])
    elif kind == wire.HITS:
        entries = [hit[1] for hit in payload[1]]
    elif kind == wire.ENTRY:
        entries = [payload[1]]
    return [(entry[6], entry[9]) for entry in entries if entry[9]]


def agrees(grammar: Grammar, frame: Frame) -> bool:
    """Whether a frame, and the bodies in it, have the form that the grammar gives them."""
    return grammar.allows(Name("frame"), frame) and all(
        grammar.allows(Name(BODIES[kind]), decode(body)) for kind, body in bodies(frame) if kind in BODIES
    )


def mutated_grammars(text: str) -> Iterator[tuple[str, str]]:
    """The grammar with one thing changed, and what was changed. Each of them is wrong."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        code = line.split(";")[0].rstrip()
        member = re.fullmatch(r"  (\? )?(?:(\d+): )?(.*),", code)
        changes: list[str] = []
        if member and not code.lstrip().startswith("* "):
            optional, key, of = member.groups(default="")
            front = f"  {optional}" + (f"{key}: " if key else "")
            changes += ["", f"{front}null,"]
            changes += [f"  {optional}{int(key) + 40}: {of},"] if key else []
            changes += [code.replace("? ", "", 1)] if optional else []
            changes += [re.sub(r"\[[*+] ", "[? ", code)] if re.search(r"\[[*+] ", code) else []
            changes += [code.replace(" / null", "")] if " / null" in code else []
        # A type of frame: another number, or not there.
        alternative = re.fullmatch(r"(  [ /] \[)(0x..)(, .*)", code)
        if alternative:
            changes.append(f"{alternative[1]}{int(alternative[2], 16) + 8}{alternative[3]}")
        # A type: of another size.
        size = re.fullmatch(r"(\w+ = (uint|bstr) \.size )(\d+)", code)
        if size:
            changes.append(f"{size[1]}{int(size[3]) - 1}")
            changes += [f"{size[1]}{int(size[3]) + 1}"] if size[2] == "bstr" else []
        if code.startswith("timestamp = "):
            changes += ["timestamp = u64", "timestamp = -9223372036854775808..0"]
        for change in changes:
            changed = [*lines[:number], change, *lines[number + 1 :]]
            yield f"{code.strip()} → {change.strip() or 'nothing'}", "\n".join(changed)


def mutated_values(value: Any) -> Iterator[Any]:
    """The value with one thing in it of another sort, and every map with a key that nobody knows."""
    if isinstance(value, dict):
        yield {**value, 99: 0}
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            for change in mutated_values(value[key]):
                changed = copy.copy(value)
                changed[key] = change
                yield changed
    else:
        yield 2**64 if isinstance(value, str) else "another"


def table(document: str) -> dict[str, tuple[int | None, list[tuple[str, bool]]]]:
    """What section 5 of the document says: of each message and part its type, and its fields in the order of their
    numbers, each with its type and whether it may be absent."""
    found: dict[str, tuple[int | None, list[tuple[str, bool]]]] = {}
    section = document.split("\n## 5.")[1].split("\n## ")[0]
    direction = ""
    for line in section.splitlines():
        direction = line.removeprefix("### From the ") if line.startswith("### From the ") else direction
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 3 or "`" not in line:
            continue
        kind = int(cells[0], 16) if cells[0].startswith("0x") else None
        name = cells[1] if kind is not None else cells[0]
        fields: list[tuple[str, bool]] = []
        for field in re.findall(r"(\d+) (\w+)(?: `([^`]+)`)?(\?)?", cells[2]):
            assert int(field[0]) == len(fields), f"{name}: field {field[0]} is not in its place"
            fields.append((field[2] or field[1], field[3] == "?"))
        rule = kebab(name.strip("`"))
        if rule in ("heartbeat", "typing"):
            rule = f"{direction}-{rule}"
        if kind == wire.ENTRY:
            # Its fields stand with the parts.
            rule = "room-entry"
        if rule == "none":
            rule = "no-body"
        found[rule] = (found.get(rule, (kind, []))[0], fields)
    return found


def kebab(name: str) -> str:
    """`RoomRow` as the grammar writes it."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


def spelled(of: Any) -> str:
    """A type of the grammar, as the table writes it."""
    if isinstance(of, Choice):
        return spelled(of.types[0])
    if isinstance(of, Container):
        return f"[{spelled(of.members[0].type)}]"
    return {"timestamp": "time"}.get(of.name, of.name) if isinstance(of, Name) else "text"


def compare_with_table(grammar: Grammar, document: str) -> None:
    """Every row of the table is a rule with the same fields, and there is no type that the table does not know."""
    rows = table(document)
    numbers: dict[int, str] = {}
    for side in ("from-client", "from-server"):
        choice = grammar.rules[side]
        assert isinstance(choice, Choice)
        for pair in choice.types:
            assert isinstance(pair, Container)
            number, name = pair.members[0].type, pair.members[1].type
            assert isinstance(number, Range) and isinstance(name, Name)
            numbers[number.least] = name.name
    assert numbers == {kind: rule for rule, (kind, _) in rows.items() if kind is not None}
    for rule, (_, fields) in rows.items():
        container = grammar.rules[rule]
        assert isinstance(container, Container), rule
        members = [member for member in container.members if member.occurrence != "*"]
        ours = [
            (kebab(spelled(member.type)), member.occurrence == "?" or isinstance(member.type, Choice))
            for member in members
        ]
        assert ours == [(kebab(of), optional) for of, optional in fields], f"{rule}: {ours} against {fields}"
        keys = [member.key for member in members]
        if container.kind is dict:
            assert keys == [Range(key, key) for key in range(len(fields))], f"{rule}: its keys"


def check_kinds(document: str) -> None:
    """The kinds that have bodies, as the tables of sections 5 and 8 name them."""
    names = {name: int(kind) for kind, name in re.findall(r"\n\| (\d+) \| ([\w ]+) \| ", document.split("\n## 8.")[1])}
    rows = re.findall(r"\n\| (?:`(\w+Body)`|none) \| ([\w, ]+) \| ", document.split("\n## 5.")[1].split("\n## ")[0])
    listed = {names[name]: kebab(body or "NoBody") for body, kinds in rows for name in kinds.split(", ")}
    assert listed == BODIES, f"{listed} against {BODIES}"


def check_grammar(docs: Path, golden: Path) -> None:
    """Everything of the above."""
    text = (docs / "protocol.cddl").read_text("utf-8")
    grammar, frames = Grammar(text), golden_frames(golden)
    assert not agrees(grammar, frames.pop(REFUSED)), f"{REFUSED} passes"
    for name, frame in frames.items():
        try:
            grammar.check("frame", frame)
        except Mismatch as mismatch:
            raise AssertionError(f"{name}: {mismatch}") from mismatch
        assert agrees(grammar, frame), f"{name}: a body"
        for changed in mutated_values(frame):
            assert not grammar.allows(Name("frame"), changed), f"{name}: {changed} passes"
    document = (docs / "protocol.md").read_text("utf-8")
    compare_with_table(grammar, document)
    shown = {frame[0] for frame in frames.values()}
    assert shown == {kind for kind, _ in table(document).values() if kind is not None}, "a message without golden bytes"
    kinds = {kind for frame in frames.values() for kind, _ in bodies(frame)}
    assert set(BODIES) <= kinds, f"kinds without golden bytes: {set(BODIES) - kinds}"
    check_kinds(document)

    changes = 0
    for change, mutated in mutated_grammars(text):
        changes += 1
        wrong = Grammar(mutated)
        assert not all(agrees(wrong, frame) for frame in frames.values()), f"no golden bytes notice: {change}"
    assert changes > 450, f"only {changes} changes were tried"

    for rule, body, right in [
        ("message", {0: "hi"}, True), ("message", {0: "a" * 16384, 7: [1]}, True), ("message", {0: ""}, False),
        ("message", {0: "a" * 16385}, False), ("message", {0: "ñ" * 8193}, False), ("message", {}, False),
        ("message", {0: b"hi"}, False), ("message", {0: "hi", -1: 0}, False), ("message", ["hi"], False),
        ("reaction", {0: "👍"}, True), ("reaction", {0: "x" * 64}, True), ("reaction", {0: "x" * 65}, False),
        ("reaction", {0: ""}, False), ("topic", {}, True), ("topic", {0: "x" * 256, 1: 0}, True),
        ("topic", {0: ""}, False), ("topic", {0: "x" * 257}, False), ("no", {}, True), ("no", {0: 0}, True),
        ("no", [], False), ("keep", {}, True), ("keep", {0: None}, False), ("keep", {0: 2**32}, False),
        ("profile", {0: 2**16}, False), ("role", {0: 2}, False), ("role", {0: 2, 1: 2, 2: 0}, True),
        ("room-open", {0: 1, 32: b"x"}, True), ("room-open", {1: "sala"}, False), ("archive", {0: 1}, False),
    ]:  # fmt: skip
        assert grammar.allows(Name(f"{rule}-body"), body) == right, f"{rule}-body: {str(body)[:40]}"
    for unread in ["a = b", "a = 1 a = 2", "a = uint .le 3", "a = [? uint, uint]", "a = {uint}", "a = (b: 1)", "a = ~"]:
        try:
            Grammar(unread)
        except BadGrammar:
            continue
        raise AssertionError(f"read: {unread}")
