"""The metrics of several workers on one page."""

from __future__ import annotations

from comity.metrics import WorkerMetrics
from comity.supervisor.metric_pages import merge_pages
from prometheus_client.parser import text_string_to_metric_families

PAGE = b"""# HELP calls_total Calls.
# TYPE calls_total counter
calls_total{code="a b}"} 1.0
# HELP epoch Epoch.
# TYPE epoch gauge
epoch 2.0
"""


def test_each_sample_tells_its_worker_and_metrics_stay_together() -> None:
    """A worker that gave no page has no samples."""
    assert merge_pages([PAGE, b"", PAGE]).decode() == (
        "# HELP calls_total Calls.\n"
        "# TYPE calls_total counter\n"
        'calls_total{worker="1",code="a b}"} 1.0\n'
        'calls_total{worker="3",code="a b}"} 1.0\n'
        "# HELP epoch Epoch.\n"
        "# TYPE epoch gauge\n"
        'epoch{worker="1"} 2.0\n'
        'epoch{worker="3"} 2.0\n'
    )


def test_the_page_of_real_workers_can_be_read() -> None:
    """With as many samples as the workers have, each under its metric."""
    metrics = WorkerMetrics()
    metrics.calls.of("Method").add(0.001)
    own = [s for f in text_string_to_metric_families(metrics.text().decode()) for s in f.samples]
    page = merge_pages([metrics.text(), metrics.text()]).decode()
    families = list(text_string_to_metric_families(page))
    samples = [sample for family in families for sample in family.samples]
    assert len({family.name for family in families}) == len(families)
    assert len(samples) == 2 * len(own)
    assert all(sample.labels["worker"] in ("1", "2") for sample in samples)
