"""The mapping table against a model: whatever people and runs do, every version stays what it was when it was made."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from connector.errors import InputError
from connector.store import MappingRow, Work, open_store

IDS = st.sampled_from(["a", "b", "c", "d"])
ACCOUNTS = st.integers(1, 4)
STEPS = st.sampled_from(["link", "unlink", "tick", "untick", "set", "clear", "reject", "allow"])


class Mapping(RuleBasedStateMachine):
    """Edits of one to three steps per transaction, restored versions, and transactions that are undone."""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.store = open_store(f"sqlite:///{Path(self.folder.name) / 'store.sqlite'}")
        self.rows: dict[str, MappingRow] = {}
        self.rejected: set[tuple[str, int]] = set()
        self.versions = [(dict(self.rows), set(self.rejected))]

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()

    @rule(steps=st.lists(st.tuples(STEPS, IDS, ACCOUNTS), min_size=1, max_size=3), undone=st.booleans())
    def edit(self, steps: list[tuple[str, str, int]], undone: bool) -> None:
        before = dict(self.rows), set(self.rejected)
        try:
            with self.store.work("shop") as work:
                work.describe(actor="ann", reason="edit")
                for step, bc_id, account in steps:
                    self.step(work, step, bc_id, account)
                if undone:
                    raise ZeroDivisionError
        except (InputError, ZeroDivisionError):
            self.rows, self.rejected = before
        if (self.rows, self.rejected) != self.versions[-1]:
            self.versions.append((dict(self.rows), set(self.rejected)))

    def step(self, work: Work, step: str, bc_id: str, account: int) -> None:
        old = self.rows.get(bc_id)
        if step == "link":
            work.mapping.link(bc_id, f"C{bc_id}", account)
            self.rows[bc_id] = MappingRow(bc_id, f"C{bc_id}", account, True)
        elif step == "tick":
            work.mapping.tick(bc_id, f"C{bc_id}")
            self.rows[bc_id] = MappingRow(bc_id, f"C{bc_id}", old.webstore_id if old else None, True)
        elif step == "reject":
            work.mapping.reject(bc_id, account, "no")
            self.rejected.add((bc_id, account))
        elif step == "allow":
            work.mapping.unreject(bc_id, account)
            self.rejected.discard((bc_id, account))
        elif step == "unlink":
            work.mapping.unlink(bc_id)
            if old and old.webstore_id:
                self.rejected.add((bc_id, old.webstore_id))
            self.rows.pop(bc_id, None)
        elif step == "untick":
            work.mapping.untick(bc_id)
            self.rows.pop(bc_id, None)
            if old and old.webstore_id:
                self.rows[bc_id] = MappingRow(bc_id, old.bc_number, old.webstore_id, False)
        elif step == "clear":
            work.mapping.set_webstore_id(bc_id, None)
            self.rows.pop(bc_id, None)
            if old and old.webstore_customer:
                self.rows[bc_id] = MappingRow(bc_id, old.bc_number, None, True)
        else:
            work.mapping.set_webstore_id(bc_id, account)
            assert old is not None
            self.rows[bc_id] = MappingRow(bc_id, old.bc_number, account, old.webstore_customer)
        row = self.rows.get(bc_id)
        if row and row.webstore_id:
            self.rejected.discard((bc_id, row.webstore_id))

    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        number = data.draw(st.integers(0, len(self.versions) - 1))
        with self.store.work("shop") as work:
            work.describe(actor="ann", reason=f"restore {number}")
            work.mapping.restore(number)
        self.rows, self.rejected = dict(self.versions[number][0]), set(self.versions[number][1])
        if (self.rows, self.rejected) != self.versions[-1]:
            self.versions.append((dict(self.rows), set(self.rejected)))

    @invariant()
    def every_version_is_what_it_was(self) -> None:
        if not hasattr(self, "store"):
            return
        with self.store.view("shop") as view:
            assert view.mapping.version() == len(self.versions) - 1
            assert view.mapping.rejections() == self.rejected
            for number, (rows, _) in enumerate(self.versions):
                ids = dict(view.mapping.as_of(number)[["bc_id", "webstore_id"]].fillna(0).itertuples(index=False))
                assert ids == {row.bc_id: row.webstore_id or 0 for row in rows.values()}
            for version in view.mapping.versions():
                before, after = self.versions[version.number - 1], self.versions[version.number]
                added, removed = after[0].keys() - before[0].keys(), before[0].keys() - after[0].keys()
                changed = [key for key in before[0].keys() & after[0].keys() if before[0][key] != after[0][key]]
                assert (version.added, version.removed, version.changed) == (len(added), len(removed), len(changed))
                assert version.rejections == len(before[1] ^ after[1])
            diff = view.mapping.diff(0, len(self.versions) - 1)
            assert (diff["change"] == "added").sum() == len(self.rows)
            assert (diff["change"] == "rejected").sum() == len(self.rejected)


Mapping.TestCase.settings = settings(
    max_examples=15, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)
)
TestTheMappingTable = Mapping.TestCase
