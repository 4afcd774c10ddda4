"""Which file of a policy directory holds what, by its path."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

from comity.policy.problems import Problem, closest


class Kind(StrEnum):
    """What a file holds; the value is its folder, or its name if it stands alone."""

    JURISDICTION = "jurisdictions"
    SCENARIOS = "tests"
    LIST = "lists"
    PLATFORM = "platform"
    VOCABULARY = "vocabulary"
    GROUPS = "groups"
    DESKS = "desks"
    CONFLICTS = "conflicts"
    WAIVERS = "waivers"


SUFFIX: Final = ".yaml"
TEST_SUFFIX: Final = "_test"

_FOLDERS: Final = (Kind.JURISDICTION, Kind.SCENARIOS, Kind.LIST)
FOLDERS: Final = frozenset(kind.value for kind in _FOLDERS)
_NEEDED: Final = (Kind.PLATFORM, Kind.VOCABULARY, Kind.GROUPS, Kind.DESKS, Kind.CONFLICTS)
_SINGLE: Final = (*_NEEDED, Kind.WAIVERS)
_STEM: Final = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
_CODE_STEM: Final = re.compile(r"[a-z]{2}(-[a-z0-9]{1,3})?|eea")


def kind_of(file: str) -> Kind | None:
    """Return what the file at `file` holds, or None if no policy file is named so."""
    folder, _, name = file.rpartition("/")
    stem = name.removesuffix(SUFFIX)
    if stem == name or not _STEM.fullmatch(stem):
        return None
    if not folder:
        return next((kind for kind in _SINGLE if kind.value == stem), None)
    kind = next((kind for kind in _FOLDERS if kind.value == folder), None)
    return None if kind is Kind.SCENARIOS and not stem.endswith(TEST_SUFFIX) else kind


def code_of(stem: str) -> str:
    """Return the jurisdiction that a file named `stem` is about: `be-vlg` is about BE-VLG."""
    return stem.upper() if _CODE_STEM.fullmatch(stem) else stem


def stem_of(file: str) -> str:
    """Return the name of `file` without folder and suffix."""
    return PurePosixPath(file).stem


def refuse_name(file: str) -> Problem:
    """Return the problem of a file that `kind_of` does not know, with the path perhaps meant."""
    message = (
        "No policy file is named so; there are jurisdictions/CODE.yaml, tests/CODE_test.yaml, "
        "lists/NAME.yaml and platform, vocabulary, groups, desks, conflicts and waivers, in small "
        "letters."
    )
    return Problem("CP120", file, 1, 1, message, _suggest(file))


def find_missing(files: Collection[str]) -> Iterator[Problem]:
    """Yield a problem for each file that the policy directory lacks."""
    for kind in _NEEDED:
        file = f"{kind.value}{SUFFIX}"
        if file not in files:
            message = "The file is missing; every policy directory needs it."
            yield Problem("CP121", file, 1, 1, message)
    if Kind.SCENARIOS.value in files:
        return  # a folder that can't be read: who knows what is in it
    for file in files:
        if kind_of(file) is Kind.JURISDICTION:
            scenarios = f"{Kind.SCENARIOS.value}/{stem_of(file)}{TEST_SUFFIX}{SUFFIX}"
            if scenarios not in files:
                message = f"The file is missing; {file} needs scenarios."
                yield Problem("CP121", scenarios, 1, 1, message)


def _suggest(file: str) -> str | None:
    """Return the path that was perhaps meant, or None."""
    path = PurePosixPath(file.lower())
    stem = re.sub(r"[^a-z0-9_-]+", "_", path.stem)
    alone = closest(stem, [kind.value for kind in _SINGLE])
    folder = closest(path.parent.name, [kind.value for kind in _FOLDERS])
    if folder is None and alone is not None:
        return f"{alone}{SUFFIX}"
    if stem.endswith(TEST_SUFFIX):
        folder = Kind.SCENARIOS.value
    elif folder == Kind.SCENARIOS.value:
        stem += TEST_SUFFIX
    elif folder is None and _CODE_STEM.fullmatch(stem):
        folder = Kind.JURISDICTION.value
    suggestion = f"{folder}/{stem}{SUFFIX}"
    return suggestion if folder is not None and kind_of(suggestion) is not None else None
