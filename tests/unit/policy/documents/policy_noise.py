"""Policy files with random changes, and what must hold of whatever comes of them."""

from __future__ import annotations

import re
from datetime import date
from random import Random

from comity.policy.compiling.compilation import Compilation, compile_policies
from comity.policy.problems import sort_problems
from unit.policy.problems.policy_cases import BASE

TODAY = date(2026, 11, 24)
VALUES = (
    "null", "{}", "[]", "3", "-1", "1.5", "true", "x", "''", "[[]]", "[null]", "{a: {b: c}}",
    "2024-01-01", "2024-01", "unknown", "any", "all", "others", "EU", "UA", "UA-43", "crimea",
    "{from: 2024-01-01}", "[{from: unknown}]", "[{from: 2024-01-01, value: 3}, {value: 4}]",
    "deny", "1e400", "999999999999999999", "0010", "{verify: age}", "{warn: exam}", "as_matched",
    "1800-01-01", "2199-12-31", "2199-12", "9999-12-31", "2199-12-31T23:59:59-12:00",
    "999999 years", "ua-devices", "{below: per_member}", "00:00-24:00", "2024-01-01/2199-12-31",
    "Pacific/Apia", "{EU: 16, others: none}", "{in: UA}", "UA:military", "{require: carry}",
)  # fmt: skip
# Keys that look like what validation calls its own parts.
KEYS = ("<deny>", '"[key]"', '"0"', "<<", "__root__")
CHARACTERS = " \t\n\r-:,[]{}#&*!|>'\"%@`?~0aZ\0\x85\u2028\ufeffé\\/"
VALUE = re.compile(r"(?<=[:\-,\[{] )[^\s,\]}][^,\]}\n]*|(?<=\[)[^,\]]+")
KEY = re.compile(r"[a-z_]+(?=:)")


def check(compilation: Compilation, files: dict[str, bytes]) -> None:
    """Assert that problems are sorted, each on one line, and stand inside their files."""
    assert compilation.problems == sort_problems(compilation.problems)
    assert compilation.bundle is not None or compilation.problems
    for problem in compilation.problems:
        text = files.get(problem.file, b"").decode(errors="replace")
        lines = re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff"))
        assert 1 <= problem.line <= len(lines), problem
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1, problem
        assert str(problem).isprintable(), problem


def mutate(text: str, random: Random) -> str:
    """Return the text with one value, key, line or character changed."""
    what = random.choice(("value", "value", "value", "key", "line", "character"))
    if what == "value" and (found := list(VALUE.finditer(text))):
        at = random.choice(found)
        return text[: at.start()] + random.choice(VALUES) + text[at.end() :]
    if what == "key" and (found := list(KEY.finditer(text))):
        at, other = random.choice(found), random.choice(found)
        key = random.choice((other[0], other[0], other[0], *KEYS))
        return text[: at.start()] + key + text[at.end() :]
    if what == "line":
        lines = text.split("\n")
        index = random.randrange(len(lines))
        copy = random.choice(lines)
        lines[index : index + 1] = random.choice(([], [copy, lines[index]], ["  " + lines[index]]))
        return "\n".join(lines)
    index = random.randrange(len(text) + 1)
    return text[:index] + random.choice(CHARACTERS) + text[index + random.randrange(3) :]


def compile_changed(seed: int) -> None:
    """Compile the right files with one to five changes in one of them, drawn by `seed`."""
    random = Random(seed)
    files = dict(BASE)
    name = random.choice(sorted(BASE))
    text = files[name].decode()
    for _ in range(random.choice((1, 1, 2, 3, 5))):
        text = mutate(text, random)
    files[name] = text.encode()
    try:
        check(compile_policies(files, TODAY), files)
    except Exception as error:
        error.add_note(f"seed {seed}, {name}:\n{text}")
        raise
