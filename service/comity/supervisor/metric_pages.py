"""Merges the metrics of all workers into one page, each sample labelled with its worker."""

from __future__ import annotations

from collections.abc import Sequence


def merge_pages(pages: Sequence[bytes]) -> bytes:
    """Return one page of Prometheus text with the samples of `pages`.

    Each sample gets the label `worker`, the position of its page from 1, before its others. The
    lines of a metric stay together, as the format wants it.
    """
    families: dict[str, tuple[list[str], list[str]]] = {}
    for worker, page in enumerate(pages, 1):
        head: list[str] = []
        samples: list[str] = []
        for line in page.decode().splitlines():
            if line.startswith("# HELP "):
                name = line.split(" ", 3)[2]
                seen, samples = families.setdefault(name, ([], []))
                head = [] if seen else seen
            if line.startswith("#"):
                head.append(line)
            elif line:
                samples.append(_labelled(line, worker))
    lines = [line for head, samples in families.values() for line in (*head, *samples)]
    return "".join(f"{line}\n" for line in lines).encode()


def _labelled(sample: str, worker: int) -> str:
    """Return a line of a sample with the label `worker`."""
    brace, space = sample.find("{"), sample.find(" ")
    if 0 <= brace < space:
        return f'{sample[:brace]}{{worker="{worker}",{sample[brace + 1 :]}'
    return f'{sample[:space]}{{worker="{worker}"}}{sample[space:]}'
