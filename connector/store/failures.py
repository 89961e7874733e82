"""Database errors as StoreError: which database, what is wrong with it, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from connector.errors import StoreError

__all__ = ["name_of", "translated"]

# text in the driver's message → what happened, what to do; the first that fits
_CAUSES = (
    ("database is locked", "is locked by another process", "Wait until the other run has ended, then try again."),
    ("database or disk is full", "cannot grow: the disk is full", "Free space on its disk; nothing was half-written."),
    ("disk i/o error", "cannot be read or written: the disk reports an error", "Check the disk and its free space."),
    ("readonly database", "is read-only", "Give the user who runs this write access to the file and its folder."),
    ("unable to open database file", "cannot be opened", "Check that its folder exists and may be written."),
    (
        "file is not a database",
        "is not a database of this project",
        "Name another file under [store] url, or restore a backup.",
    ),
    ("malformed", "is damaged", "Restore the newest backup (store.sqlite.before-… beside it, or your own)."),
    ("connection refused", "does not answer", "Start the database server, or correct [store] url."),
    ("could not translate host name", "has an unknown host", "Correct the host in [store] url."),
    ("password authentication failed", "refuses the user or password", "Correct the user and password in [store] url."),
    ("does not exist", "does not exist", "Create the database, or correct its name in [store] url."),
    ("permission denied", "refuses access", "Give the user who runs this access to it."),
)


def name_of(url: str) -> str:
    """How a database is called in messages: its file, or host and name; never a password."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return f"The store {parsed.database or '(in memory)'}"
    return f"The store {parsed.database} on {parsed.host or 'this machine'}"


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Raise StoreError for errors of the database."""
    try:
        yield
    except IntegrityError as error:
        raise StoreError(
            f"{name_of(url)} refused a change that contradicts what it holds ({type(error.orig).__name__}).",
            hint="Somebody else may have changed the same customers; try again.",
            system="store",
        ) from error
    except (DBAPIError, OSError) as error:
        said = str(error.orig if isinstance(error, DBAPIError) else error)
        what, remedy = next(
            ((what, remedy) for text, what, remedy in _CAUSES if text in said.lower()),
            (f"failed ({type(error).__name__})", "Look at the database's own log."),
        )
        raise StoreError(f"{name_of(url)} {what}.", hint=remedy, system="store") from error
    except SQLAlchemyError as error:
        raise StoreError(f"{name_of(url)} cannot be used: {type(error).__name__}.", system="store") from error
