"""Where compiling says what is wrong, at the place of the file that says it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from comity.policy.problems import Problem, closest
from comity.policy.scalars import Refused
from comity.policy.yaml_nodes import Loc, Tree


@dataclass(frozen=True, slots=True)
class FileReport:
    """Collects the problems of one file.

    Attributes:
        tree: the file, for positions.
        problems: what was reported so far, shared by all files.
    """

    tree: Tree
    problems: list[Problem] = field(default_factory=list)

    def say(
        self,
        code: str,
        loc: Loc,
        message: str,
        suggestion: str | None = None,
        *,
        of_key: bool = False,
    ) -> None:
        """Report a problem with the value at `loc`, or with its key."""
        line, column = self.tree.position(loc, of_key=of_key)
        self.problems.append(Problem(code, self.tree.file, line, column, message, suggestion))

    def say_unknown(
        self,
        code: str,
        loc: Loc,
        name: str,
        what: str,
        known: Iterable[str],
        *,
        of_key: bool = False,
    ) -> None:
        """Report that `name` is no `what`, with the known name that is most like it."""
        self.say(code, loc, f"'{name}' is no {what}.", closest(name, known), of_key=of_key)

    def say_refused(self, refused: Refused, loc: Loc) -> None:
        """Report what a value was refused for."""
        place = loc if refused.key is None else (*loc, refused.key)
        self.say(
            refused.code,
            place,
            refused.message,
            refused.suggestion,
            of_key=refused.key is not None,
        )


def each(loc: Loc, key: str, values: Sequence[str]) -> Iterable[tuple[Loc, str]]:
    """Return each value of a list under `key`, with its place; one value needs no brackets."""
    return (((*loc, key, index), value) for index, value in enumerate(values))
