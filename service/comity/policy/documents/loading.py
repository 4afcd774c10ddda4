"""Policy files to documents, with every problem of all files at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from pydantic import ValidationError

from comity.policy.documents.base import Document, Patience
from comity.policy.documents.conflicts import ConflictsFile
from comity.policy.documents.defaults import merge_defaults
from comity.policy.documents.desks import DesksFile
from comity.policy.documents.files import (
    Kind,
    code_of,
    find_missing,
    kind_of,
    refuse_name,
    stem_of,
)
from comity.policy.documents.geography import GroupsFile
from comity.policy.documents.jurisdictions import JurisdictionFile, PlatformFile
from comity.policy.documents.lists import ListFile
from comity.policy.documents.refusals import explain
from comity.policy.documents.scenarios import ScenarioFile
from comity.policy.documents.vocabulary import VocabularyFile
from comity.policy.documents.waivers import WaiversFile
from comity.policy.file_content import FileContent, Unreadable
from comity.policy.problems import Problem, sort_problems
from comity.policy.yaml_nodes import Tree, paused_collector, read_tree

T = TypeVar("T")

_DOCUMENTS: Final[Mapping[Kind, type[Document]]] = MappingProxyType(
    {
        Kind.JURISDICTION: JurisdictionFile,
        Kind.SCENARIOS: ScenarioFile,
        Kind.LIST: ListFile,
        Kind.PLATFORM: PlatformFile,
        Kind.VOCABULARY: VocabularyFile,
        Kind.GROUPS: GroupsFile,
        Kind.DESKS: DesksFile,
        Kind.CONFLICTS: ConflictsFile,
        Kind.WAIVERS: WaiversFile,
    }
)
# Key that repeats the file's name.
_NAMING_KEYS: Final = MappingProxyType({Kind.JURISDICTION: "jurisdiction", Kind.LIST: "list"})


@dataclass(frozen=True, slots=True)
class Read(Generic[T]):
    """A file that could be read.

    Attributes:
        file: path relative to the policy directory.
        document: what it says.
        tree: its plain values and where they stand, defaults merged into rules.
    """

    file: str
    document: T
    tree: Tree


@dataclass(frozen=True, slots=True)
class Documents:
    """All files of a policy directory that could be read, in order of their paths.

    Attributes:
        jurisdictions: files `jurisdictions/CODE.yaml`.
        platform: file `platform.yaml`; None, as all that follow, if missing or refused.
        vocabulary: file `vocabulary.yaml`.
        groups: file `groups.yaml`.
        desks: file `desks.yaml`.
        conflicts: file `conflicts.yaml`.
        waivers: file `waivers.yaml`, which need not be there.
        lists: files `lists/NAME.yaml`.
        scenarios: files `tests/CODE_test.yaml`.
        problems: all problems, in file order.
    """

    jurisdictions: tuple[Read[JurisdictionFile], ...]
    platform: Read[PlatformFile] | None
    vocabulary: Read[VocabularyFile] | None
    groups: Read[GroupsFile] | None
    desks: Read[DesksFile] | None
    conflicts: Read[ConflictsFile] | None
    waivers: Read[WaiversFile] | None
    lists: tuple[Read[ListFile], ...]
    scenarios: tuple[Read[ScenarioFile], ...]
    problems: tuple[Problem, ...]


def read_documents(files: Mapping[str, FileContent]) -> Documents:
    """Return what `files`, content by path, say, and everything that is wrong with them."""
    read: dict[Kind, list[Read[Any]]] = {kind: [] for kind in Kind}
    problems = list(find_missing(files))
    with paused_collector():
        for file in sorted(files):
            content, kind = files[file], kind_of(file)
            if isinstance(content, Unreadable):
                message = f"It can't be read: {content.reason}."
                problems.append(Problem("CP115", file, 1, 1, message))
                continue
            if kind is None:
                problems.append(refuse_name(file))
                continue
            document, found = read_file(file, content, kind)
            problems.extend(found)
            if document is not None:
                read[kind].append(document)
    return Documents(
        jurisdictions=tuple(read[Kind.JURISDICTION]),
        platform=next(iter(read[Kind.PLATFORM]), None),
        vocabulary=next(iter(read[Kind.VOCABULARY]), None),
        groups=next(iter(read[Kind.GROUPS]), None),
        desks=next(iter(read[Kind.DESKS]), None),
        conflicts=next(iter(read[Kind.CONFLICTS]), None),
        waivers=next(iter(read[Kind.WAIVERS]), None),
        lists=tuple(read[Kind.LIST]),
        scenarios=tuple(read[Kind.SCENARIOS]),
        problems=sort_problems(problems),
    )


def read_file(file: str, raw: bytes, kind: Kind) -> tuple[Read[Any] | None, tuple[Problem, ...]]:
    """Return what one file says, or None if its shape is refused, and what is wrong with it."""
    tree, problems = read_tree(file, raw)
    if tree is None:
        return None, problems
    if kind is Kind.JURISDICTION:
        tree, found = merge_defaults(tree)
        problems += found
    problems += tuple(_check_name(tree, kind))
    try:
        document = _DOCUMENTS[kind].model_validate(tree.value, context=Patience())
    except ValidationError as error:
        # What the text's problems are about has been told; its value is a guess.
        told = {(problem.line, problem.column) for problem in problems}
        refused = (p for p in _explain_all(tree, error) if (p.line, p.column) not in told)
        return None, (*problems, *refused)
    return Read(file, document, tree), problems


def _explain_all(tree: Tree, error: ValidationError) -> Iterator[Problem]:
    """Yield the problems of a refused document."""
    for details in error.errors(include_url=False):
        refusal = explain(details)
        line, column = tree.position(refusal.loc, of_key=refusal.of_key)
        yield Problem(refusal.code, tree.file, line, column, refusal.message, refusal.suggestion)


def _check_name(tree: Tree, kind: Kind) -> Iterable[Problem]:
    """Yield that the file names something else than its path does."""
    key = _NAMING_KEYS.get(kind)
    named = tree.value.get(key) if key is not None and isinstance(tree.value, dict) else None
    stem = stem_of(tree.file)
    expected = code_of(stem) if kind is Kind.JURISDICTION else stem
    if key is not None and isinstance(named, str) and named != expected:
        message = f"'{key}' is '{named}', but the file is named '{stem}'."
        yield Problem("CP122", tree.file, *tree.position((key,)), message, expected)
