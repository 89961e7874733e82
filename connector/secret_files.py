"""Secrets in files, as container platforms and systemd hand them over: one secret a file, which only its reader may read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

__all__ = ["secret_in_file"]

# no key, password or token comes near it; a wrong path often leads to something large
_MOST_BYTES = 16_384
_EVERYBODY = stat.S_IROTH | stat.S_IWOTH
# where platforms put secrets: nobody else lives in a container
_OF_PLATFORMS = Path("/run/secrets")


def secret_in_file(path: Path) -> str:
    """The text of a secret's file, as it stands there.

    Raises:
        ValueError: there is no such file, it cannot be read, everybody on the machine can read or change it, or it cannot be a
            secret: too large, empty, no UTF-8. The text tells the path and what to do, never what is in the file.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # a pipe would be waited for without end
            raise ValueError(f"{path} is no file; name the file that holds nothing but the secret")
        if _is_everybodys(path, found.st_mode):
            raise ValueError(f"every user of this machine can read or change {path}; chmod 600 {path}")
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}; {_remedy(error)}") from None
    if len(content) > _MOST_BYTES:
        raise ValueError(
            f"{path} is larger than {_MOST_BYTES:,} bytes; name the file that holds nothing but the secret"
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8; write the secret into it anew, as plain text") from None
    if not text.strip():
        raise ValueError(f"{path} is empty; write the secret into it")
    return text


def _is_everybodys(path: Path, mode: int) -> bool:
    """Whether others on this machine get at it. What a platform mounts for reading only has whatever rights it shows."""
    if os.name != "posix" or not mode & _EVERYBODY or path.resolve().is_relative_to(_OF_PLATFORMS):
        return False
    return not os.statvfs(path).f_flag & os.ST_RDONLY


def _remedy(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "give it to the user that runs this (chown, or the uid of the mounted secret)"
    return "check the path, and that the secret is mounted there"
