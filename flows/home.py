"""A home for processes that have none: containers run under users without a line in the list of users, or with a home that they
may not write.

Prefect and a library of Great Expectations ask for the home while they are imported, and fail without one.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from connector.errors import SetupError
from flows.place import prefect_api_url

__all__ = ["check_prefect_home", "know_a_home"]

# as Debian has it for `nobody`: it is asked for, and not there
_NOWHERE = "/nonexistent"


def know_a_home() -> None:
    """Name a home for a process that knows none; to be called before Prefect is imported."""
    try:
        Path.home()
    except RuntimeError:
        for variable in ("HOME", "USERPROFILE"):
            os.environ.setdefault(variable, _NOWHERE)


def check_prefect_home() -> None:
    """Make sure that Prefect finds a folder to write to. With a server it keeps nothing there that must outlast the process.

    Raises:
        SetupError: it keeps its own database there, and cannot write it.
    """
    home = Path(os.environ.get("PREFECT_HOME") or Path.home() / ".prefect")
    there = next(folder for folder in (home, *home.absolute().parents) if folder.exists())
    if os.access(there, os.W_OK):
        return
    if not prefect_api_url():
        raise SetupError(
            f"Prefect keeps its database in {home}, which this user cannot write.",
            hint="Set PREFECT_HOME to a folder that outlasts the container, or PREFECT_API_URL to a server.",
        )
    os.environ["PREFECT_HOME"] = tempfile.mkdtemp(prefix="customer-sync-prefect-")
