"""A plan of millions on disk: each lot lands its parts, sorted, beside the folder, and the plan reads them merged.

A value is a line of JSON in an Arrow file, some hundred to a batch, so that reading all lots side by side holds a few of each.
What comes back from whoever decided is how many there are.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import fsspec
import pyarrow as pa
from pydantic import TypeAdapter

from connector.core import many
from connector.core.comparison import united
from connector.core.customer import Direction
from connector.core.many import Many, in_pieces, of_kinds
from connector.core.matching import Ambiguity, Match
from connector.core.plan import (
    ORDER,
    Agreement,
    Plan,
    Quarantined,
    Standing,
    Write,
    line_of_link,
    line_of_write,
)
from connector.errors import PremiseBroken
from connector.extract.partitions import told_in_words

__all__ = ["LandedPlan", "land_plan", "with_landed"]

_CLASSES: Mapping[str, type] = {
    "writes": Write,
    "links": Match,
    "agreements": Agreement,
    "standing": Standing,
    "held": Write,
    "left_out": Write,
    "quarantined": Quarantined,
    "ambiguous": Ambiguity,
}
_LINE_OF: Mapping[str, Callable[[Any], str]] = {"writes": line_of_write, "links": line_of_link}
# in the order of the writes; the other parts are of one kind
_KINDS = tuple((str(d), operation) for d in sorted(Direction) for operation in ("create", "update"))
_FOLDER, _LINKED = "plan", "linked"
_LINES = pa.schema([("line", pa.large_string())])
_ROWS_AT_ONCE = 256

Name = tuple[str, ...]


@dataclass(frozen=True)
class LandedPlan:
    """What was decided about a part of the customers, of which the parts that grow with them were landed.

    Attributes:
        name: tells it from those of the others.
        rest: the plan without them.
        sizes: part, and of writes their kind → how many values there are.
    """

    name: str
    rest: Plan
    sizes: Mapping[Name, int] = field(default_factory=dict)


def land_plan(folder: str, name: str, plan: Plan) -> LandedPlan:
    """Land a plan's parts, each sorted as it is.

    Args:
        name: no other plan that is landed there has it.
        folder: that of the run's partitions; "" = they are in memory, and so is the plan.
    """
    if not folder:
        return LandedPlan(name, plan)
    sizes: dict[Name, int] = {}
    for part, line_of in ((part, _LINE_OF.get(part)) for part in _CLASSES):
        for kind in _kinds_of(part):
            values = _of_kind(getattr(plan, part), kind)
            if not values:
                continue
            place = (part, *kind)
            sizes[place] = len(values)
            dump = _adapter(part).dump_json
            _land(folder, place, name, _LINES, _batches(dump(value).decode() for value in values))
            if line_of is not None:
                _land(folder, (*place, "lines"), name, _LINES, _batches(sorted(map(line_of, values))))
    if plan.linked:
        sizes[_LINKED,] = 1
        table = pa.concat_tables(plan.linked)
        _land(folder, (_LINKED,), name, table.schema, table.to_batches(max_chunksize=_ROWS_AT_ONCE))
    return LandedPlan(name, _emptied(plan), sizes)


def with_landed(folder: str, plan: Plan, landed: Collection[LandedPlan]) -> Plan:
    """A plan together with others that were landed and are about different customers; in the order of their names."""
    if not landed:
        return plan
    others = sorted(landed, key=lambda one: one.name)
    if not any(one.sizes for one in others):
        return united([plan, *(one.rest for one in others)])
    whole = united([_emptied(plan), *(one.rest for one in others)])
    parts: dict[str, Any] = {}
    for part in _CLASSES:
        there = getattr(plan, part)
        found = {kind: _merged(folder, part, kind, _of_kind(there, kind), others) for kind in _kinds_of(part)}
        parts[part] = of_kinds(found) if len(found) > 1 else next(iter(found.values()))
        if len(parts[part]) <= many.FIRST:
            parts[part] = tuple(parts[part])
    names = [one.name for one in others if (_LINKED,) in one.sizes]

    def linked() -> Iterator[pa.Table]:
        yield from plan.linked
        for name in names:
            yield pa.Table.from_batches(_read(folder, (_LINKED,), name))

    return replace(whole, **parts, linked=Many(linked, len(plan.linked) + len(names), first=0))


def _emptied(plan: Plan) -> Plan:
    nothing: dict[str, Any] = dict.fromkeys((*_CLASSES, _LINKED), ())
    return replace(plan, **nothing)


def _merged(folder: str, part: str, kind: Name, there: Sequence[Any], others: Sequence[LandedPlan]) -> Many[Any]:
    place, line_of = (part, *kind), _LINE_OF.get(part)
    names = [one.name for one in others if place in one.sizes]
    size = len(there) + sum(one.sizes.get(place, 0) for one in others)
    load = _adapter(part).validate_json

    def values() -> Iterator[Any]:
        return heapq.merge(there, *(map(load, _texts(folder, place, name)) for name in names), key=ORDER[part])

    if line_of is None:
        return Many(values, size)
    mine = _lines_of(there, line_of)

    def lines() -> Iterator[str]:
        return heapq.merge(mine(), *(_texts(folder, (*place, "lines"), name) for name in names))

    return Many(values, size, lines=lines, line_of=line_of)


def _lines_of(values: Sequence[Any], line_of: Callable[[Any], str]) -> Callable[[], Iterator[str]]:
    if isinstance(values, Many) and values.lines is not None:
        return values.lines
    return lambda: iter(sorted(map(line_of, values)))


def _kinds_of(part: str) -> Sequence[Name]:
    return _KINDS if part == "writes" else ((),)


def _of_kind(values: Sequence[Any], kind: Name) -> Sequence[Any]:
    if not kind:
        return values
    if isinstance(values, Many) and values.kinds is not None:
        return values.kinds[kind]
    return [value for value in values if (str(value.direction), value.operation) == kind]


@cache
def _adapter(part: str) -> TypeAdapter[Any]:
    return TypeAdapter(_CLASSES[part])


def _batches(texts: Iterable[str]) -> Iterator[pa.RecordBatch]:
    for some in in_pieces(texts, _ROWS_AT_ONCE):
        yield pa.record_batch([pa.array(some, pa.large_string())], schema=_LINES)


def _texts(folder: str, place: Name, name: str) -> Iterator[str]:
    for batch in _read(folder, place, name):
        yield from batch.column(0).to_pylist()


def _land(folder: str, place: Name, name: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    files, path = _file(folder, place, name)
    how = pa.ipc.IpcWriteOptions(compression="lz4")
    with told_in_words(folder):
        files.makedirs(path.rpartition("/")[0], exist_ok=True)
        with files.open(path, "wb") as target, pa.ipc.new_file(target, schema, options=how) as landed:
            for batch in batches:
                landed.write_batch(batch)


def _read(folder: str, place: Name, name: str) -> Iterator[pa.RecordBatch]:
    files, path = _file(folder, place, name)
    with told_in_words(folder, "read again"):
        try:
            source = files.open(path, "rb")
        except FileNotFoundError as error:
            raise PremiseBroken(
                f"The plan is not there any more: {'-'.join(place)} of {name}, in {folder}.",
                hint="Somebody has removed it, or another run has taken over. Nothing more is written; run again.",
            ) from error
        # a file has an end that says how much it holds: of a stream that was cut between two batches nobody would miss the rest
        with source, pa.ipc.open_file(source) as landed:
            yield from map(landed.get_batch, range(landed.num_record_batches))


def _file(folder: str, place: Name, name: str) -> tuple[Any, str]:
    files, root = fsspec.core.url_to_fs(folder)
    return files, f"{root}/{_FOLDER}/{'-'.join(place)}/{name}.arrow"
