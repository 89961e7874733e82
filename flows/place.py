"""Where a command's run takes place: in the command's own process, or as a flow run of the Prefect server that is configured.

Whether one is configured is read without importing Prefect, which takes seconds. Prefect looks in the same places in the same
order: environment, .env, prefect.toml, pyproject.toml, the active profile
(https://docs.prefect.io/v3/concepts/settings-and-profiles).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from connector.setup import Runner, Setup

__all__ = ["on_prefect", "prefect_api_url"]

_VARIABLE = "PREFECT_API_URL"


def on_prefect(setup: Setup, wished: bool | None) -> bool:
    """Whether a run is to be a flow run.

    Args:
        wished: what the person said; None = as it is configured. Dask is started by Prefect.
    """
    if wished is not None:
        return wished
    if setup.partitions.count and setup.partitions.runner is not Runner.THREADS:
        return True
    return bool(prefect_api_url())


def prefect_api_url(folder: Path = Path()) -> str:
    """Address of the Prefect server that is configured; "" = none is.

    Args:
        folder: where .env, prefect.toml and pyproject.toml are looked for.
    """
    found = [
        os.environ.get(_VARIABLE),
        _dotenv(folder / ".env").get(_VARIABLE),
        _at(_toml(folder / "prefect.toml"), "api", "url"),
        _at(_toml(folder / "pyproject.toml"), "tool", "prefect", "api", "url"),
        _in_profile(),
    ]
    return next((str(url) for url in found if url), "")


def _in_profile() -> Any:
    home = Path(os.environ.get("PREFECT_HOME") or "~/.prefect").expanduser()
    document = _toml(Path(os.environ.get("PREFECT_PROFILES_PATH") or home / "profiles.toml").expanduser())
    active = os.environ.get("PREFECT_PROFILE") or document.get("active")
    return _at(document, "profiles", str(active), _VARIABLE)


def _dotenv(file: Path) -> Mapping[str, Any]:
    """As `_toml`."""
    try:
        return dotenv_values(file)
    except (OSError, ValueError):
        return {}


def _toml(file: Path) -> Mapping[str, Any]:
    """A file's content; {} if it is not there or is no TOML: then Prefect says so, when it is needed."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _at(document: Any, *names: str) -> Any:
    for name in names:
        document = document.get(name) if isinstance(document, Mapping) else None
    return document
