"""`comity version`."""

from __future__ import annotations

import json
from importlib.metadata import version

from comity.adapters.geoip.embedded import ATTRIBUTION, open_embedded
from unit.cli.command import Command


def test_it_names_what_answers_rest_on_and_whose_data_it_comes_with(comity: Command) -> None:
    """The attribution that the licence of the embedded data asks for is whole."""
    ended = comity("version")
    words = " ".join(ended.out.split())
    assert (ended.code, ended.err) == (0, "")
    for package, name in (("comity", "comity"), ("grpcio", "grpc"), ("protobuf", "protobuf")):
        assert f"{name} {version(package)}" in words
    provenance = open_embedded().provenance
    assert provenance.sha256 in words
    assert provenance.built_at.date().isoformat() in words
    assert ATTRIBUTION in words


def test_json_holds_the_same(comity: Command) -> None:
    """For programs."""
    told = json.loads(comity("version", "--json").out)
    assert set(told) == {"comity", "python", "grpc", "protobuf", "tzdata", "geoip"}
    assert told["geoip"]["attribution"] == ATTRIBUTION
