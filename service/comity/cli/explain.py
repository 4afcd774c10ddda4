"""`comity explain`: one recorded decision, made once more, and why it came out so."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from comity.cli.failure import CommandError, Exit
from comity.cli.setting_flags import settings_from

if TYPE_CHECKING:
    from comity.app.active_policy import ActivePolicy
    from comity.cli.explain_texts import Told
    from comity.domain.request import Revision
    from comity.settings import Settings
    from comity.telemetry.reading import StoredSpan
    from comity.telemetry.recollection import Recollection

_IDENTITY: Final = re.compile(r"([0-9a-f]{32})-([0-9a-f]{16})")
_CONFIRM_SECONDS: Final = 5.0

Identity = Annotated[
    str, typer.Argument(metavar="DECISION_ID", help="`decision_id` of a reply: TRACE_ID-SPAN_ID.")
]
Key = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Private key that opens sealed facts; that it did is recorded."
    ),
]
MostClose = Annotated[
    int, typer.Option("--close", metavar="N", min=0, help="Show so many rules that came close.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DataDir = Annotated[
    str | None, typer.Option("--data-dir", metavar="PATH", help="Data directory of the server.")
]
Policies = Annotated[
    str | None,
    typer.Option(
        "--policies", metavar="PATH", help="Policy directory, asked if the revision was not kept."
    ),
]


def register(app: typer.Typer) -> None:
    """Add `comity explain`."""
    app.command("explain")(explain_decision)


def explain_decision(
    decision_id: Identity,
    *,
    key: Key = None,
    close: MostClose = 10,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    policies: Policies = None,
) -> None:
    """Find a decision in the journal of this machine, make it once more, and say why it is so.

    Exit 1 if there is none, or if the answer is not the one that was recorded.
    """
    from comity.app.exact_values import ExactValueError
    from comity.cli.explain_texts import told_json, told_lines
    from comity.telemetry.recollection import recollect

    settings = settings_from({"data_dir": data_dir, "policies": policies})
    try:
        recollection = recollect(_find(decision_id.lower(), settings))
        told = _tell(recollection, settings, key, close)
    except ExactValueError as error:
        message = f"the record of this decision can't be read: {error}"
        raise CommandError(Exit.FAILED, message) from error
    for line in (told_json(told),) if as_json else told_lines(told):
        typer.echo(line)
    if told.differences:
        raise typer.Exit(Exit.FAILED)


def _find(identity: str, settings: Settings) -> StoredSpan:
    """Return the span of a decision.

    Raises:
        CommandError: the identity is none, or the journal doesn't hold it.
    """
    from comity.cli.journal_spans import role_of, stored_span
    from comity.journal.index import find_span
    from comity.journal.places import journal_in

    match = _IDENTITY.fullmatch(identity)
    if match is None:
        message = "a decision is TRACE_ID-SPAN_ID, 32 and 16 hexadecimal digits"
        raise CommandError(Exit.MISUSED, message)
    place = journal_in(settings.data_dir)
    try:
        found = find_span(place, bytes.fromhex(match[1]), bytes.fromhex(match[2]))
    except OSError as error:
        message = f"the journal can't be used: {error.strerror}"
        raise CommandError(Exit.FAILED, message) from error
    span = found and stored_span(found.frame.span, role_of(found.segment))
    if not span or not span.is_decision:
        hint = "it keeps what its budget has room for; a collector may keep more"
        message = f"the journal in {place} has no decision {identity}"
        raise CommandError(Exit.FAILED, message, [hint])
    return span


def _tell(
    recollection: Recollection, settings: Settings, key: Path | None, most_close: int
) -> Told:
    """Return what there is to tell, recomputed if what was asked can be read.

    Raises:
        CommandError: the key doesn't open what is sealed, or the revision is not kept.
        ExactValueError: what was asked can't be read back.
    """
    from comity.app.recomputation import recompute_decision, recompute_route, texts_of_route
    from comity.cli.explain_texts import Told
    from comity.telemetry.exact_questions import read_question, read_request

    kept = recollection.clear
    if not kept and recollection.sealed_to:
        if key is None:
            why = f"what was asked is sealed to key {recollection.sealed_to}; open it with --key"
            return Told(recollection, why=why)
        kept = _open(recollection, settings, key)
    if not kept:
        why = "what was asked is sensitive, and no legal key was set to keep it (seal_public_key)"
        return Told(recollection, why=why)
    policy = _policy_of(recollection.revision, settings)
    now = recollection.evaluated_at
    if recollection.route:
        record = recompute_route(policy, read_request(kept), now)
        texts = texts_of_route(policy, record.route.rule_ids)
        return Told(recollection, kept, route=record, rules=texts)
    question, dates = read_question(kept)
    if not dates.exact:
        why = "it turned on a birthday of that day, which records don't tell"
        return Told(recollection, kept, why=why)
    answer = recompute_decision(policy, question, dates, now, most_close=most_close)
    return Told(recollection, kept, answer=answer, rules=answer.matched)


def _open(recollection: Recollection, settings: Settings, key: Path) -> str:
    """Return what was sealed, after it was recorded that it is opened.

    Raises:
        CommandError: the key can't be used, doesn't fit, or the opening can't be recorded.
    """
    from comity.app.startup import StartupError
    from comity.domain.errors import NotRecordedError
    from comity.telemetry import open_telemetry
    from comity.telemetry.descriptions import OPENED
    from comity.telemetry.identifiers import identity_octets
    from comity.telemetry.sealed_facts import KEY, SealError, open_seal, read_private_key

    identity = recollection.span.decision_id
    said: dict[str, str | int] = {OPENED: identity, KEY: recollection.sealed_to}
    said["comity.explain.user_id"] = os.getuid()
    try:
        private_key = read_private_key(key)
        telemetry = open_telemetry(settings, "explain")
        try:
            if telemetry.delivery is None:
                message = "sealed facts are opened only where that is recorded; traces are off"
                raise CommandError(Exit.FAILED, message)
            with telemetry.span("comity.explain", said):
                pass
            if not telemetry.flush(_CONFIRM_SECONDS):
                message = "the disk didn't confirm the record that sealed facts are opened"
                raise CommandError(Exit.FAILED, message)
        finally:
            telemetry.close()
        return open_seal(private_key, recollection.span.attributes, identity_octets(identity))
    except (SealError, NotRecordedError) as error:
        raise CommandError(Exit.FAILED, str(error)) from error
    except StartupError as error:
        raise CommandError(error.exit_code, str(error)) from error


def _policy_of(revision: Revision, settings: Settings) -> ActivePolicy:
    """Return a revision, ready to answer: as a server kept it, or as the policy directory has it.

    Raises:
        CommandError: it is in neither.
    """
    from comity.adapters.bundle_cache import BundleCache, BundleCacheError
    from comity.adapters.data_directory import bundles_in
    from comity.adapters.policy_directory import PolicyDirectory, PolicyDirectoryError
    from comity.cli.local import compile_here

    cache = BundleCache(bundles_in(settings.data_dir))
    for known in cache.known():
        if known.revision.digest == revision.digest:
            try:
                policy = compile_here(known, cache.files_of(known))
            except BundleCacheError as error:
                raise CommandError(Exit.FAILED, str(error)) from error
            return _same(policy, revision)
    reading = PolicyDirectory(settings.policies, settle_seconds=0.0).read()
    if not isinstance(reading, PolicyDirectoryError):
        return _same(compile_here(None, reading.files), revision)
    raise _not_kept(revision)


def _same(policy: ActivePolicy, revision: Revision) -> ActivePolicy:
    """Return `policy` under the revision that it is to be, of whatever epoch.

    Raises:
        CommandError: its content is another.
    """
    from dataclasses import replace

    if policy.bundle.digest != revision.digest:
        raise _not_kept(revision)
    return replace(policy, revision=revision)


def _not_kept(revision: Revision) -> CommandError:
    """Return the error of a revision that is not to be had."""
    message = f"policy revision {revision.epoch} ({revision.digest[:12]}) is not kept here"
    hint = "name a policy directory that has just this content with --policies"
    return CommandError(Exit.FAILED, message, [hint])
