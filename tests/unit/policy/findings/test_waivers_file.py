"""File `waivers.yaml`, and the key `reach_abroad` of rules."""

from __future__ import annotations

from comity.policy.compiling.compilation import compile_policies
from comity.policy.rule_texts import Citation, ReachAbroad
from unit.policy.findings.finding_cases import BASE, TODAY, UA

FRANCE = """\
  - id: ua-france
    title: No games in France
    effect: deny
    applies_to: {{connected_by: presence, jurisdiction: FR, product: games}}
    in_force: [{{from: 2024-01-01}}]
    reach_abroad: {reach}
"""
NO_ID = (
    "waivers.yaml:3:25 CP210 'UA devices' is no id: only small letters, digits and hyphens. "
    "Did you mean 'ua-devices'?"
)


def problems_of(files: dict[str, bytes]) -> list[str]:
    """Return what is wrong with the base files and `files`."""
    return [str(problem) for problem in compile_policies({**BASE, **files}, TODAY).problems]


def test_the_file_need_not_be_there() -> None:
    assert "waivers.yaml" not in BASE
    assert problems_of({}) == []


def test_a_waiver_says_what_why_and_until_when() -> None:
    """Each mistake is told at its place; a code is one of a finding."""
    text = """\
waivers:
  - {code: CF11, rule: ua-devices, reason: Right., expires: 2026-06-31}
  - {code: CF101, rule: UA devices, reason: ""}
  - {code: CF101, rule: ua-devices, reason: Right., expires: 2027-01-01, by: Me}
"""
    assert problems_of({"waivers.yaml": text.encode()}) == [
        "waivers.yaml:2:12 CP204 'CF11' is no code of a finding. Did you mean 'CF211'?",
        "waivers.yaml:2:61 CP301 There is no day 2026-06-31.",
        "waivers.yaml:3:5 CP201 'expires' is missing.",
        NO_ID,
        "waivers.yaml:3:45 CP205 'reason' is empty.",
        "waivers.yaml:4:74 CP202 'by' is no key that can stand here.",
    ]


def test_a_reach_abroad_says_why_and_names_a_source() -> None:
    """The reason is needed; a source by name is one of the file's."""
    lacking = BASE[UA] + FRANCE.format(reach="{source: {title: A treaty}}").encode()
    assert problems_of({UA: lacking}) == ["jurisdictions/ua.yaml:19:19 CP201 'why' is missing."]
    unknown = BASE[UA] + FRANCE.format(reach="{why: A treaty, source: treaty}").encode()
    [problem] = problems_of({UA: unknown})
    assert " CP421 'treaty' is no source of this file's `sources`." in problem


def test_a_compiled_rule_tells_why_it_reaches_abroad() -> None:
    """With the source that is named; without one the rule's own source is meant."""
    treaty = "{why: The treaty says so, source: {title: A treaty, pinpoint: Article 3}}"
    for reach, cited in (
        ("{why: The treaty says so}", None),
        (treaty, Citation("A treaty", pinpoint="Article 3")),
    ):
        files = {**BASE, UA: BASE[UA] + FRANCE.format(reach=reach).encode()}
        bundle = compile_policies(files, TODAY).bundle
        assert bundle is not None
        text = bundle.eligibility.by_id["ua-france"].text
        assert text.reach_abroad == ReachAbroad("The treaty says so", cited or text.citation)
        assert bundle.eligibility.by_id["ua-devices"].text.reach_abroad is None
