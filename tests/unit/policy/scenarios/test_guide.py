"""The scenario on a request for data that the guide shows holds of the shipped policies."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from comity.policy.compiling.compilation import compile_policies
from comity.policy.scenarios.results import Verdict
from comity.policy.scenarios.running import run_scenarios

ROOT = Path(__file__).parents[4]
FILE = "tests/fr_test.yaml"


def test_the_request_for_data_in_the_guide_is_routed_as_it_says() -> None:
    guide = (ROOT / "docs" / "policy-files.md").read_text(encoding="utf-8")
    shown = re.findall(r"```yaml\n(  - name: .*?)```", guide, flags=re.DOTALL)
    policies = ROOT / "policies"
    paths = policies.rglob("*.yaml")
    files = {path.relative_to(policies).as_posix(): path.read_bytes() for path in paths}
    files = {path: text for path, text in files.items() if not path.startswith("tests/")}
    for path in [path for path in files if path.startswith("jurisdictions/")]:
        files[f"tests/{Path(path).stem}_test.yaml"] = b"scenarios: []\n"
    files[FILE] = "scenarios:\n{}".format("".join(shown)).encode()
    compilation = compile_policies(files, date(2026, 1, 1))
    assert compilation.bundle is not None, list(map(str, compilation.problems))
    (result,) = run_scenarios(compilation.bundle, compilation.documents).results
    assert result.verdict is Verdict.PASSED, str(result)
