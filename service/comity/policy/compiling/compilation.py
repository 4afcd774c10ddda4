"""From policy files to a bundle, or to everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from comity.policy.atlas import Atlas
from comity.policy.bundle import Bundle, JurisdictionText
from comity.policy.compiling.atlases import compile_atlas
from comity.policy.compiling.clauses import ANY, ClauseCompiler
from comity.policy.compiling.cross_checks import (
    WrittenAt,
    check_ids,
    check_reviews,
    compile_rulings,
    resolve_derogations,
)
from comity.policy.compiling.digests import digest_files
from comity.policy.compiling.lexicons import compile_lexicon
from comity.policy.compiling.moments import FileClock
from comity.policy.compiling.names import Geography
from comity.policy.compiling.norm_checks import NormCheck
from comity.policy.compiling.norms import NormCompiler
from comity.policy.compiling.reporting import FileReport
from comity.policy.compiling.zones import tzdata_version
from comity.policy.documents.checks import CheckRule
from comity.policy.documents.jurisdictions import JurisdictionFile, PlatformFile
from comity.policy.documents.loading import Documents, Read, read_documents
from comity.policy.documents.norms import ContentRule, Restriction
from comity.policy.documents.requests import DataRequestRule
from comity.policy.documents.rules import Rule as WrittenRule
from comity.policy.documents.vocabulary import VocabularyFile
from comity.policy.file_content import FileContent
from comity.policy.lexicon import Lexicon
from comity.policy.problems import Level, Problem, sort_problems
from comity.policy.routing.law import compile_request_law
from comity.policy.rules import ConflictRuling, Rule, Ruleset
from comity.policy.yaml_nodes import paused_collector

RulesFile = Read[JurisdictionFile] | Read[PlatformFile]


@dataclass(frozen=True, slots=True)
class Compilation:
    """What compiling gave.

    Attributes:
        bundle: the compiled policies; None if an error stands in the way.
        problems: every problem, in the order of the files; warnings if there is a bundle.
        documents: what could be read of the files.
    """

    bundle: Bundle | None
    problems: tuple[Problem, ...]
    documents: Documents


@dataclass(frozen=True, slots=True)
class _Ground:
    """What rules are compiled against, and where problems go."""

    geography: Geography
    atlas: Atlas
    lexicon: Lexicon
    vocabulary: VocabularyFile
    problems: list[Problem]


@dataclass(slots=True)
class _Compiled:
    """The rules compiled so far."""

    restrictions: list[Rule]
    content: list[Rule]
    written: list[WrittenAt]


def compile_policies(files: Mapping[str, FileContent], today: date) -> Compilation:
    """Return the bundle of `files`, by path relative to the policy directory, and all problems.

    `today` is the day that reviews are measured by.
    """
    with paused_collector():
        documents = read_documents(files)
        problems = list(documents.problems)
        readable = {file: held for file, held in files.items() if isinstance(held, bytes)}
        bundle = _compile(readable, documents, today, problems)
    refused = any(problem.level is Level.ERROR for problem in problems)
    return Compilation(None if refused else bundle, sort_problems(problems), documents)


def _compile(
    files: Mapping[str, bytes], documents: Documents, today: date, problems: list[Problem]
) -> Bundle | None:
    """Return the bundle; None if a file that all others need could not be read."""
    complete = not any(problem.level is Level.ERROR for problem in problems)
    if documents.vocabulary is None or documents.groups is None:
        return None
    zones = {r.document.jurisdiction: r.document.timezone for r in documents.jurisdictions}
    geography = Geography(documents.groups.document, zones)
    atlas = compile_atlas(documents.groups, geography, problems)
    lexicon = compile_lexicon(documents.vocabulary, documents, geography, atlas, problems)
    vocabulary = documents.vocabulary.document
    ground = _Ground(geography, atlas, lexicon, vocabulary, problems)
    compiled = _compile_rules(documents, ground)
    check_ids(compiled.written)
    check_reviews(compiled.written, today)
    restrictions, content = (
        resolve_derogations(rules, _of(kind, compiled.written), complete=complete)
        for rules, kind in ((compiled.restrictions, Restriction), (compiled.content, ContentRule))
    )
    resolved = (*restrictions, *content)
    by_id = {rule.id: rule for rule in resolved}
    rulings = _rulings(documents, compiled, by_id, problems, complete=complete)
    law, law_problems = compile_request_law(documents, atlas, lexicon)
    problems.extend(law_problems)
    if law is None:
        return None
    return Bundle(
        digest=digest_files(files),
        tzdata_version=tzdata_version(),
        files=dict(files),
        eligibility=Ruleset(restrictions, lexicon, atlas, rulings),
        content=Ruleset(content, lexicon, atlas, rulings),
        requests=law,
        jurisdictions=_texts(documents, geography, atlas, resolved),
    )


def _rulings(
    documents: Documents,
    compiled: _Compiled,
    by_id: Mapping[str, Rule],
    problems: list[Problem],
    *,
    complete: bool,
) -> tuple[ConflictRuling, ...]:
    """Return the rulings on clashes between restrictions or content rules."""
    if documents.conflicts is None:
        return ()
    report = FileReport(documents.conflicts.tree, problems)
    asking = (*_of(DataRequestRule, compiled.written), *_of(CheckRule, compiled.written))
    others = frozenset(at.rule.id for at in asking)
    file = documents.conflicts.document
    return tuple(compile_rulings(file, report, by_id, others, complete=complete))


def _compile_rules(documents: Documents, ground: _Ground) -> _Compiled:
    """Return the rules of all files, in the order of the files."""
    compiled = _Compiled([], [], [])
    problems = ground.problems
    for read in _rules_files(documents):
        report = FileReport(read.tree, problems)
        compiled.written.extend(WrittenAt(rule, loc, report) for loc, rule in read.document.rules())
        compiler = _compiler(read, report, ground)
        checker = NormCheck(ground.vocabulary, read.document.jurisdiction, report)
        for loc, norm in read.document.norms():
            said = len(problems)
            rules = compiler.compile(norm, loc)
            if len(problems) == said and rules:
                checker.check(norm, rules[0], loc)
            section = compiled.restrictions if isinstance(norm, Restriction) else compiled.content
            section.extend(rules)
    return compiled


def _of(kind: type[WrittenRule], written: Iterable[WrittenAt]) -> list[WrittenAt]:
    """Return the rules of one section of all files."""
    return [at for at in written if isinstance(at.rule, kind)]


def _rules_files(documents: Documents) -> Iterator[RulesFile]:
    """Yield the files that hold rules, the platform's last."""
    yield from documents.jurisdictions
    if documents.platform is not None:
        yield documents.platform


def _compiler(read: RulesFile, report: FileReport, ground: _Ground) -> NormCompiler:
    """Return what compiles the rules of one file."""
    document = read.document
    jurisdiction = document.jurisdiction
    if jurisdiction != ANY:
        ground.geography.check(report, ("jurisdiction",), jurisdiction)
        jurisdiction = ground.atlas.canonical(jurisdiction)
    clock = FileClock(document.timezone, report)
    clauses = ClauseCompiler(jurisdiction, clock, ground.lexicon, ground.atlas, ground.geography)
    return NormCompiler(clauses, document.sources, frozenset(ground.vocabulary.methods))


def _texts(
    documents: Documents, geography: Geography, atlas: Atlas, rules: Sequence[Rule]
) -> Mapping[str, JurisdictionText]:
    """Return what people read of each jurisdiction, and of the platform under `any`."""
    by_file: dict[str, list[str]] = {}
    for rule in rules:
        by_file.setdefault(rule.text.file, []).append(rule.id)
    texts = {}
    for read in _rules_files(documents):
        document = read.document
        code = atlas.canonical(document.jurisdiction)
        instruments = document.data_requests if isinstance(document, JurisdictionFile) else ()
        texts[code] = JurisdictionText(
            code=code,
            name="Platform" if code == ANY else geography.name_of(code),
            timezone=document.timezone,
            rule_ids=(
                *by_file.get(read.file, ()),
                *(rule.id for rule in (*instruments, *document.checks)),
            ),
        )
    return {code: texts[code] for code in sorted(texts)}
