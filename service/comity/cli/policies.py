"""`comity policy`: checks, tests, shows, lists and begins policy files; needs no server."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from comity.cli import policy_calendar, policy_diff, policy_findings
from comity.cli.failure import CommandError, Exit
from comity.cli.policy_reading import (
    POLICIES,
    At,
    Directory,
    DirectoryOption,
    Json,
    Today,
    bundle_of,
    compile_files,
    instant_of,
    read_files,
    write_text,
)

if TYPE_CHECKING:
    from comity.policy.bundle import Bundle
    from comity.policy.compiling.compilation import Compilation
    from comity.policy.mutating.trials import MutationReport
    from comity.policy.scenarios.reports import ScenarioReport

MOST_ALIVE: Final = 3.0
JUnit = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Also write the results as JUnit XML.")
]
Mutate = Annotated[
    bool,
    typer.Option(
        "--mutate",
        help="Also change every rule in many small ways, and list the changes that no scenario "
        "notices.",
    ),
]
MostAlive = Annotated[
    float,
    typer.Option(metavar="PERCENT", min=0, max=100, help="How many changes may go unnoticed."),
]
_EXITS: Final = "Exit codes: 0 {done}; 1 {failed}; 2 wrong use, or no policy directory."


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
    odd = "an error or a warning stands open"
    group.command("findings", epilog=_EXITS.format(done="none, or notes", failed=odd))(
        policy_findings.tell_findings
    )
    group.command("diff", epilog=policy_diff.EPILOG)(policy_diff.tell_difference)
    group.command("show", epilog=_EXITS.format(done="shown", failed=broken))(show_jurisdiction)
    group.command("list", epilog=_EXITS.format(done="listed", failed=broken))(list_jurisdictions)
    group.command("calendar", epilog=_EXITS.format(done="told", failed=broken))(
        policy_calendar.tell_calendar
    )
    group.command("new", epilog=_EXITS.format(done="written", failed="a file exists"))(begin_files)
    app.add_typer(group, name="policy")


def lint_files(
    directory: Directory = POLICIES, *, as_json: Json = False, today: Today = None
) -> None:
    """Print every problem of all policy files, in the order of the files."""
    from comity.cli.policy_reports import print_problems, problems_as_json
    from comity.policy.problems import Level

    compilation = compile_files(read_files(directory), today)
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
    junit: JUnit = None,
    mutate: Mutate = False,
    most_alive: MostAlive = MOST_ALIVE,
    today: Today = None,
) -> None:
    """Run the scenarios of all policy files; print what failed and what no scenario shows."""
    from comity.cli.policy_junit import junit_of
    from comity.cli.policy_reports import print_results, problems_as_json, report_as_json
    from comity.policy.scenarios.running import run_scenarios

    compilation = compile_files(read_files(directory), today)
    if as_json and compilation.bundle is None:
        print(problems_as_json(compilation.problems))
        raise typer.Exit(Exit.FAILED)
    bundle = bundle_of(compilation)
    report = run_scenarios(bundle, compilation.documents)
    if junit is not None:
        write_text(junit, junit_of(report))
    mutation = _mutate(bundle, compilation, report) if mutate else None
    if as_json:
        print(report_as_json(report, mutation))
    else:
        print_results(report, mutation, most_alive)
    if not report.passed or (mutation is not None and mutation.percent_alive > most_alive):
        raise typer.Exit(Exit.FAILED)


def _mutate(
    bundle: Bundle, compilation: Compilation, report: ScenarioReport
) -> MutationReport | None:
    """Return which small changes of rules the scenarios notice; None if one of them fails.

    A change can only be noticed where all is well without it.
    """
    from comity.policy.mutating import mutate_rules
    from comity.policy.scenarios.results import Verdict

    if report.ended(Verdict.FAILED):
        return None
    return mutate_rules(bundle, compilation.documents, report.asked, report.routed)


def show_jurisdiction(
    code: Annotated[str, typer.Argument(help="Code or name, such as UA or eu_commission.")],
    *,
    at: At = None,
    directory: DirectoryOption = POLICIES,
    as_json: Json = False,
) -> None:
    """Print the rules of a jurisdiction in plain words, and which are in force."""
    from comity.cli.policy_texts import jurisdiction_as_json, print_jurisdiction
    from comity.policy.problems import closest

    instant = instant_of(at)
    compilation = compile_files(read_files(directory), None)
    bundle = bundle_of(compilation)
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
        print_jurisdiction(found, bundle, compilation.documents, instant)


def list_jurisdictions(
    *,
    at: At = None,
    directory: DirectoryOption = POLICIES,
    as_map: Annotated[
        bool, typer.Option("--map", help="Draw them as tiles instead, an SVG file.")
    ] = False,
    product: Annotated[
        str, typer.Option(metavar="NAME", help="The app whose rules colour the map.")
    ] = "telegram",
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where the map goes; by default standard output."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print all jurisdictions, how many rules each has and how many are in force."""
    from comity.cli.policy_texts import jurisdictions_as_json, print_jurisdictions

    if out is not None and not as_map:
        raise CommandError(Exit.MISUSED, "--out: only a map is written to a file; add --map")
    if as_map and as_json:
        raise CommandError(Exit.MISUSED, "--map and --json exclude each other")
    instant = instant_of(at)
    compilation = compile_files(read_files(directory), None)
    bundle = bundle_of(compilation)
    if as_map:
        _tell_map(compilation, product, instant, out)
    elif as_json:
        print(jurisdictions_as_json(bundle))
    else:
        print_jurisdictions(bundle, instant)


def _tell_map(compilation: Compilation, product: str, now: datetime, out: Path | None) -> None:
    """Write the map to a file, or print it.

    Raises:
        CommandError: the vocabulary has no such product, or the file can't be written.
    """
    from comity.cli.policy_map import map_of
    from comity.policy.problems import closest

    bundle, vocabulary = bundle_of(compilation), compilation.documents.vocabulary
    known = vocabulary.document.products if vocabulary is not None else {}
    if product not in known:
        near = closest(product, known)
        hint = f"; did you mean {near}?" if near is not None else ""
        raise CommandError(Exit.MISUSED, f"--product: '{product}' is no product{hint}")
    text = known[product].text or {}
    drawn = map_of(bundle, product, now, text.get("en", product))
    if out is None:
        print(drawn, end="")
    else:
        write_text(out, drawn)


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
    compilation = compile_files(read_files(directory), None)
    for name, text in templates_for(code, timezone, compilation, datetime.now(UTC)).items():
        path = directory / name
        path.parent.mkdir(exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
        print(path)
