"""What the README shows works."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from comity.cli import build_app
from comity.v1 import eligibility_service_pb2
from google.protobuf import json_format
from typer.testing import CliRunner

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str = "") -> list[str]:
    """Return the code blocks in `language`."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)
    return [text for tag, text in fenced if tag == language]


def commands() -> list[list[str]]:
    """Return the command lines of comity that the README shows, without its own name."""
    text = "\n".join(blocks()).replace("\\\n", " ")
    lines = [line.partition("   #")[0] for line in text.splitlines()]
    found = [shlex.split(line, comments=True) for line in lines if ".venv/bin/comity" in line]
    return [words[1:] for words in found]


def run(words: list[str]) -> str:
    """Return what a command prints; it must succeed."""
    result = CliRunner().invoke(build_app(), words)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_question_on_the_command_line_is_denied_as_the_text_says() -> None:
    [check] = [words for words in commands() if words[0] == "check"]
    output = run([*check, "--local", "--policies", str(ROOT / "policies")])
    assert "deny" in output.lower()
    assert "ua-2024-official-devices" in output
    assert "advice" in output


def test_the_request_for_data_is_disclosable_after_steps() -> None:
    [route] = [words for words in commands() if words[0] == "route"]
    output = run([*route, "--local", "--policies", str(ROOT / "policies")]).lower()
    assert "phone_number" in output
    assert "login_ip" in output
    assert "authority_verification" in output
    assert "refused" not in output


def test_the_template_needs_no_more_than_is_shown(tmp_path: Path) -> None:
    """The file is written, and lint finds nothing wrong with it."""
    [new] = [words for words in commands() if words[:2] == ["policy", "new"]]
    folder = shutil.copytree(ROOT / "policies", tmp_path / "policies")
    written = run([*new, "--policies", str(folder)]).split()
    assert all(Path(path).is_relative_to(folder) for path in written)
    assert len(written) == 2
    assert "0 errors, 0 warnings" in run(["policy", "lint", str(folder)])


def test_the_question_for_grpcurl_is_a_request_of_the_contract() -> None:
    [block] = [block for block in blocks() if block.startswith("grpcurl")]
    words = shlex.split(block)
    body = words[words.index("-d") + 1]
    request = json_format.Parse(body, eligibility_service_pb2.CheckEligibilityRequest())
    assert request.facts.device == "official"
    assert len(request.facts.connections) == 3
    method = words[-1].partition("/")
    service = eligibility_service_pb2.DESCRIPTOR.services_by_name["EligibilityService"]
    assert method[0] == service.full_name
    assert method[2] in service.methods_by_name


def test_the_python_question_is_valid_python() -> None:
    [block] = blocks("python")
    compile(block, "README.md", "exec")
    assert "from comity.client import ComityClient" in block


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_links_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_directory_of_the_map_exists() -> None:
    section = README.partition("## Map")[2].partition("## Limits")[0]
    named = re.findall(r"`([a-z_0-9/]+/)`", section)
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).is_dir()] == []
