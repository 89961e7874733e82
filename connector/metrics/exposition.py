"""Metrics as the text that Prometheus reads: as an answer, or as a file for node_exporter where nothing of ours listens."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder, generate_latest

from connector.errors import InputError
from connector.metrics.families import StoreMetrics

__all__ = ["samples", "text_of", "write_textfile"]


def text_of(metrics: StoreMetrics, accept: str = "") -> tuple[bytes, str]:
    """The text and its content type.

    Args:
        accept: what the reader understands, as its Accept header says.
    """
    encode, kind = choose_encoder(accept)
    return encode(_registry(metrics)), kind


def samples(metrics: StoreMetrics) -> Iterator[dict[str, Any]]:
    """Every value: `name`, `labels` and `value`."""
    for family in metrics.collect():
        yield from ({"name": s.name, "labels": dict(s.labels), "value": s.value} for s in family.samples)


def write_textfile(metrics: StoreMetrics, path: Path) -> None:
    """Write them into a file that node_exporter reads: whole or not at all, and readable for it, since they are counts alone.

    Raises:
        InputError: it does not end in .prom, which node_exporter asks for, or cannot be written.
    """
    if path.suffix != ".prom":
        raise InputError(
            f"{path} would not be read.", hint="node_exporter reads files that end in .prom: name one of these."
        )
    text = generate_latest(_registry(metrics))
    part = path.with_name(f".{secrets.token_hex(4)}.{path.name}")
    try:
        part.write_bytes(text)
        part.chmod(0o644)
        part.replace(path)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror or error}.",
            hint="Name a file in the folder that node_exporter reads (--collector.textfile.directory).",
        ) from None
    finally:
        part.unlink(missing_ok=True)


def _registry(metrics: StoreMetrics) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(metrics)
    return registry
