"""What `comity policy diff` says of edits of the shipped files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from unit.cli.command import Command
from unit.policy.compiling.one_file import POLICIES


def edited_policies(folder: Path, code: str, was: str, becomes: str) -> Path:
    """Return a copy of the shipped policies with one passage of a file replaced."""
    policies = folder / "policies"
    shutil.copytree(POLICIES, policies)
    edited = policies / "jurisdictions" / f"{code}.yaml"
    text = edited.read_text(encoding="utf-8")
    assert text.count(was) == 1, "the shipped file has changed: adapt the edit to it"
    edited.write_text(text.replace(was, becomes), encoding="utf-8")
    return policies


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (
            ("eu", "from: 2024-06-25", "from: 2024-06-27"),
            [
                (
                    "From 2024-06-25 (Europe/Brussels) until 2024-06-27 (Europe/Brussels), for "
                    "whoever is in a member of eu_law: find or show on every product if the "
                    "object is eu sanctioned 2024 channel, unless another rule already decides "
                    "so, goes from withhold channel with reposts to allow (looser). Rule "
                    "eu-2024-ria."
                )
            ],
        ),
        (
            ("at", "from: 2023-05-10", "from: 2023-05-12"),
            [
                (
                    "From 2023-05-10 (Europe/Vienna) until 2023-05-12 (Europe/Vienna), for "
                    "whoever works for Austria (AT) as civil servant, minister or ministerial "
                    "staff: every action that may be denied on tiktok with a device official "
                    "goes from deny to allow (looser). Rule at-2023."
                )
            ],
        ),
        (
            ("ua", "from: 2024-09-20", "from: 2024-09-21"),
            [
                (
                    "From 2024-09-20 (Europe/Kyiv) until 2024-09-21 (Europe/Kyiv), for whoever "
                    "works for Ukraine (UA) as critical infrastructure, government official, "
                    "military or security service, without the label ua official duty: every "
                    "action that may be denied on telegram with a device official unless the "
                    "object is official channel goes from deny to allow (looser). Rule "
                    "ua-2024-official-devices."
                )
            ],
        ),
        (
            ("ru", "from: 2025-08-13", "from: 2025-08-14"),
            [
                (
                    "From 2025-08-13 (Europe/Moscow) until 2025-08-14 (Europe/Moscow), for "
                    "whoever is in RU-CE or RU-DA: call on whatsapp goes from restrict calls to"
                    " allow (looser). Rule ru-2025-calls."
                ),
                (
                    "From 2025-08-13 (Europe/Moscow) until 2025-08-14 (Europe/Moscow), for "
                    "whoever is in Russian Federation (RU) without RU-CE and RU-DA: call on "
                    "telegram or whatsapp goes from restrict calls to allow (looser). Rule "
                    "ru-2025-calls."
                ),
            ],
        ),
        (
            ("eu", "from: 2022-10", "from: 2022-11"),
            [
                (
                    "From 2022-10-31 (Europe/Brussels) until 2022-11-30 (Europe/Brussels), for "
                    "whoever is a national of Russian Federation (RU), without the label eu "
                    "residence permit, without another connection that is excepted: wallet use "
                    "on every product goes from deny to allow (looser). Rule eu-2022-wallets."
                ),
                (
                    "From 2022-10-31 (Europe/Brussels) until 2022-11-30 (Europe/Brussels), for "
                    "whoever lives in Russian Federation (RU) without crimea, without the label"
                    " eu residence permit, without another connection that is excepted: wallet "
                    "use on every product goes from deny to allow (looser). Rule "
                    "eu-2022-wallets."
                ),
                (
                    "From 2022-10-31 (Europe/Brussels) until 2022-11-30 (Europe/Brussels), for "
                    "whoever lives in crimea, without the label eu residence permit, without "
                    "another connection that is excepted: wallet use on every product goes from"
                    " deny to restrict paid_services (looser). Rule eu-2022-wallets."
                ),
            ],
        ),
    ],
    ids=[
        "a group",
        "kinds of people",
        "a kind with all below it",
        "a place without its parts",
        "people with other connections",
    ],
)
def test_a_sentence_names_what_the_rule_names(
    comity: Command, tmp_path: Path, edit: tuple[str, str, str], told: list[str]
) -> None:
    """No place that stands for others, no wider kind, and no limit by other rules is named."""
    policies = edited_policies(tmp_path, *edit)
    shown = json.loads(comity("policy", "diff", str(POLICIES), str(policies), "--json").out)
    assert sorted(d["sentence"] for d in shown["differences"] if d["known"]) == told


SPAIN = """\
restrictions:
  - id: es-2027-signal
    title: Signal is blocked
    effect: deny
    applies_to: {connected_by: presence, product: signal}
    in_force: [{from: 2027-01-01}]
    authority: Somebody
    source: {title: A report}
    recorded_at: 2026-11-24
    review_by: 2027-06-30
    message: {en: Signal is blocked in Spain.}
"""


def test_an_edit_of_one_country_is_proven_to_stay_there(comity: Command, tmp_path: Path) -> None:
    """A further rule of Spain changes no answer without a connection to Spain."""
    policies = edited_policies(tmp_path, "es", "restrictions:\n", SPAIN)
    ended = comity("policy", "diff", str(POLICIES), str(policies), "--within", "ES")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("No answer without a connection to ES changes")
    elsewhere = comity("policy", "diff", str(POLICIES), str(policies), "--within", "FR")
    assert elsewhere.code == 1
    assert "for whoever is in Spain (ES)" in elsewhere.out


def test_requests_for_data_are_told_with_a_request_that_shows_it(
    comity: Command, tmp_path: Path
) -> None:
    """The desk of an instrument is a route; without a connection to its state nothing changes."""
    was = "instrument: uk_copo\n    system: UK\n"
    policies = edited_policies(tmp_path, "gb", was, f"{was}    desk: security\n")
    ended = comity("policy", "diff", str(POLICIES), str(policies))
    assert ended.code == 1
    assert ("- Whenever received, for requests by uk_copo of GB issued by ") in ended.out
    assert "the desk goes from li_intake to security (neither stricter nor looser)" in ended.out
    assert "    instrument: uk_copo; authority: " in ended.out
    shown = json.loads(comity("policy", "diff", str(POLICIES), str(policies), "--json").out)
    assert shown["requests"]["changed"] == ["gb-copo"]
    (told,) = shown["requests"]["differences"]
    assert (told["aspect"], told["before"], told["after"]) == ("desk", "li_intake", "security")
    assert told["witness"]["instrument"] == "uk_copo"
    proven = comity("policy", "diff", str(POLICIES), str(policies), "--within", "GB")
    assert proven.code == 0
