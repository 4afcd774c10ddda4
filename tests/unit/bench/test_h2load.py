"""What h2load reports."""

from __future__ import annotations

import pytest
from bench.throughput.h2load import H2loadError, parse_report

REPORT = """\
starting benchmark...
finished in {time}, 5432.10 req/s, 2.61MB/s
requests: 100 total, 100 started, 100 done, {succeeded} succeeded, {failed} failed, 0 errored
status codes: 100 2xx, 0 3xx, 0 4xx, 0 5xx
"""


@pytest.mark.parametrize(("time", "seconds"), [("1.50s", 1.5), ("250.5ms", 0.2505), ("90us", 9e-5)])
def test_the_time_is_read_in_any_unit(time: str, seconds: float) -> None:
    assert parse_report(REPORT.format(time=time, succeeded=100, failed=0), 100) == pytest.approx(
        seconds
    )


def test_calls_that_failed_are_not_measured() -> None:
    with pytest.raises(H2loadError, match="99 succeeded"):
        parse_report(REPORT.format(time="1.50s", succeeded=99, failed=1), 100)


def test_other_numbers_of_calls_and_other_output_are_refused() -> None:
    with pytest.raises(H2loadError, match="not 200 calls"):
        parse_report(REPORT.format(time="1.50s", succeeded=100, failed=0), 200)
    with pytest.raises(H2loadError, match="no report"):
        parse_report("could not connect", 100)
