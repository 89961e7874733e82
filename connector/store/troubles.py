"""What a database says, in words for people: which store, what is wrong with it, what to do.

Every error of SQLite, PostgreSQL or SQLAlchemy leaves the store as a StoreError. Its text names the file, or database and
host; never a password, and never the values of a row.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import URL

from connector.errors import StoreError

__all__ = ["explained", "place", "sqlite_file", "store_error"]

_RESTORE = (
    "Put the newest good backup in its place (store.sqlite.before-…, or what `customer-sync store backup` made). "
    "Keep the damaged file."
)
_RIGHTS = "Give the user that runs this the right to read and write the file and its folder."
_REPORT = "Nothing was changed. Please report this."

# start of SQLite's error name → cause, remedy; the first that fits is taken
_SQLITE = (
    ("SQLITE_BUSY", "it is locked: another process is writing to it", "Wait for the other run to end and try again."),
    ("SQLITE_LOCKED", "it is locked: another process is writing to it", "Wait for the other run to end and try again."),
    ("SQLITE_FULL", "the disk is full", "Free some space and run again; what was confirmed before is kept."),
    ("SQLITE_READONLY", "it is read-only", _RIGHTS),
    ("SQLITE_CANTOPEN", "it cannot be opened", _RIGHTS),
    ("SQLITE_PERM", "it cannot be opened", _RIGHTS),
    ("SQLITE_NOTADB", "the file is not a database, or its beginning is damaged", f"Check [store] url. {_RESTORE}"),
    ("SQLITE_CORRUPT", "the file is damaged", _RESTORE),
    ("SQLITE_IOERR", "the disk failed to read or write it", "Check the disk and its free space, then run again."),
    ("SQLITE_CONSTRAINT", "a rule of the database forbids the change", _REPORT),
)

# start of PostgreSQL's SQLSTATE → cause, remedy
_POSTGRESQL = (
    ("55P03", "it is locked: another process is writing to it", "Wait for the other run to end and try again."),
    ("40", "another process changed the same rows at the same time", "Try again."),
    ("53100", "the disk of the server is full", "Free some space there and run again."),
    ("53300", "the server has too many connections", "Try again later, or allow more (max_connections)."),
    ("25006", "it is read-only", "Connect to the primary server and with a role that may write."),
    (
        "28",
        "user or password was refused",
        "Check [store] url, the password (password_file, PGPASSWORD or ~/.pgpass) and pg_hba.conf.",
    ),
    ("3D000", "there is no such database", "Create it (createdb), or check [store] url."),
    ("42501", "the role may not do that", "Give the role of [store] url the rights on the database and its schema."),
    ("42P01", "a table is missing", "Run `customer-sync store check`."),
    ("57014", "somebody cancelled a query there", "Try again."),
    ("57P03", "the server is just starting or stopping", "Try again in a moment."),
    ("57P", "the server ended the connection", "Try again when the server is up."),
    ("XX001", "its data are damaged", "Restore the server's backup."),
    ("XX002", "its data are damaged", "Restore the server's backup."),
    ("23", "a rule of the database forbids the change", _REPORT),
)


# what a server says when it takes no connection → SQLSTATE, which libpq does not tell then
_FATAL = (
    (r"starting up|shutting down|recovery|not yet accepting|not accepting connections", "57P03"),
    (r"password|role|pg_hba", "28"),
    (r"database .* does not exist", "3D000"),
    (r"too many|connection slots", "53300"),
)


def sqlite_file(url: URL) -> Path | None:
    """The file of a SQLite store; None for other databases."""
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def place(url: URL) -> str:
    """Which store, for messages: the file, or the database and its host."""
    path = sqlite_file(url)
    if path is not None:
        return f"{path}"
    host = url.host or url.query.get("host") or "the local socket"
    return f"database {url.database or url.username or '(default)'} on {host}{f':{url.port}' if url.port else ''}"


def store_error(error: BaseException, url: URL) -> StoreError:
    """The error of a driver (or of SQLAlchemy around it) as a StoreError."""
    original = getattr(error, "orig", None) or error
    if isinstance(original, sqlite3.Error):
        cause, hint = _sqlite_cause(original)
    elif isinstance(original, OSError):
        cause, hint = f"{(original.strerror or 'the system refused it').lower()}", _RIGHTS
    else:
        cause, hint = _postgresql_cause(original)
    return StoreError(f"The store {place(url)} cannot be used: {_scrubbed(cause, url)}.", hint=hint, system="store")


def _sqlite_cause(error: sqlite3.Error) -> tuple[str, str]:
    name = getattr(error, "sqlite_errorname", None) or ""
    for start, cause, hint in _SQLITE:
        if name.startswith(start):
            # the names of columns say which rule; SQLite never puts values there
            return (f"{cause} ({error})" if start in {"SQLITE_CONSTRAINT", "SQLITE_IOERR"} else cause), hint
    if str(error).startswith("no such"):
        return f"its tables are not those of this version ({error})", "Run `customer-sync store check`."
    return f"{error}", _REPORT


def _postgresql_cause(error: BaseException) -> tuple[str, str]:
    """By SQLSTATE; a connection that failed has none, only the text of libpq. DETAIL lines carry values and are left out."""
    state = getattr(error, "sqlstate", None) or ""
    for start, cause, hint in _POSTGRESQL:
        if state.startswith(start):
            primary = getattr(getattr(error, "diag", None), "message_primary", None)
            return (f"{cause} ({primary})" if start in {"23", "42501", "42P01"} and primary else cause), hint
    text = _first_cause(error)
    for sign, state in _FATAL:
        if "FATAL" in text and re.search(sign, text):
            cause, hint = next((cause, hint) for start, cause, hint in _POSTGRESQL if start == state)
            return f"{cause} ({text.rpartition('FATAL:')[2].strip()})", hint
    if "could not translate host name" in text or "resolve" in text:
        return "there is no such host", "Check [store] url."
    if isinstance(error, sa.exc.SQLAlchemyError):
        return text, _REPORT
    return f"the server cannot be reached ({text})", "Check [store] url, and that the server runs."


def _first_cause(error: BaseException) -> str:
    """The line of an error's text that says what happened: later ones ask questions, quote SQL, or point at it with a caret."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return next((line for line in lines if "FATAL" in line), lines[0])


def _scrubbed(text: str, url: URL) -> str:
    return text.replace(url.password, "***") if url.password else text


@contextmanager
def explained(url: URL) -> Iterator[None]:
    """Errors of drivers and of the file system become StoreErrors; those of ours pass."""
    try:
        yield
    except (sqlite3.Error, sa.exc.SQLAlchemyError, OSError) as error:
        raise store_error(error, url) from error
    except Exception as error:
        # psycopg is there only when PostgreSQL is used
        if type(error).__module__.split(".")[0] == "psycopg":
            raise store_error(error, url) from error
        raise
