"""Cases of wrong policy files: what differs from the right files in `base`, and what is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from comity.policy.file_content import FileContent, Unreadable

HERE = Path(__file__).parent
BASE = {
    path.relative_to(HERE / "base").as_posix(): path.read_bytes()
    for path in sorted((HERE / "base").rglob("*.yaml"))
}


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        name: what is wrong.
        expect: the problems, each as one line.
        edits: `file`, the text to `find` first in it, and what to `write` in its place.
        files: file -> its whole text; None takes it away.
        bytes: file -> its whole content, each character one byte.
        append: file -> text added to it, and how often.
        unreadable: file or folder -> why it can't be read.
        only: whether the files of `base` are left out.
    """

    name: str
    expect: tuple[str, ...]
    edits: Sequence[Mapping[str, str]] = ()
    files: Mapping[str, str | None] = field(default_factory=dict)
    bytes: Mapping[str, str] = field(default_factory=dict)
    append: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)
    only: bool = False

    def build(self) -> dict[str, FileContent]:
        """Return the files of the case."""
        told = {file: Unreadable(reason) for file, reason in self.unreadable.items()}
        kept = {
            file: held
            for file, held in self._files().items()
            if told.keys().isdisjoint({file, file.partition("/")[0]})
        }
        return {**kept, **told}

    def _files(self) -> dict[str, bytes]:
        """Return the files that can be read."""
        built = {} if self.only else dict(BASE)
        for edit in self.edits:
            text = built[edit["file"]].decode()
            assert edit["find"] in text, f"{self.name}: nothing to edit"
            built[edit["file"]] = text.replace(edit["find"], edit["write"], 1).encode()
        for file, whole in self.files.items():
            if whole is None:
                del built[file]
            else:
                built[file] = whole.encode()
        for file, content in self.bytes.items():
            built[file] = content.encode("latin-1")
        for file, added in self.append.items():
            built[file] += str(added["text"]).encode() * int(added["times"])
        return built


def load_cases() -> list[Case]:
    """Return the cases of all case files."""
    return [
        Case(**{**case, "expect": tuple(case["expect"])})
        for path in sorted((HERE / "cases").glob("*.yaml"))
        for case in yaml.safe_load(path.read_text())
    ]
