"""Both systems emulated in a process of their own, so that they take no time from what is measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connector.setup import Setup, load_setup

__all__ = ["emulated", "setup_of"]


@contextmanager
def emulated(folder: Path, customers: int, *, latency_ms: float = 0) -> Iterator[dict[str, Any]]:
    """Start them with so many customers on each side (0 = none); gives what they announce (addresses, keys, setup file)."""
    size = ["--webstore-customers", str(customers), "--business-central-customers", str(customers)]
    size = size if customers else ["--empty"]
    command = [sys.executable, "-m", "sandbox.command", *size, "--directory", str(folder)]
    command += ["--latency-ms", str(latency_ms)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert process.stdout is not None
    try:
        told: dict[str, Any] = json.loads(process.stdout.readline())
        os.environ.update(told["env"])
        yield told
    finally:
        process.terminate()
        process.wait(timeout=30)


def setup_of(told: dict[str, Any], **changes: Any) -> Setup:
    """The setup for them; `changes`: section → settings."""
    setup = load_setup(Path(told["setup_file"]))
    return setup.model_copy(
        update={name: getattr(setup, name).model_copy(update=values) for name, values in changes.items()}
    )
