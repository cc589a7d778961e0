"""Values as models answer with them, and the usual ways in which their JSON is broken. Seeded: a number names a case.

Each breakage is a function of (random, text, value); ``None``: this text cannot be broken in this way. What comes
out may be valid JSON again, or be ambiguous by nature; `judge` says what a repair of it may be.
"""

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Value = Any
Breakage = Callable[[random.Random, str, Value], str | None]

WORDS = [
    "summary",
    "invoice",
    "Not guilty.",
    "Hello, world",
    "it's fine",
    'say "hi" to her',
    "a: b",
    "see [1] and {2}",
    "line one\nline two",
    "50 % off",
    "C:\\Temp\\new",
    "über",
    "日本語",
    "",
    "true",
    "12",
    "-",
    "x, y, and z",
    "he's, she's",
    "https://example.com/a?b=1",
    "12:30",
    "O'Neil",
    "tab\there",
    "e.g. this; that",
    "(draft)",
    "# one",
    "a // b",
    "😀",
    "The quick brown fox jumps over the lazy dog. It was not amused, and said so.",
    "key: value, other: thing",
]
NAMES = [
    "id",
    "name",
    "title",
    "items",
    "tags",
    "total",
    "ok",
    "note",
    "created_at",
    "user",
    "address",
    "score",
    "text",
    "kind",
    "data",
    "lines",
    "first_name",
    "$ref",
    "e-mail",
    "size",
    "unit",
    "parent",
    "children",
    "meta",
]


def scalar(r: random.Random) -> Value:
    kind = r.randrange(9)
    if kind < 4:
        return r.choice(WORDS)
    if kind == 4:
        return r.randint(-50, 5000)
    if kind == 5:
        return round(r.uniform(-100, 100), r.randint(1, 4))
    return r.choice([True, False, None, "plain", "two words"])


def flat(r: random.Random) -> Value:
    return {name: scalar(r) for name in r.sample(NAMES, r.randint(1, 6))}


def numbers(r: random.Random) -> Value:
    return [scalar(r) for _ in range(r.randint(1, 7))]


def rows(r: random.Random) -> Value:
    names = r.sample(NAMES, r.randint(1, 4))
    return [{name: scalar(r) for name in names} for _ in range(r.randint(1, 5))]


def nested(r: random.Random, depth: int = 0) -> Value:
    def inner() -> Value:
        if depth < 3 and r.random() < 0.45:
            return nested(r, depth + 1)
        return scalar(r)

    if r.random() < 0.6:
        return {name: inner() for name in r.sample(NAMES, r.randint(1, 4))}
    return [inner() for _ in range(r.randint(1, 4))]


SHAPES: dict[str, Callable[[random.Random], Value]] = {
    "object": flat,
    "list": numbers,
    "rows": rows,
    "nesting": nested,
}


def written(r: random.Random, value: Value) -> str:
    style = r.randrange(4)
    if style == 0:
        return json.dumps(value, ensure_ascii=False)
    if style == 1:
        return json.dumps(value, ensure_ascii=False, indent=2)
    if style == 2:
        return json.dumps(value, separators=(",", ":"))
    return json.dumps(value, ensure_ascii=False, indent=r.choice([1, 4]))


def outside(text: str) -> list[tuple[int, str]]:
    """Marks outside of strings, with their places; a quote counts at both ends."""
    found, at = [], 0
    for match in re.finditer(r"""\"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[{}\[\],:]""", text):
        at = match.start()
        if match.group()[0] in "\"'":
            found += [(at, '"'), (match.end() - 1, '"')]
        else:
            found.append((at, match.group()))
    return found


def without_one(r: random.Random, text: str, marks: str) -> str | None:
    places = [at for at, mark in outside(text) if mark in marks]
    if not places:
        return None
    at = r.choice(places)
    return text[:at] + text[at + 1 :]


def trailing_comma(r: random.Random, text: str, value: Value) -> str | None:
    places = [at for at, mark in outside(text) if mark in "]}" and re.search(r"[\[{]\s*\Z", text[:at]) is None]
    if not places:
        return None
    at = r.choice(places)
    return text[:at] + "," + text[at:]


def python_str(r: random.Random, text: str, value: Value) -> str | None:
    return str(value) if isinstance(value, (dict, list)) else None


def missing_quote(r: random.Random, text: str, value: Value) -> str | None:
    return without_one(r, text, '"')


def missing_comma(r: random.Random, text: str, value: Value) -> str | None:
    # Two numbers without anything between them are one number: nobody could tell.
    places = [at for at, mark in outside(text) if mark == "," and not re.match(r"\d,\d", text[at - 1 : at + 2])]
    if not places:
        return None
    at = r.choice(places)
    return text[:at] + text[at + 1 :]


def missing_brace(r: random.Random, text: str, value: Value) -> str | None:
    return without_one(r, text, "{}[]")


def raw_line_break(r: random.Random, text: str, value: Value) -> str | None:
    places = [m.start() for m in re.finditer(r"(?<!\\)\\n", text)]
    if not places:
        return None
    at = r.choice(places)
    return text[:at] + "\n" + text[at + 2 :]


def comment(r: random.Random, text: str, value: Value) -> str | None:
    places = [at + 1 for at, mark in outside(text) if mark in "{[,"]
    if not places:
        return None
    at = r.choice(places)
    words = r.choice(["the first one", "TODO", "it's done", "see note, below", 'a "quoted" word', "x: 1"])
    note = r.choice([f" // {words}\n", f" /* {words} */ ", f" # {words}\n"])
    return text[:at] + note + text[at:]


def bare_names(r: random.Random, text: str, value: Value) -> str | None:
    broken = re.sub(r'"([A-Za-z_$][\w$]*)"(\s*:)', r"\1\2", text)
    return broken if broken != text else None


def fence(r: random.Random, text: str, value: Value) -> str | None:
    return r.choice(["```json\n{}\n```", "```\n{}\n```", "```JSON\n{}\n```\n"]).replace("{}", text)


def prose(r: random.Random, text: str, value: Value) -> str | None:
    before = r.choice(
        ["Sure! Here is the JSON:\n\n", "Here's what you've asked for: ", "", "The answer is ", "Result:\n"]
    )
    after = r.choice(["\n\nLet me know if you need more.", "", "\nI hope it's of use!", " Done.", "\n\n**Note**: ok?"])
    return before + text + after if before or after else None


def cut(r: random.Random, text: str, value: Value) -> str | None:
    return text[: r.randint(1, len(text) - 1)] if len(text) > 1 else None


def single_quotes(r: random.Random, text: str, value: Value) -> str | None:
    if "'" in text or '\\"' in text:
        return None
    return text.replace('"', "'")


def thinking(r: random.Random, text: str, value: Value) -> str | None:
    inside = r.choice(['I could answer {"a": 1}, or not.', "Hm, what's [this]?", "short", 'the "best" one'])
    return (
        r.choice(["<think>{}</think>\n", "<thinking>\n{}\n</thinking>", "{}</think>\n\n"]).replace("{}", inside) + text
    )


BREAKAGES: dict[str, Breakage] = {
    "trailing comma": trailing_comma,
    "str() of Python": python_str,
    "missing quote": missing_quote,
    "missing comma": missing_comma,
    "missing brace": missing_brace,
    "raw line break": raw_line_break,
    "comment": comment,
    "bare names": bare_names,
    "fence": fence,
    "prose": prose,
    "cut": cut,
    "single quotes": single_quotes,
    "thinking": thinking,
}
_RANK = {
    "str() of Python": 0,
    "single quotes": 1,
    "bare names": 2,
    "missing quote": 5.5,
    "cut": 8,
    "fence": 6,
    "prose": 7,
    "thinking": 9,
}


@dataclass(frozen=True, slots=True)
class Case:
    kinds: tuple[str, ...]
    value: Value
    text: str


def case(seed: int) -> Case:
    """The case of that number: one breakage, or two."""
    r = random.Random(seed)
    while True:
        value = r.choice(list(SHAPES.values()))(r)
        text = written(r, value)
        kinds = r.sample(list(BREAKAGES), r.choice([1, 1, 2]))
        kinds.sort(key=lambda kind: _RANK.get(kind, 5))
        for kind in kinds:
            made = BREAKAGES[kind](r, text, value)
            if made is None:
                break
            text = made
        else:
            if not _is_valid(text):
                return Case(tuple(kinds), value, text)


def _is_valid(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
