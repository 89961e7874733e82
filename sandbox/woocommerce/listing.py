"""Which customers a list shows, in which order: WordPress's query of users.

Filters are combined. The usual lists (one role, nothing else) are answered from the list of ids or from the index of
names; the others look at the rows.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.woocommerce import collation, php
from sandbox.woocommerce.store import ANY_ROLE

if TYPE_CHECKING:
    from sandbox.woocommerce.parameters import ApiRequest
    from sandbox.woocommerce.store import Store


@dataclass(frozen=True)
class Selection:
    """A page of ids and the number of all that the filters let through; `page` is counted from the offset."""

    ids: list[int]
    total: int
    page: int
    per_page: int

    @property
    def pages(self) -> int:
        """How many pages there are in all."""
        return -(-self.total // self.per_page)


@dataclass
class _Conditions:
    parts: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, part: str, *values: Any) -> None:
        self.parts.append(part)
        self.values += values


def select_customers(store: "Store", request: "ApiRequest") -> Selection:
    """The page that the (checked) parameters of a list of customers ask for."""
    per_page: int = request.get("per_page")
    offset: int = request.get("offset") or (request.get("page") - 1) * per_page
    role: str = request.get("role")
    role = ANY_ROLE if role == "all" else role
    descending = request.get("order") == "desc"
    conditions = _conditions(request)
    with store.lock:
        if conditions.parts:
            ids, total = _filtered(store, request, conditions, role, (per_page, offset))
        else:
            ids = _unfiltered(store, request.get("orderby"), role, (per_page, offset), descending=descending)
            total = store.count(role)
    # PHP's ceil of a quotient: an offset inside a page belongs to the page after it.
    return Selection(ids, total, -(-offset // per_page) + 1, per_page)


def _unfiltered(store: "Store", orderby: str, role: str, window: tuple[int, int], *, descending: bool) -> list[int]:
    limit, offset = window
    if orderby == "id":
        return store.ids_by_id(role, offset, limit, descending=descending)
    direction = "DESC" if descending else "ASC"
    if orderby == "name":
        rows = store.select(
            f"SELECT id FROM members WHERE role = ? ORDER BY name_key {direction}, id {direction} LIMIT ? OFFSET ?",  # noqa: S608 - our own words
            (role, limit, min(offset, 2**62)),
        )
    else:
        key = "registered" if orderby == "registered_date" else "collation_key(login)"
        rows = store.select(
            f"SELECT id FROM users WHERE instr(roles, ?) ORDER BY {key} {direction}, id {direction} LIMIT ? OFFSET ?",  # noqa: S608 - our own words
            ("" if role == ANY_ROLE else f'"{role}"', limit, min(offset, 2**62)),
        )
    return [identifier for (identifier,) in rows]


def _conditions(request: "ApiRequest") -> _Conditions:
    conditions = _Conditions()
    include, exclude = request.get("include"), request.get("exclude")
    if include:
        conditions.add(f"u.id IN ({','.join('?' * len(include))})", *include)
    elif exclude:
        conditions.add(f"u.id NOT IN ({','.join('?' * len(exclude))})", *exclude)
    email, search = request.get("email"), request.get("search")
    if not php.is_empty(email):
        _add_email(conditions, email)
    elif not php.is_empty(search):
        _add_search(conditions, php.trim(search).strip("*"))
    return conditions


def _add_email(conditions: _Conditions, email: str) -> None:
    """The account's address as a whole; only a `*` in front stands for anything."""
    wanted = collation.folded(email.strip("*"))
    if email.startswith("*"):
        conditions.add("substr(u.email_key, -length(?)) = ?", wanted, wanted)
    else:
        conditions.add("u.email_key = ?", wanted)


def _add_search(conditions: _Conditions, term: str) -> None:
    """Part of the e-mail when it contains `@`, of login or the whole id when it is a number, else of any account text."""
    wanted = collation.folded(term)
    if "@" in term:
        conditions.add("instr(u.email_key, ?) > 0", wanted)
    elif php.is_numeric(term):
        conditions.add("(instr(u.login_key, ?) > 0 OR u.id = ?)", wanted, php.to_int(term))
    elif term.startswith(("http://", "https://")):
        # Only the address of a user's own site would be looked at; customers have none.
        conditions.add("0")
    else:
        conditions.add("instr(u.haystack, ?) > 0", wanted)


def _filtered(
    store: "Store", request: "ApiRequest", conditions: _Conditions, role: str, window: tuple[int, int]
) -> tuple[list[int], int]:
    limit, offset = window
    if role != ANY_ROLE:
        conditions.add("instr(u.roles, ?) > 0", f'"{role}"')
    where = " AND ".join(conditions.parts)
    direction = "DESC" if request.get("order") == "desc" else "ASC"
    include = request.get("include")
    keys = {"id": "u.id", "name": "u.name_key", "registered_date": "u.registered", "include": "collation_key(u.login)"}
    key = keys[request.get("orderby")]
    rows = store.select(
        f"SELECT u.id FROM users u WHERE {where} ORDER BY {key} {direction}, u.id {direction}",  # noqa: S608 - our own words
        conditions.values,
    )
    ids = [identifier for (identifier,) in rows]
    if include and request.get("orderby") == "include":
        found = set(ids)
        ids = [identifier for identifier in include if identifier in found]
        if direction == "DESC":
            ids.reverse()
    return ids[offset : offset + limit], len(ids)
