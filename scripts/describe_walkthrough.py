"""Write docs/walkthrough.md: ten people's questions, answered by a server that runs.

The people stand in docs/walkthrough.yaml. A server of its own answers from policies/, with a
data directory that is thrown away; what changes from call to call is left out of the replies.
`--check` writes nothing and fails if the document is not what would be written.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shlex
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from difflib import unified_diff
from itertools import islice
from pathlib import Path

import yaml
from comity.cli import main as run_command

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
POLICIES = ROOT / "policies"
COMMAND = "scripts/describe_walkthrough.py"
PATIENCE_SECONDS = 60.0
MOST_LINES_SHOWN = 30
WIDTH = 100
NO_BREAK = "\N{NO-BREAK SPACE}"
# Told of every answer, and other at every call or with every edit of the policies.
CHANGING = ("revision", "decision")
FOREIGN = ("COMITY_", "OTEL_")
HEAD = f"""# Ten people's questions

Each was put to a server that answers from `policies/`. The replies are what `comity check` printed,
without the lines `revision` and `decision`, which are others at every call. Every question names
the instant that it asks of (`--as-of`), and such an answer is not to be kept; without it the answer
is for now, and tells until when it holds.

Try them yourself: `make run` in one terminal, `.venv/bin/comity check ...` in another. Written by
`{COMMAND}` from `docs/walkthrough.yaml`; `make test` checks it.
"""


@contextmanager
def serving(policies: Path) -> Iterator[str]:
    """Run a server that answers from `policies`; yield its address.

    Raises:
        SystemExit: it doesn't serve in time.
    """
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        listening = [
            f"--{name}=localhost:0" for name in ("listen", "control-listen", "metrics-listen")
        ]
        command = [
            sys.executable,
            "-m",
            "comity",
            "serve",
            *listening,
            "--no-banner",
            "--drain-seconds=0",
        ]
        command += [f"--policies={policies}", f"--data-dir={folder}/data"]
        kept = {name: text for name, text in os.environ.items() if not name.startswith(FOREIGN)}
        with log.open("w") as output:
            server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=output, env=kept)
            try:
                yield _address(server, log)
            finally:
                server.terminate()
                server.wait()


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    """Return where the server answers, once it does.

    Raises:
        SystemExit: it ended, or has said nothing in time.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        for line in log.read_text(encoding="utf-8").splitlines():
            # The last line may be half written, and is seen again.
            if line.endswith("}") and (entry := json.loads(line))["event"] == "serving":
                return str(entry["listen"])
        time.sleep(0.02)
    message = f"the server does not serve:\n{log.read_text(encoding='utf-8')}"
    raise SystemExit(message)


def reply_to(question: str, server: str) -> str:
    """Return what `comity check` prints for `question`, without the lines that always change.

    Raises:
        SystemExit: the question has no answer.
    """
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            run_command(["check", *shlex.split(question), "--server", server])
    except SystemExit as ended:
        if ended.code:
            message = f"comity check {question}: ended with {ended.code}"
            raise SystemExit(message) from ended
    lines = printed.getvalue().splitlines()
    return "\n".join(line for line in lines if not line.startswith(CHANGING))


def describe_people(docs: Path, server: str) -> str:
    """Return the walkthrough of the people in `docs`, answered by the server at `server`."""
    people = yaml.safe_load((docs / "walkthrough.yaml").read_text(encoding="utf-8"))
    parts = [HEAD]
    for number, person in enumerate(people, start=1):
        parts.append(f"## {number}. {person['who']}\n\n{_fold(person['story'])}\n")
        parts += [
            f"```\n$ {_command(question)}\n\n{reply_to(question, server)}\n```\n"
            for question in person["ask"]
        ]
        parts.append(_fold(f"**Notice**: {person['notice']}") + "\n")
    return "\n".join(parts)


def _command(question: str) -> str:
    """Return the command that asks `question`, in lines that a shell reads as one."""
    # A flag stays with its value: textwrap parts words at plain spaces only.
    flags = (flag.replace(" ", NO_BREAK) for flag in question.split(" --"))
    text = textwrap.fill(f"comity check {' --'.join(flags)}", WIDTH - 2, break_on_hyphens=False)
    return text.replace(NO_BREAK, " ").replace("\n", " \\\n    ")


def _fold(text: str) -> str:
    """Return a paragraph in lines of the usual length."""
    return textwrap.fill(text, WIDTH + 20, break_on_hyphens=False, break_long_words=False)


def check_document(docs: Path, server: str) -> None:
    """Compare the walkthrough in `docs` with what it should say.

    Raises:
        SystemExit: it says something else.
    """
    told = (docs / "walkthrough.md").read_text(encoding="utf-8")
    answered = describe_people(docs, server)
    if told == answered:
        return
    lines = unified_diff(told.splitlines(), answered.splitlines(), "told", "answered", lineterm="")
    shown = "\n".join(islice(lines, MOST_LINES_SHOWN))
    message = f"docs/walkthrough.md is out of date; run .venv/bin/python {COMMAND}\n{shown}"
    raise SystemExit(message)


def main() -> None:
    """Write the document, or check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    asked = parser.parse_args()
    with serving(POLICIES) as server:
        if asked.check:
            check_document(DOCS, server)
        else:
            text = describe_people(DOCS, server)
            (DOCS / "walkthrough.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
