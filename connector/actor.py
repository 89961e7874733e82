"""Who edits or starts a run at this machine, for versions and logs."""

from __future__ import annotations

import getpass
import os

__all__ = ["actor_here"]


def actor_here() -> str:
    """The name of the user that this process runs as; where the user has none, as in containers under any uid, `uid 12345`."""
    try:
        name = getpass.getuser().strip()
    except (KeyError, OSError, ImportError):  # no line in the list of users, and no variable that names one
        name = ""
    return name or (f"uid {os.getuid()}" if hasattr(os, "getuid") else "somebody")
