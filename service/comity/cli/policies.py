"""`comity policy`: checks, tests, shows, lists and begins policy files; needs no server."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from comity.cli.failure import CommandError, Exit

if TYPE_CHECKING:
    from comity.policy.bundle import Bundle
    from comity.policy.compiling.compilation import Compilation

DAY_FORMAT: Final = "%Y-%m-%d"
_DIRECTORY_HELP: Final = "Directory of the policy files."
_VARIABLE: Final = "COMITY_POLICIES"
_EXITS: Final = "Exit codes: 0 {done}; 1 {failed}; 2 wrong use, or no policy directory."

Directory = Annotated[Path, typer.Argument(metavar="[DIR]", envvar=_VARIABLE, help=_DIRECTORY_HELP)]
DirectoryOption = Annotated[
    Path, typer.Option("--policies", metavar="DIR", envvar=_VARIABLE, help=_DIRECTORY_HELP)
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Today = Annotated[
    datetime | None,
    typer.Option(
        formats=[DAY_FORMAT], help="Day by which reviews are due; by default the current day."
    ),
]
POLICIES: Final = Path("policies")
MOST_ALIVE: Final = 3.0


def register(app: typer.Typer) -> None:
    """Add `comity policy` and its commands."""
    group = typer.Typer(
        help="Check, test, show, list and begin policy files; no server is needed.",
        no_args_is_help=True,
    )
    clean, broken = "no error, perhaps warnings", "a policy file has an error"
    group.command("lint", epilog=_EXITS.format(done=clean, failed=broken))(lint_files)
    failing = (
        "a policy file has an error, a scenario failed or is lacking, or too much goes unnoticed"
    )
    group.command("test", epilog=_EXITS.format(done="all passed", failed=failing))(run_tests)
    group.command("show", epilog=_EXITS.format(done="shown", failed=broken))(show_jurisdiction)
    group.command("list", epilog=_EXITS.format(done="listed", failed=broken))(list_jurisdictions)
    group.command("new", epilog=_EXITS.format(done="written", failed="a file exists"))(begin_files)
    app.add_typer(group, name="policy")


def lint_files(
    directory: Directory = POLICIES, *, as_json: Json = False, today: Today = None
) -> None:
    """Print every problem of all policy files, in the order of the files."""
    from comity.cli.policy_reports import print_problems, problems_as_json
    from comity.policy.problems import Level

    compilation = _compile(_read(directory), today)
    if as_json:
        print(problems_as_json(compilation.problems))
    else:
        print_problems(compilation.problems, summary=True)
    if any(problem.level is Level.ERROR for problem in compilation.problems):
        raise typer.Exit(Exit.FAILED)


def run_tests(
    directory: Directory = POLICIES,
    *,
    as_json: Json = False,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the results as JUnit XML.")
    ] = None,
    mutate: Annotated[
        bool,
        typer.Option(
            "--mutate",
            help="Also change every rule in many small ways, and list the changes that no scenario "
            "notices.",
        ),
    ] = False,
    most_alive: Annotated[
        float,
        typer.Option(metavar="PERCENT", min=0, max=100, help="How many changes may go unnoticed."),
    ] = MOST_ALIVE,
    today: Today = None,
) -> None:
    """Run the scenarios of all policy files; print what failed and what no scenario shows."""
    from comity.cli.policy_junit import junit_of
    from comity.cli.policy_reports import (
        print_mutation,
        print_report,
        problems_as_json,
        report_as_json,
    )
    from comity.policy.mutating import mutate_rules
    from comity.policy.scenarios.results import Verdict
    from comity.policy.scenarios.running import run_scenarios

    compilation = _compile(_read(directory), today)
    if as_json and compilation.bundle is None:
        print(problems_as_json(compilation.problems))
        raise typer.Exit(Exit.FAILED)
    bundle = _bundle_of(compilation)
    report = run_scenarios(bundle, compilation.documents)
    if junit is not None:
        _write(junit, junit_of(report))
    # A change can only be noticed where all is well without it.
    mutated = mutate and not report.ended(Verdict.FAILED)
    mutation = mutate_rules(bundle, compilation.documents, report.asked) if mutated else None
    if as_json:
        print(report_as_json(report, mutation))
    else:
        print_report(report)
    if mutation is not None and not as_json:
        print_mutation(mutation, most_alive)
    if not report.passed or (mutation is not None and mutation.percent_alive > most_alive):
        raise typer.Exit(Exit.FAILED)


def show_jurisdiction(
    code: Annotated[str, typer.Argument(help="Code or name, such as UA or eu_commission.")],
    *,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="INSTANT", help="Instant such as 2024-09-20T00:00:00Z; by default now."
        ),
    ] = None,
    directory: DirectoryOption = POLICIES,
    as_json: Json = False,
) -> None:
    """Print the rules of a jurisdiction in plain words, and which are in force."""
    from comity.cli.policy_texts import jurisdiction_as_json, print_jurisdiction
    from comity.policy.problems import closest

    instant = _instant(at)
    compilation = _compile(_read(directory), None)
    bundle = _bundle_of(compilation)
    known = bundle.jurisdictions
    canonical = bundle.eligibility.atlas.canonical(code)
    found = known.get(canonical) or known.get(code.upper()) or known.get(code.lower())
    if found is None:
        near = closest(code, known)
        advice = f"did you mean {near}?" if near is not None else "`comity policy list` lists them"
        message = f"no policy file is about '{code}'; {advice}"
        raise CommandError(Exit.MISUSED, message)
    if as_json:
        print(jurisdiction_as_json(found, bundle, instant))
    else:
        print_jurisdiction(found, bundle, instant)


def list_jurisdictions(
    *,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="INSTANT", help="Instant such as 2024-09-20T00:00:00Z; by default now."
        ),
    ] = None,
    directory: DirectoryOption = POLICIES,
    as_json: Json = False,
) -> None:
    """Print all jurisdictions, how many rules each has and how many are in force."""
    from comity.cli.policy_texts import jurisdictions_as_json, print_jurisdictions

    instant = _instant(at)
    compilation = _compile(_read(directory), None)
    bundle = _bundle_of(compilation)
    if as_json:
        print(jurisdictions_as_json(bundle))
    else:
        print_jurisdictions(bundle, instant)


def begin_files(
    code: Annotated[str, typer.Argument(help="Code or name, such as PL or eu_commission.")],
    *,
    timezone: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE", help="IANA time zone; needed where a country has several or none."
        ),
    ] = None,
    directory: DirectoryOption = POLICIES,
) -> None:
    """Write a commented policy file and its scenarios to start from; nothing is overwritten."""
    from comity.cli.policy_templates import paths_for, templates_for

    existing = [directory / name for name in paths_for(code) if (directory / name).exists()]
    if existing:
        message = f"{existing[0]} exists already; edit it, or remove it first"
        raise CommandError(Exit.FAILED, message)
    compilation = _compile(_read(directory), None)
    for name, text in templates_for(code, timezone, compilation, datetime.now(UTC)).items():
        path = directory / name
        path.parent.mkdir(exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
        print(path)


def _read(directory: Path) -> Mapping[str, bytes]:
    """Return the policy files in `directory`.

    Raises:
        CommandError: there are none, or one can't be read.
    """
    from comity.adapters.policy_directory import PolicyDirectory, PolicyDirectoryError

    reading = PolicyDirectory(directory, settle_seconds=0).read()
    if isinstance(reading, PolicyDirectoryError):
        advice = f"name the directory of the policy files, or set {_VARIABLE}"
        raise CommandError(Exit.MISUSED, str(reading), [advice]) from reading
    return reading.files


def _compile(files: Mapping[str, bytes], today: datetime | None) -> Compilation:
    """Return the policies as of `today`, by default the current day."""
    from comity.policy.compiling.compilation import compile_policies

    day: date = (today or datetime.now(UTC)).date()
    return compile_policies(files, day)


def _bundle_of(compilation: Compilation) -> Bundle:
    """Return the compiled policies.

    Raises:
        CommandError: a policy file has an error; all are listed.
    """
    from comity.policy.problems import Level

    if compilation.bundle is None:
        errors = [str(p) for p in compilation.problems if p.level is Level.ERROR]
        raise CommandError(Exit.FAILED, "the policy files have errors:", errors)
    return compilation.bundle


def _instant(text: str | None) -> datetime:
    """Return the instant that `text` writes; now without one.

    Raises:
        CommandError: it writes none.
    """
    from comity.policy.scalars import Refused, parse_instant

    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        return parse_instant(text).at
    except Refused as error:
        raise CommandError(Exit.MISUSED, f"--at: {error.message}") from error


def _write(path: Path, text: str) -> None:
    """Write `text` to the file at `path`.

    Raises:
        CommandError: it can't be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        reason = error.strerror or os.strerror(error.errno or 0)
        raise CommandError(Exit.FAILED, f"{path} can't be written: {reason}") from error
