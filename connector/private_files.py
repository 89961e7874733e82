"""Files that hold customers: whole or not at all, for their owner only, and never over what is there already."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connector.errors import InputError

__all__ = ["check_free", "private_file", "write_private"]


def check_free(path: Path, *, overwrite: bool = False) -> None:
    """Raise what `private_file` would: worth asking before the work that fills the file."""
    if os.path.lexists(path) and not (overwrite and path.is_file()):
        if overwrite:
            raise InputError(f"{path} is no file.", hint="Name another one.")
        raise InputError(f"{path} exists.", hint="Name another file, or give --overwrite.")


@contextmanager
def private_file(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """A new file beside `path`, which takes its name at the end; after an error nothing is left of it.

    Whoever has prepared a link under that name is not helped: the link is refused, or itself replaced.

    Args:
        overwrite: replace a file that is there.

    Raises:
        InputError: the file exists, or cannot be written.
    """
    check_free(path, overwrite=overwrite)
    part = path.with_name(f".{secrets.token_hex(4)}.{path.name}")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        yield part
        part.chmod(0o600)  # a library may have made it anew
        if not overwrite:  # take the name first: a rename would replace what has appeared meanwhile
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        part.replace(path)
    except FileExistsError:
        raise InputError(f"{path} exists.", hint="Name another file, or give --overwrite.") from None
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror or error}.", hint="Name a file in a folder that is there."
        ) from None
    finally:
        part.unlink(missing_ok=True)


def write_private(path: Path, text: str, *, overwrite: bool = False) -> None:
    """Write a text to such a file; raises as `private_file`."""
    with private_file(path, overwrite=overwrite) as part:
        part.write_text(text, encoding="utf-8")
