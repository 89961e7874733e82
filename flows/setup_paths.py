"""What people name on the command line or in a form, as paths: nothing that would end in an error of the system."""

from __future__ import annotations

import os
from pathlib import Path

from connector.errors import SetupError

__all__ = ["full_name", "is_file", "possible_path", "setup_path"]

# what file systems take for one name, in bytes
_LONGEST_NAME = 255


def is_file(setup: str) -> bool:
    """Whether a setup's name means a file: it ends with .toml, has a folder in it, or is there. The rest are blocks."""
    return setup.endswith(".toml") or "/" in setup or "\\" in setup or Path(setup).is_file()


def full_name(setup: str) -> str:
    """A setup's name that is found from everywhere: that of a file becomes absolute."""
    return str(Path(setup).resolve()) if is_file(setup) else setup


def setup_path(name: str) -> Path:
    """A setup's name as a path.

    Raises:
        SetupError: it is empty: what a script hands over whose variable is not set; or neither a file nor a block has such names.
    """
    if not name.strip() or Path(name) == Path():
        raise SetupError("Which setup? Its name is empty.", hint="Give a file (….toml) or the name of a block.")
    return possible_path(Path(name), "setup")


def possible_path(path: Path, what: str) -> Path:
    """A path, if any file system has such ones.

    Raises:
        SetupError: it holds characters that nobody sees, or is too long; asking for it would end in an error of the system.
    """
    if not str(path).isprintable() or any(len(os.fsencode(part)) > _LONGEST_NAME for part in path.parts):
        shown = str(path).encode("unicode_escape").decode("ascii")[:60]
        raise SetupError(f"There is no {what} {shown}.", hint="No file has a name like this.")
    return path
