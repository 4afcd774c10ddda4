"""The files that `comity policy new` writes for somebody who knows the law and not the grammar."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from string import Template
from typing import Final

from comity.cli.failure import CommandError, Exit
from comity.policy.compiling.compilation import Compilation
from comity.policy.compiling.names import Geography
from comity.policy.documents.files import code_of
from comity.policy.scalars import Refused
from comity.policy.zone_names import parse_zone

_POLICY: Final = Template(
    """\
# $name
#
# What this file says of law takes effect as soon as it is saved without an error:
# `comity policy lint` says what is wrong with it, `comity policy test` runs its scenarios.
jurisdiction: $code
timezone: $zone    # days below begin at midnight of this zone

# Each rule names its source: a title at least, better an address and the place within it.
sources:
  first_source:
    title: Name of the act, decision or report
    # url: https://example.org/act
    # pinpoint: Article 1
    # retrieved: $today

restrictions:
  # A proposal is listed and never applied. Once the act is in force: take out `legal_effect`,
  # say the effect, and write the day under `in_force`.
  - id: $stem-first-rule                 # unique over all files, and never used again
    title: What the rule does, in one line
    # effect: deny                       # or {restrict: calls}, {verify: age}, {warn: NOTICE}
    legal_effect: proposal               # left out: binding; or advice, voluntary, practice
    applies_to:                          # all of these must be met, each list means any of
      # presence phone_country residence nationality works_for store_country network any
      connected_by: $factor
      product: telegram                  # or a kind such as messaging or social_media, or all
      # action: [message_send, call]     # left out: every action that may be denied
      # population: [civil_servant]
      # device: official
      # age: {below: 16}
    # except:                            # whom the rule spares, on the same connection
    #   - {item: official_channel}
    # when_unknown: {age: {verify: age}, other: as_unmatched}
    in_force: []                         # - from: $today, perhaps with until or through
    authority: Who made the act
    source: first_source
    confidence: unverified               # verified, or recalled from memory, or unverified
    recorded_at: $today
    # review_by: the day by which somebody must look at this rule again
    # message: {en: What the user is told}
"""
)
_ADD_FIRST: Final = "add a body or an area to groups.yaml first"
_SCENARIOS: Final = Template(
    """\
# What each rule of $name does, shown by questions with the answers expected.
# A rule needs a question that meets it, one that it misses by one condition, and one that its
# exception spares; a rule without effect needs two questions.
given: {product: telegram, action: message_send, $given}    # shared by all
scenarios:
  - name: a proposal has no effect
    given: {at: ${today}T12:00:00Z}
    expect: allow
  - name: nor on another action
    given: {at: ${today}T12:00:00Z, action: call}
    expect: allow
  # - name: the first second of the act
  #   timeline:
  #     2024-09-19T20:59:59Z: allow
  #     2024-09-19T21:00:00Z: {effect: deny, because: [$stem-first-rule]}
"""
)


def paths_for(code: str) -> tuple[str, str]:
    """Return the paths of the policy file on `code` and of its scenarios."""
    stem = code.lower()
    return f"jurisdictions/{stem}.yaml", f"tests/{stem}_test.yaml"


def templates_for(
    code: str, zone: str | None, compilation: Compilation, now: datetime
) -> Mapping[str, str]:
    """Return the texts of a policy file on `code` and of its scenarios, by path.

    Raises:
        CommandError: the policies have errors, there is no such code, or its time zone must be
            said.
    """
    groups, bundle = compilation.documents.groups, compilation.bundle
    if groups is None or bundle is None:
        message = "the policy files have errors; run `comity policy lint` and correct them first"
        raise CommandError(Exit.FAILED, message)
    stem = code.lower()
    written = code_of(stem)
    geography = Geography(groups.document, {})
    if written not in geography.known:
        message = f"'{code}' is no code of ISO 3166, group, body or area"
        named = sorted(c for c in geography.known if geography.name_of(c).lower() == stem)
        advice = f"did you mean {' or '.join(named)}?" if named else _ADD_FIRST
        raise CommandError(Exit.MISUSED, message, [advice])
    is_body = written in groups.document.bodies
    place = min(bundle.eligibility.atlas.members(written, now), default=written)
    values = {
        "name": geography.name_of(written),
        "code": written,
        "factor": "works_for" if is_body else "presence",
        "given": f"works_for: {written}, presence: AQ" if is_body else f"presence: {place}",
        "stem": stem.replace("_", "-"),
        "zone": _zone_of(written, zone),
        "today": now.date().isoformat(),
    }
    texts = (_POLICY.substitute(values), _SCENARIOS.substitute(values))
    return dict(zip(paths_for(code), texts, strict=True))


def _zone_of(code: str, zone: str | None) -> str:
    """Return the time zone of a file on `code`.

    Raises:
        CommandError: `zone` is none, or is not said where the code has several or none.
    """
    if zone is None:
        country, _, _ = code.partition("-")
        zones = _zones_of(country)
        if len(zones) == 1:
            return zones[0]
        known = f": {', '.join(zones)}" if zones else ", such as Europe/Brussels"
        raise CommandError(Exit.MISUSED, f"say the time zone of {code} with --timezone{known}")
    try:
        return parse_zone(zone)
    except Refused as error:
        advice = [f"did you mean {error.suggestion}?"] if error.suggestion is not None else []
        raise CommandError(Exit.MISUSED, f"--timezone: {error.message}", advice) from error


def _zones_of(country: str) -> list[str]:
    """Return the time zones of a country; none for what is no country.

    Source: `zone.tab` of the IANA time zone database.
    """
    table = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return sorted(row[2] for row in rows if row[0] == country)
