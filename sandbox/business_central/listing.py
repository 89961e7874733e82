"""Pages of an entity set: keyset paging by the id of the row that the page before ended with."""

from dataclasses import dataclass
from typing import Any

from sandbox.business_central.database import Database
from sandbox.business_central.entities import EntitySet, Kind, Property
from sandbox.business_central.errors import ApiError
from sandbox.business_central.query_options import Query
from sandbox.business_central.rows import rendered_columns
from sandbox.business_central.settings import Settings


@dataclass(frozen=True)
class Page:
    """Rows as JSON texts; the key of the last one when more rows follow, and how many of $top are left then.

    `total` is the number of all rows that the filter finds, when the request asked for it.
    """

    rows: list[bytes]
    token: str | None
    rows_left: int | None
    total: int | None


@dataclass(frozen=True)
class _Sorting:
    """One column that rows are sorted by. `options` are those of an enum, which is sorted by their order; texts are sorted
    as in a dictionary."""

    name: str
    is_descending: bool = False
    is_text: bool = False
    options: tuple[str, ...] = ()

    @classmethod
    def by(cls, prop: Property, *, is_descending: bool) -> "_Sorting":
        """As a request asks for it."""
        return cls(prop.name, is_descending, prop.kind is Kind.TEXT, prop.options)

    @property
    def column(self) -> str:
        """What is compared, as SQL."""
        if not self.options:
            return f'"{self.name}"'
        cases = " ".join(f"WHEN '{option}' THEN {position}" for position, option in enumerate(self.options))
        return f'(CASE "{self.name}" {cases} ELSE -1 END)'

    @property
    def sql(self) -> str:
        """The same with how it is compared."""
        return f"{self.column} COLLATE dictionary" if self.is_text else self.column


def read_page(database: Database, entity: EntitySet, query: Query, size: int, settings: Settings) -> Page:
    """One page. Raises ApiError (400) for a skiptoken whose row has gone."""
    order = [_Sorting.by(prop, is_descending=is_descending) for prop, is_descending in query.order]
    for name in (entity.order, entity.key):  # rows that are alike stand in the order of the primary key
        if name not in [part.name for part in order]:
            order.append(_Sorting(name))
    where, parameters = ["1"], []
    if query.condition is not None:
        where.append(query.condition.sql)
        parameters += query.condition.parameters
    total = None
    if query.wants_count:
        counted = database.row(f"SELECT count(*) FROM {entity.stored_in} WHERE {' AND '.join(where)}", parameters)
        total = int(counted[0]) if counted else 0
    if query.skiptoken is not None:
        after = _place_of(database, entity, query.skiptoken, order, settings)
        sql, values = _behind(order, after)
        where.append(sql)
        parameters += values
    limit = size if query.top is None else min(size, query.top)
    is_cut = query.top is None or query.top > size
    columns = "body" if query.select is None else ", ".join(("etag", *(f'"{prop.name}"' for prop in query.select)))
    sorting = ", ".join(f"{part.sql}{' DESC' if part.is_descending else ''}" for part in order)
    rows = database.rows(
        f'SELECT "{entity.key}", {columns} FROM {entity.stored_in} WHERE {" AND ".join(where)} '
        f"ORDER BY {sorting} LIMIT ? OFFSET ?",
        (*parameters, limit + is_cut, query.skip),
    )
    has_more = is_cut and len(rows) > limit
    shown = rows[:limit]
    return Page(
        _texts(entity, query, shown),
        shown[-1][0] if has_more and shown else None,
        None if query.top is None else query.top - len(shown),
        total,
    )


def _texts(entity: EntitySet, query: Query, rows: list[Any]) -> list[bytes]:
    if query.select is None:
        return [row[1] for row in rows]
    return rendered_columns(query.select, [row[1:] for row in rows], has_etag=entity.has_etag)


def _place_of(
    database: Database, entity: EntitySet, token: str, order: list[_Sorting], settings: Settings
) -> tuple[Any, ...]:
    columns = ", ".join(part.column for part in order)
    tables = [entity.stored_in]
    if settings.vanished_skiptoken == "continued" and entity.stored_in == "customers":
        tables.append("gone_customers")
    for table in tables:
        row = database.row(f'SELECT {columns} FROM {table} WHERE "{entity.key}" = ?', (token.lower(),))
        if row is not None:
            return tuple(row)
    raise ApiError(400, "SkipTokenIsNoLongerValid", "The skip token is no longer valid. Start the request again.")


def _behind(order: list[_Sorting], place: tuple[Any, ...]) -> tuple[str, list[Any]]:
    """The condition for rows that come after a place in an order, in a form that lets SQLite use an index."""
    sql = "0"
    parameters: list[Any] = []
    for part, value in reversed(list(zip(order, place, strict=True))):
        sign = "<" if part.is_descending else ">"
        sql = f"({part.sql} {sign} ? OR ({part.sql} = ? AND {sql}))"
        parameters = [value, value, *parameters]
    first = order[0]
    return f"({first.sql} {'<=' if first.is_descending else '>='} ? AND {sql})", [place[0], *parameters]
