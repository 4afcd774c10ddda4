"""Which file of a policy directory holds what."""

from __future__ import annotations

import pytest
from comity.policy.documents.files import Kind, code_of, find_missing, kind_of, refuse_name


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("jurisdictions/ua.yaml", Kind.JURISDICTION),
        ("jurisdictions/be-vlg.yaml", Kind.JURISDICTION),
        ("jurisdictions/eu_commission.yaml", Kind.JURISDICTION),
        ("tests/ua_test.yaml", Kind.SCENARIOS),
        ("tests/platform_test.yaml", Kind.SCENARIOS),
        ("lists/eu_sanctioned_2022.yaml", Kind.LIST),
        ("platform.yaml", Kind.PLATFORM),
        ("vocabulary.yaml", Kind.VOCABULARY),
        ("groups.yaml", Kind.GROUPS),
        ("desks.yaml", Kind.DESKS),
        ("conflicts.yaml", Kind.CONFLICTS),
        ("ua.yaml", None),
        ("tests/ua.yaml", None),
        ("jurisdictions/UA.yaml", None),
        ("jurisdictions/ua.yml", None),
        ("jurisdictions/ua", None),
        ("jurisdictions/.yaml", None),
        ("jurisdictions/old/ua.yaml", None),
        ("jurisdictions/platform/.yaml", None),
        ("tests.yaml", None),
        ("old/platform.yaml", None),
    ],
)
def test_a_path_tells_what_a_file_holds(file: str, kind: Kind | None) -> None:
    """Folder and name decide, in small letters only."""
    assert kind_of(file) is kind


@pytest.mark.parametrize(
    ("stem", "code"),
    [
        ("ua", "UA"),
        ("eu", "EU"),
        ("eea", "EEA"),
        ("be-vlg", "BE-VLG"),
        ("eu_commission", "eu_commission"),
        ("nor", "nor"),
    ],
)
def test_a_file_is_named_after_its_jurisdiction(stem: str, code: str) -> None:
    """Codes stand in capitals in the file and in small letters in its name."""
    assert code_of(stem) == code


@pytest.mark.parametrize(
    ("file", "meant"),
    [
        ("Platform.yaml", "platform.yaml"),
        ("group.yml", "groups.yaml"),
        ("de.yaml", "jurisdictions/de.yaml"),
        ("be-vlg.yml", "jurisdictions/be-vlg.yaml"),
        ("test/de_test.yaml", "tests/de_test.yaml"),
        ("tests/de.yaml", "tests/de_test.yaml"),
        ("list/banned channels.yaml", "lists/banned_channels.yaml"),
        ("jurisdictions/Eu Commission.yaml", "jurisdictions/eu_commission.yaml"),
        ("readme.yaml", None),
        ("jurisdictions/2024.yaml", None),
        ("lists/", None),
    ],
)
def test_the_path_meant_is_guessed_only_if_it_would_do(file: str, meant: str | None) -> None:
    """A suggestion is always the path of a policy file."""
    problem = refuse_name(file)
    assert problem.suggestion == meant
    assert meant is None or kind_of(meant) is not None


def test_what_every_directory_needs_is_missed() -> None:
    """Each missing file is a problem of that file."""
    files = ["platform.yaml", "groups.yaml", "jurisdictions/ua.yaml", "tests/fr_test.yaml"]
    missing = {problem.file for problem in find_missing(files)}
    assert missing == {"vocabulary.yaml", "desks.yaml", "conflicts.yaml", "tests/ua_test.yaml"}
