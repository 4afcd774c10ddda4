"""Decides which policies are in force: the directory's, or the last good ones."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Final, assert_never

from opentelemetry.trace import Span

from comity.adapters.bundle_cache import BundleCache, BundleCacheError
from comity.adapters.compiled_form import digest_code, write_compiled
from comity.adapters.policy_directory import (
    Fault,
    PolicyDirectory,
    PolicyDirectoryError,
    Reading,
)
from comity.adapters.policy_watch import watch_policies
from comity.app.active_policy import KnownRevision, count_rules
from comity.app.eligibility import Clock
from comity.app.ports.policy_status import RefusedEdit, RefusedProblem
from comity.app.preparation import PolicyCompiler, refused_edit
from comity.app.startup import ExitCode, StartupError
from comity.policy.bundle import Bundle

Trace = Callable[[str], AbstractContextManager[Span]]

_MOST_PROBLEMS_TOLD: Final = 50
_NOT_KEPT: Final = "not-kept"


@dataclass(frozen=True, slots=True)
class Publication:
    """The policies that workers are to answer from, and how the directory stands to them.

    Attributes:
        known: the revision, and since when it is in force.
        files: its policy files by relative path.
        compiled: its compiled form.
        jurisdiction_count: jurisdictions and bodies with a policy file.
        rule_count: rules of all sections.
        kept_from_earlier: whether it was kept from an earlier run.
        refused_edit: the latest edit, if it was refused.
        warnings: remarks on files that are in force.
    """

    known: KnownRevision
    files: Mapping[str, bytes] = field(repr=False)
    compiled: bytes = field(repr=False)
    jurisdiction_count: int
    rule_count: int
    kept_from_earlier: bool = False
    refused_edit: RefusedEdit | None = None
    warnings: tuple[RefusedProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why a reading can't come into force.

    Attributes:
        problems: every problem, at least one.
        exit_code: what a server ends with that has nothing else to start from.
    """

    problems: tuple[RefusedProblem, ...]
    exit_code: ExitCode


@dataclass(frozen=True, slots=True)
class _Accepted:
    """A reading that compiles.

    Attributes:
        bundle: the compiled policies.
        files: the files.
        warnings: remarks on them.
    """

    bundle: Bundle
    files: Mapping[str, bytes]
    warnings: tuple[RefusedProblem, ...]


class PolicyPublisher:
    """Follows the policy directory. A broken edit changes nothing but the status."""

    def __init__(
        self,
        directory: PolicyDirectory,
        cache: BundleCache,
        compiler: PolicyCompiler,
        clock: Clock,
        trace: Trace,
    ) -> None:
        """Follow `directory`, keeping what came into force in `cache`; `trace` makes spans."""
        self._directory = directory
        self._source = directory.path.absolute()
        self._cache = cache
        self._compiler = compiler
        self._clock = clock
        self._trace = trace
        self._code = digest_code()
        self._seen = ""

    def start(self) -> Publication:
        """Return what to begin with: the directory's policies, or else the last good ones.

        Only what came from the same directory counts as last good, so that a misspelt directory
        is an error rather than a quiet return to old law.

        Raises:
            StartupError: there are no policies to begin with.
        """
        with self._trace("comity.startup") as span:
            publication = self._begin(self._directory.read())
            _describe(publication, span)
        return publication

    def _begin(self, reading: Reading) -> Publication:
        """Return what to begin with after the first reading.

        Raises:
            StartupError: as `start`.
        """
        self._seen = reading.fingerprint
        judged = self._judge(reading)
        if isinstance(judged, _Accepted):
            try:
                return self._admit(judged)
            except BundleCacheError as error:
                raise StartupError(ExitCode.DATA_DIR_UNUSABLE, str(error)) from error
        kept = self._last_good(refused_edit(judged.problems, self._clock()))
        if kept is None:
            raise StartupError(judged.exit_code, _tell(judged.problems))
        return kept

    def follow(
        self,
        current: Publication,
        poll_seconds: float,
        stop: threading.Event,
        publish: Callable[[Publication], None],
    ) -> None:
        """Call `publish` after every edit with how things stand, until `stop` is set.

        A refused edit gives `current` again with the refusal; one that changes nothing that
        rules depend on gives it without.
        """
        for reading in watch_policies(self._directory, self._is_new, poll_seconds, stop):
            self._seen = reading.fingerprint
            with self._trace("comity.reload") as span:
                current = self._take(reading, current)
                _describe(current, span)
            publish(current)

    def _is_new(self, fingerprint: str) -> bool:
        """Return whether the directory holds something that was not dealt with yet."""
        return fingerprint != self._seen

    def _take(self, reading: Reading, current: Publication) -> Publication:
        """Return how things stand after an edit."""
        judged = self._judge(reading)
        if isinstance(judged, _Refusal):
            return replace(current, refused_edit=refused_edit(judged.problems, self._clock()))
        try:
            return self._admit(judged)
        except BundleCacheError as error:
            self._seen = ""  # a full disk passes: try again at the next comparison
            problem = RefusedProblem("", 0, 0, _NOT_KEPT, str(error))
            return replace(current, refused_edit=refused_edit((problem,), self._clock()))

    def _judge(self, reading: Reading) -> _Accepted | _Refusal:
        """Return whether the files of a reading can come into force."""
        if isinstance(reading, PolicyDirectoryError):
            problem = RefusedProblem(reading.file, 0, 0, reading.fault.value, str(reading))
            return _Refusal((problem,), _exit_code_of(reading.fault))
        prepared = self._compiler.prepare(reading.files, self._clock().date())
        files = {file: held for file, held in reading.files.items() if isinstance(held, bytes)}
        if len(files) < len(reading.files):
            return _Refusal(prepared.problems, ExitCode.POLICIES_UNREADABLE)
        if prepared.bundle is None:
            return _Refusal(prepared.problems, ExitCode.POLICIES_REFUSED)
        return _Accepted(prepared.bundle, files, prepared.problems)

    def _admit(self, accepted: _Accepted) -> Publication:
        """Return the publication of files that compile, durably kept.

        Raises:
            BundleCacheError: they can't be kept.
        """
        known = self._cache.admit(
            accepted.bundle.digest, accepted.files, self._source, self._clock()
        )
        return self._publication(known, accepted)

    def _last_good(self, edit: RefusedEdit) -> Publication | None:
        """Return what was in force last, if it came from this directory and still compiles."""
        known = self._cache.latest()
        if known is None:
            return None
        try:
            if self._cache.source_of(known) != str(self._source):
                return None
            files = self._cache.files_of(known)
        except BundleCacheError:
            return None
        prepared = self._compiler.prepare(files, self._clock().date())
        if prepared.bundle is None:
            return None
        publication = self._publication(known, _Accepted(prepared.bundle, files, prepared.problems))
        return replace(publication, kept_from_earlier=True, refused_edit=edit)

    def _publication(self, known: KnownRevision, accepted: _Accepted) -> Publication:
        """Return the publication of files that compile."""
        return Publication(
            known=known,
            files=accepted.files,
            compiled=write_compiled(accepted.bundle, self._code),
            jurisdiction_count=len(accepted.bundle.jurisdictions),
            rule_count=count_rules(accepted.bundle),
            warnings=accepted.warnings,
        )


def _describe(publication: Publication, span: Span) -> None:
    """Write into `span` which policies are in force and whether the files were refused."""
    revision, edit = publication.known.revision, publication.refused_edit
    span.set_attributes(
        {
            "comity.policy.epoch": revision.epoch,
            "comity.policy.digest": revision.digest,
            "comity.policy.kept_from_earlier": publication.kept_from_earlier,
            "comity.policy.problems": edit.problem_count if edit else 0,
        }
    )


def _exit_code_of(fault: Fault) -> ExitCode:
    """Return what a server ends with for a directory that gives no files."""
    match fault:
        case Fault.MISSING:
            return ExitCode.POLICIES_MISSING
        case Fault.EMPTY:
            return ExitCode.POLICIES_EMPTY
        case Fault.UNREADABLE | Fault.TOO_LARGE:
            return ExitCode.POLICIES_UNREADABLE
        case _:
            assert_never(fault)


def tell_problem(problem: RefusedProblem) -> str:
    """Return one line for people."""
    numbers = [str(number) for number in (problem.line, problem.column) if number]
    place = ":".join([problem.file, *numbers]) if problem.file else ""
    return " ".join(part for part in (place, problem.code, problem.message) if part)


def _tell(problems: tuple[RefusedProblem, ...]) -> str:
    """Return the lines that tell why there are no policies to begin with."""
    lines = [tell_problem(problem) for problem in problems[:_MOST_PROBLEMS_TOLD]]
    if len(problems) > _MOST_PROBLEMS_TOLD:
        lines.append(f"and {len(problems) - _MOST_PROBLEMS_TOLD} more")
    return "\n".join(["no policies to start with:", *lines])
