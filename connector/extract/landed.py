"""Going on after a kill: a side that a run had landed to its end is taken from its files by the run that follows.

Such a run is one that has read slowly, or from a cache: whoever was written since is older there than he was seen, and is asked
for by id (missing.py); whoever is to be written is looked at again before (load/recheck.py); what people have changed since is
left to the next run. So it must not say that it has looked now. A side that was landed in part is read again: pages move when
customers come and go, and nobody can say whom the rest of them would miss.

The files hold personal data. They stay where a run was killed, told to end, or lost one of the systems or the store; not where it
was stopped or refused because of what it had read. What is too old or does not fit is removed by the next run.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter, ValidationError

from connector.clients import Census
from connector.core import business_central_customer, webstore_customer
from connector.core.counting import counted
from connector.core.customer import Side
from connector.core.identity import marks_shown
from connector.core.stamps import stamp_of, stamp_of_record
from connector.errors import InputError, PremiseBroken, SetupError
from connector.extract.file_partitions import FilePartitions, files_like, made_at, place_of
from connector.extract.partitions import told_in_words
from connector.run.landed import Landed, Newest
from connector.run.run import Run
from connector.setup import PartitionSettings, Setup

__all__ = ["forget_landed", "going_on", "leave_landed", "remove_landed", "tables_of"]

_FORM = 1
_LANDED = TypeAdapter(Landed)
_MODULES: dict[Side, Any] = {Side.WEBSTORE: webstore_customer, Side.BUSINESS_CENTRAL: business_central_customer}
_NAMES = {Side.WEBSTORE: "The webstore", Side.BUSINESS_CENTRAL: "Business Central"}


@contextmanager
def going_on(run: Run, settings: PartitionSettings, *, everybody: bool, takes_over: bool) -> Iterator[FilePartitions]:
    """Partitions for a run; `run.taken_over` says which sides need not be read.

    Args:
        everybody: the run reads all customers and may write. The others take nothing over, and leave what one may take over.
        takes_over: what a run that came to no end has left is good enough; a plan that was approved is looked at anew.

    Raises:
        SetupError: the folder cannot be used.
        RemoteTrouble: a side did not say whether it still has what it had.
    """
    place = place_of(settings, run.code)
    own = f"{place}/{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
    partitions = made_at(own, settings.count)
    left = _left(run.setup, own)
    if everybody:
        left = {side: one for side, one in left.items() if takes_over and _fits(run, one)}
        run.taken_over, run.leaves_landed = left, settings.hours_to_go_on > 0
        run.warnings += [_told(one) for one in left.values()]
    _keep_only(place, [folder for folder in _folders(place) if folder != _name(own)], left.values())
    # another run has the webstore, and folders of its own, once this one has stood still for too long
    mine = [_name(own), *map(_name, {one.url for one in left.values()})]
    stays = False
    try:
        yield partitions
    except (InputError, PremiseBroken, SetupError):
        raise  # what was read is to be mended, and read anew
    except BaseException:
        stays = run.leaves_landed
        raise
    finally:
        if stays:
            left |= {side: one for side, one in _left(run.setup).items() if _name(one.url) in mine}
        _keep_only(place, mine, () if everybody and not stays else left.values())


def leave_landed(
    run: Run, url: str, side: Side, census: Census, rows: int, newest: Newest, *, metadata_shown: bool = True
) -> None:
    """Leave word that a side was landed to its end, in this folder; to be called when its files are closed.

    Of cards with their ship-to addresses nothing is left: an address moves no stamp of its card, so that one that was written
    since could not be told from one that somebody has typed.
    """
    if side is Side.BUSINESS_CENTRAL and any(rule.in_ship_to for rule in run.rules.fields.rules):
        return
    with run.store.view(run.code) as view:
        told = view.sides.get(str(side))
    landed = Landed(
        form=_FORM, side=side, run_id=run.run_id, read_from=newest.began, read_to=datetime.now(UTC),
        reading=_reading(run, side), told=told, rows=rows, census=census, metadata_shown=metadata_shown,
        newest=newest.told,
    )  # fmt: skip
    files, root = fsspec.core.url_to_fs(url)
    with told_in_words(url):
        files.pipe_file(f"{root}/{side}.json", _LANDED.dump_json(landed))


def tables_of(landed: Landed) -> Iterator[pa.Table]:
    """The customers of a side that was landed before, a file at a time.

    Raises:
        PremiseBroken: they are not there any more.
    """
    files, paths = _files(landed)
    try:
        for path in paths:
            yield pq.read_table(path, filesystem=files).replace_schema_metadata(None)
    except (OSError, pa.ArrowException) as error:
        forget_url(landed)
        raise PremiseBroken(
            f"What run {landed.run_id[:8]} had read cannot be read again: {error}",
            hint="Nothing was written. Run again: everybody is read anew then.",
        ) from error


def forget_url(landed: Landed) -> None:
    """Let nobody take a side over any more."""
    files, root = fsspec.core.url_to_fs(landed.url)
    files.rm(f"{root}/{landed.side}.json")


def forget_landed(setup: Setup) -> None:
    """Let no run take over what was read until now: somebody in it is to be known no more, or was taken back."""
    for one in _told_in(setup):
        forget_url(one)


def remove_landed(settings: PartitionSettings, webstore_code: str) -> None:
    """Remove whatever runs have left: everybody is read anew, and kept in memory."""
    place = place_of(settings, webstore_code)
    _keep_only(place, _folders(place), ())


def _told_in(setup: Setup, besides: str = "") -> list[Landed]:
    """Whatever is told of landed sides, the latest last."""
    place = place_of(setup.partitions, setup.webstore_code)
    files, root = fsspec.core.url_to_fs(place)
    found = []
    for path in files_like(files, root, "*/*.json") if files.exists(root) else ():
        url = f"{place}/{path.split('/')[-2]}"
        try:
            landed = replace(_LANDED.validate_json(files.cat_file(path)), url=url)
        except (OSError, ValidationError):
            continue
        if url != besides and landed.form == _FORM:
            found.append(landed)
    return sorted(found, key=lambda one: one.read_from)


def _left(setup: Setup, besides: str = "") -> dict[Side, Landed]:
    """What is young enough to be taken over; of several reads of a side the latest."""
    most, now = timedelta(hours=setup.partitions.hours_to_go_on), datetime.now(UTC)
    return {one.side: one for one in _told_in(setup, besides) if timedelta(0) <= now - one.read_from < most}


def _fits(run: Run, landed: Landed) -> bool:
    """Whether a run may take a side over: known to the same store, of the same shop or company, read under the same rules,
    whole, and nothing of it was taken back."""
    with run.store.view(run.code) as view:
        known = view.runs.show(landed.run_id) is not None
        told = view.sides.get(str(landed.side))
    if not known or told != landed.told or landed.reading != _reading(run, landed.side):
        return False
    files, paths = _files(landed)
    try:
        rows = sum(pq.read_metadata(path, filesystem=files).num_rows for path in paths)
    except (OSError, pa.ArrowException):
        return False
    return rows == landed.rows and _still_there(run, landed)


def _still_there(run: Run, landed: Landed) -> bool:
    """Whether the newest customer is who he was, and no older: a backup that was restored has him no more."""
    if not landed.newest:
        return True
    key = landed.newest[0]
    if landed.side is Side.BUSINESS_CENTRAL:
        card = run.business_central.customers_by_id([key]).get(key.lower())
        stamp, before = (None if card is None else stamp_of_record(landed.side, card)), stamp_of(landed.newest[1])
        return stamp is not None and before is not None and stamp >= before
    fields = ["id", "username", "date_created_gmt", "role"]
    account = run.webstore.customers_by_id([int(key)], fields=fields).get(int(key))
    if account is None:
        return False
    now = marks_shown(str(account.get("username") or ""), str(account.get("date_created_gmt") or ""))
    return now == marks_shown(*landed.newest[1:])


def _reading(run: Run, side: Side) -> str:
    """Whatever decides who is read, and what of him."""
    shop, company = run.setup.webstore, run.setup.business_central
    parts = {
        Side.WEBSTORE: (shop.url, shop.customer_role_filter),
        Side.BUSINESS_CENTRAL: (company.base_url, company.company, run.business_central.company_id, run.page),
    }[side]
    try:
        product = version("customer-sync")
    except PackageNotFoundError:
        product = ""
    said = f"{product} {run.rules.digest} {_MODULES[side].schema(run.rules.fields)} {parts}"
    return hashlib.sha256(said.encode()).hexdigest()


def _told(landed: Landed) -> str:
    read = f"{landed.read_from:%Y-%m-%d %H:%M} to {landed.read_to:%Y-%m-%d %H:%M} UTC"
    return (
        f"{_NAMES[landed.side]} was not read again: run {landed.run_id[:8]}, which came to no end, had read its "
        f"{counted(landed.rows, 'customer')} from {read}. What was changed there since is left to the next run; to read "
        "everybody anew: customer-sync sync --anew."
    )


def _files(landed: Landed) -> tuple[Any, list[str]]:
    """The files of a side as it was read; rows that were asked for by id later are in others."""
    files, root = fsspec.core.url_to_fs(landed.url)
    return files, sorted(files_like(files, f"{root}/{landed.side}", "*-0.parquet"))


def _keep_only(place: str, folders: Sequence[str], left: Collection[Landed]) -> None:
    """Remove what these folders have besides some sides."""
    files, root = fsspec.core.url_to_fs(place)
    kept = {f"{_name(one.url)}/{name}" for one in left for name in (str(one.side), f"{one.side}.json")}
    names = {_name(one.url) for one in left}
    for path in filter(files.exists, (f"{root}/{folder}" for folder in folders)):
        inside = files.ls(path, detail=False) if _name(path) in names else [path]
        for one in inside:
            if one == path or f"{_name(path)}/{_name(one)}" not in kept:
                files.rm(one, recursive=True)


def _folders(place: str) -> list[str]:
    """The folders that runs have made or left."""
    files, root = fsspec.core.url_to_fs(place)
    return [_name(folder) for folder in files.ls(root, detail=False)]


def _name(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2]
