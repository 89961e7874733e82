"""What the last run over all customers has kept of both systems: where it is, what it says of itself, and removing it.

It is personal data: files for their owner only, replaced by the next such run, removed with the retention, by an erasure, and
where the setup wants none. Customers that were erased are not in it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import TypeAdapter, ValidationError

from connector.clients import Census
from connector.core.customer import Side
from connector.core.properties import Page
from connector.errors import InputError
from connector.setup import Setup

__all__ = [
    "ANSWERS",
    "FORM",
    "KEPT",
    "Kept",
    "damage_told",
    "file_name",
    "folders_in",
    "kept_of",
    "manifest_of",
    "place_of",
    "purge_extracts",
    "remove_extracts",
]

# to be raised when something is kept otherwise, or means something else
FORM = 2
# the folder of the records that writes were answered with since; the newest file of a customer counts
ANSWERS = "answers"
# how the folders of extracts are called (keeping.py)
_FOLDER = re.compile(r"[0-9a-f]{16}")
_ANEW = (
    "Make a plan over all customers on this machine, which writes nothing and keeps what it reads: customer-sync plan."
)


@dataclass(frozen=True)
class Kept:
    """What was kept, besides the customers themselves; each mapping by side.

    Attributes:
        form: how it is kept; another one than FORM is of another version of the product.
        run_id, read_at: which run has read it, and when.
        company: id of the Business Central company.
        folder: name of the folder, beside this, that has the customers as FilePartitions; count: in how many partitions.
        columns: what was read of each customer; rows: of how many customers; census: how the read went.
        metadata_shown: whether the webstore showed `meta_data`.
        gone: ids that the system denied when it was asked for them.
        old: ids of records that were older than before however they were asked for; gone_back: their sides.
        kept_out: accounts that are linked though the role filter keeps them out of the list.
        lists: lists of the company that the run needed, such as `countriesRegions` and `paymentTerms`, whole.
        page: what a partner's page of customers has; None = they were read from API v2.0.
    """

    form: int
    webstore_code: str
    run_id: str
    read_at: datetime
    company: str
    folder: str
    count: int
    columns: Mapping[Side, tuple[str, ...]]
    rows: Mapping[Side, int]
    census: Mapping[Side, Census]
    metadata_shown: bool
    gone: tuple[frozenset[int], frozenset[str]]
    old: tuple[frozenset[int], frozenset[str]]
    gone_back: frozenset[Side]
    kept_out: frozenset[int]
    lists: Mapping[str, tuple[dict[str, Any], ...]]
    page: Page | None = None


KEPT = TypeAdapter(Kept)


def place_of(setup: Setup) -> Path:
    """The folder of a webstore's kept extracts."""
    return setup.extracts.folder / setup.webstore_code


def manifest_of(setup: Setup) -> Path:
    """The file that says what was kept; it is written last, so what it says is there."""
    return place_of(setup) / "kept.json"


def file_name(number: int) -> str:
    """The file of a partition, in the folder of its side."""
    return f"{number:04d}.parquet"


def kept_of(setup: Setup) -> Kept:
    """What is kept for a setup.

    Raises:
        InputError: there is nothing, it is damaged, or another version has kept it; what to do about it is said.
    """
    if not setup.extracts.keep:
        raise InputError(
            "Other rules are tried on what the last run has read, and this setup keeps nothing of it ([extracts] keep = false).",
            hint=f"Set it to true. {_ANEW}",
        )
    file = manifest_of(setup)
    try:
        kept: Kept = KEPT.validate_json(file.read_bytes())
    except FileNotFoundError:
        raise InputError(
            f"No extracts of webstore {setup.webstore_code} are kept in {file.parent}.", hint=_ANEW
        ) from None
    except ValidationError as error:
        # of another form nothing is known but its number
        is_another = any(item["loc"][:1] == ("form",) for item in error.errors()) or _form_in(file) not in {None, FORM}
        raise (_of_another_version(file) if is_another else _damaged(file)) from None
    except OSError:
        raise _damaged(file) from None
    if kept.form != FORM:
        raise _of_another_version(file)
    if kept.webstore_code != setup.webstore_code:
        raise InputError(
            f"The extracts in {file.parent} are of the webstore {kept.webstore_code}, not of {setup.webstore_code}.",
            hint=_ANEW,
        )
    return kept


def _form_in(file: Path) -> int | None:
    try:
        found = TypeAdapter(dict[str, Any]).validate_json(file.read_bytes()).get("form")
    except ValidationError:
        return None
    return found if isinstance(found, int) else None


def _of_another_version(file: Path) -> InputError:
    return InputError(f"The extracts in {file.parent} were kept by another version of customer-sync.", hint=_ANEW)


def _damaged(file: Path) -> InputError:
    return InputError(f"The kept extracts in {file.parent} are damaged or incomplete.", hint=_ANEW)


@contextmanager
def damage_told(setup: Setup) -> Iterator[None]:
    """Files that are gone, cut or not what they should be are told in words."""
    try:
        yield
    except (OSError, pa.ArrowException, KeyError) as error:
        raise _damaged(manifest_of(setup)) from error


def remove_extracts(setup: Setup) -> int:
    """Remove what is kept for a setup; says how many files that were.

    Raises:
        InputError: something of it cannot be removed.
    """
    place, manifest = place_of(setup), manifest_of(setup)
    # without the file that speaks of them the others are nothing, whatever happens next
    try:
        files = _files(setup)
        manifest.unlink(missing_ok=True)
        for folder in folders_in(place):
            shutil.rmtree(folder)
        if place.is_dir() and not any(place.iterdir()):
            place.rmdir()
    except OSError as error:
        raise InputError(
            f"The kept extracts in {place} cannot be removed: {error.strerror or error}.",
            hint="They hold personal data: remove the folder yourself.",
        ) from None
    return len(files)


def folders_in(place: Path) -> list[Path]:
    """The folders of extracts in a place. Somebody may keep other things there, which are none of ours."""
    return [
        path for path in (place.iterdir() if place.is_dir() else ()) if _FOLDER.fullmatch(path.name) and path.is_dir()
    ]


def _files(setup: Setup) -> list[Path]:
    files = [path for folder in folders_in(place_of(setup)) for path in folder.rglob("*") if path.is_file()]
    return [*files, *([manifest_of(setup)] if manifest_of(setup).is_file() else [])]


def purge_extracts(setup: Setup, days: float) -> int:
    """Remove what was read before so many days, also what a killed run has left; says how many files that were."""
    try:
        read = kept_of(setup).read_at.timestamp()  # later answers to writes make it no younger
    except InputError:
        read = max((path.stat().st_mtime for path in _files(setup)), default=0)
    limit = (datetime.now(UTC) - timedelta(days=days)).timestamp()
    return remove_extracts(setup) if read < limit else 0
