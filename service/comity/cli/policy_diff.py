"""`comity policy diff`: which answers differ between two revisions of the policy files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from comity.cli.failure import CommandError, Exit
from comity.cli.policy_reading import POLICIES, DirectoryOption, Json, bundle_of, compile_files
from comity.cli.policy_revisions import files_of

if TYPE_CHECKING:
    from comity.policy.bundle import Bundle

EPILOG = (
    "OLD and NEW: a directory; a revision of the git repository of the policy directory, such as "
    "HEAD~1; or epoch:7 or the first digits of a digest, of what a server keeps in its data "
    "directory. Exit codes: 0 no answer and no route differs (with --within, none outside); 1 some "
    "do; 2 wrong use, or a revision has errors."
)

After = Annotated[
    str | None,
    typer.Argument(metavar="[NEW]", help="The revision after; by default the policy directory."),
]
Within = Annotated[
    str | None,
    typer.Option(
        metavar="PLACE",
        help="Prove that no answer changes without a connection to this place, or group.",
    ),
]
DataDirectory = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", envvar="COMITY_DATA_DIR", help="Data directory of a server, for bundles."
    ),
]


def tell_difference(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The revision before.")],
    new: After = None,
    *,
    within: Within = None,
    full: Annotated[
        bool, typer.Option("--full", help="Print also what differs where facts are not known.")
    ] = False,
    exhaustive: Annotated[
        bool,
        typer.Option(
            "--exhaustive",
            help="Try all that a rule tells apart or may be hidden by, however long that takes.",
        ),
    ] = False,
    as_json: Json = False,
    directory: DirectoryOption = POLICIES,
    data_dir: DataDirectory = None,
) -> None:
    """Print which answers differ between two revisions: for whom, what, from when until when.

    Every difference comes with a question that shows it. Routes of requests for data are
    compared on requests that meet each value that a provision names.
    """
    from comity.cli.policy_diff_texts import difference_as_json, difference_lines
    from comity.policy.diffing.bundles import compare_bundles

    before = _compile(old, directory, data_dir)
    after = _compile(str(directory) if new is None else new, directory, data_dir)
    if within is not None:
        _require_place(within, after)
    found = compare_bundles(before, after, within or "", exhaustive=exhaustive)
    if as_json:
        print(difference_as_json(found))
    else:
        print(*difference_lines(found, full=full), sep="\n")
    if found.is_different or (found.within and not found.is_complete):
        raise typer.Exit(Exit.FAILED)


def _compile(name: str, directory: Path, data_dir: Path | None) -> Bundle:
    """Return the compiled policies that `name` stands for.

    Raises:
        CommandError: there are none, or they have errors.
    """
    try:
        return bundle_of(compile_files(files_of(name, directory, data_dir), None))
    except CommandError as error:
        raise CommandError(Exit.MISUSED, f"{name}: {error}", error.details) from error


def _require_place(code: str, bundle: Bundle) -> None:
    """Return if `code` is a place or group that is known.

    Raises:
        CommandError: it is none.
    """
    from comity.policy.scenarios.names import Names

    atlas = bundle.eligibility.atlas
    if atlas.is_group(code):
        return
    faults = list(Names(bundle.eligibility.lexicon, atlas).place((code,)))
    if faults:
        raise CommandError(Exit.MISUSED, f"--within: {faults[0]}")
