"""What people do to an emulator: on the screen at any time, and in the middle of a request because a fault says so."""

import json
from dataclasses import dataclass, field
from typing import Any, Protocol

from sandbox.canned_answers import Answer
from sandbox.faults import Rule
from sandbox.moments import Moment
from sandbox.operations import SeenRequest, System


class PeopleStore(Protocol):
    """What both stores offer to people who do not use the API. Ids: int in the webstore, GUID in Business Central."""

    def people_create(self, record: dict[str, Any], /) -> Any: ...
    def people_update(self, customer_id: Any, changes: dict[str, Any], /) -> None: ...
    def people_delete(self, customer_id: Any, /) -> None: ...
    def people_replace(self, customer_id: Any, record: dict[str, Any], /, *, keep_old: bool) -> tuple[Any, Any]: ...
    def customer_ids(self) -> list[Any]: ...
    def snapshot(self) -> Moment: ...
    def restore(self, moment: Moment) -> None: ...


@dataclass
class PeopleActs:
    """The people of one emulator, and which rows they can see that a client has read."""

    system: System
    store: PeopleStore
    _read_ids: list[Any] = field(default_factory=list)
    _people_acts: int = 0

    def touch(self, identifier: str, changes: dict[str, Any] | None) -> tuple[str, ...]:
        """A person edits the record; one that does not exist is left to the application's 404."""
        key: Any = identifier
        if self.system is System.WEBSTORE and identifier.isdigit():
            key = int(identifier)
        if key not in self.store.customer_ids():
            return ()
        self._people_acts += 1
        note = f"Edited by a person {self._people_acts}"
        if changes is None and self.system is System.WEBSTORE:
            changes = {"billing": {"address_2": note}}
        self.store.people_update(key, {"addressLine2": note} if changes is None else changes)
        return (identifier,)

    def delete_read_rows(self, rule: Rule) -> tuple[str, ...]:
        """People delete customers, by default such as a client has read already; gives their ids."""
        ids = rule.options.get("ids")
        if ids is None:
            existing = self.store.customer_ids()
            rows = int(rule.options.get("rows", 1))
            still_there = set(existing)
            ids = [key for key in self._read_ids if key in still_there][:rows] or sorted(existing)[:rows]
        for key in ids:
            self.store.people_delete(key)
        return tuple(str(key) for key in ids)

    def insert_rows(self, rule: Rule) -> tuple[str, ...]:
        """People add customers; gives their ids."""
        records = rule.options.get("records")
        if records is None:
            records = [self._new_person() for _ in range(int(rule.options.get("rows", 1)))]
        return tuple(str(self.store.people_create(record)) for record in records)

    def _new_person(self) -> dict[str, Any]:
        self._people_acts += 1
        email = f"newcomer{self._people_acts:05d}@paging.example"
        if self.system is System.WEBSTORE:
            return {"email": email, "first_name": "New", "last_name": f"Comer {self._people_acts}"}
        return {"email": email, "displayName": f"New Comer {self._people_acts}"}

    def note_page(self, request: SeenRequest, answer: Answer) -> None:
        """Remember which rows a list has shown. To be called while some fault waits for its later pages."""
        if not request.lists_customers or answer.status != 200:
            return
        content = json.loads(answer.body)
        rows = content if isinstance(content, list) else content.get("value", [])
        ids = [row["id"] for row in rows if "id" in row]
        self._read_ids = [*self._read_ids, *ids] if request.is_later_page else ids
