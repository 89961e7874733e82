"""Writing customers through the API: POST, PATCH and DELETE."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.business_central.body_reading import read_properties
from sandbox.business_central.entities import CUSTOMERS, EntitySet
from sandbox.business_central.errors import ApiError, dialog, permission_denied, record_not_found
from sandbox.business_central.etags import check_if_match
from sandbox.business_central.rows import Values
from sandbox.business_central.settings import Settings
from sandbox.business_central.store import Store
from sandbox.business_central.templates import apply_template
from sandbox.business_central.validation import Draft


@dataclass(frozen=True)
class Customers:
    """The rules of page "APIV2 - Customers" on top of the store. Every method is one transaction."""

    store: Store
    settings: Settings

    def get(self, customer_id: str) -> Values:
        """The stored row. Raises ApiError (404)."""
        values = self.store.customer(customer_id)
        if values is None:
            raise record_not_found(self.settings.unknown_id_code, CUSTOMERS.caption, customer_id)
        return values

    def create(self, content: Mapping[str, Any], entity: EntitySet = CUSTOMERS) -> Values:
        """Create a customer; returns its row, which holds more than was sent. Raises ApiError (400, 403, 409)."""
        self._check_permission("Insert")
        sent = read_properties(content, entity, self.settings, is_new=True)
        with self.store.database.transaction():
            draft = Draft(self.store.blank_customer(), self.store, self.settings, is_new=True)
            draft.values["id"] = sent.pop("id", draft.values["id"])
            self._enter(draft, sent, entity)
            if not draft.values["displayName"]:
                raise dialog('A "displayName" must be provided.')
            if not draft.values["salespersonCode"]:
                draft.values["salespersonCode"] = self.settings.default_salesperson
            apply_template(draft, sent)
            return self._written(draft)

    def change(
        self, customer_id: str, content: Mapping[str, Any], if_match: str | None, entity: EntitySet = CUSTOMERS
    ) -> Values:
        """Change a customer; returns its row. Raises ApiError (400, 403, 404, 409)."""
        self._check_permission("Modify")
        reads_first = self.settings.first_error_of_a_patch == "body"
        sent = read_properties(content, entity, self.settings, is_new=False) if reads_first else {}
        with self.store.database.transaction():
            if if_match is None and self.settings.missing_if_match_before_unknown_id:
                check_if_match(if_match, "", is_required=True)
            before = self.get(customer_id)
            check_if_match(if_match, before["etag"], is_required=True)
            sent = sent if reads_first else read_properties(content, entity, self.settings, is_new=False)
            draft = Draft(dict(before), self.store, self.settings, is_new=False)
            self._enter(draft, sent, entity)
            if not self.settings.unchanged_patch_is_a_change and _is_same(draft.values, before, entity):
                return before
            return self._written(draft)

    def delete(self, customer_id: str, if_match: str | None) -> None:
        """Delete a customer. Raises ApiError (400, 403, 404, 409): also when ledger entries or documents forbid it."""
        self._check_permission("Delete")
        with self.store.database.transaction():
            values = self.get(customer_id)
            check_if_match(if_match, values["etag"], is_required=self.settings.delete_requires_if_match)
            reason = _why_not_deleted(values)
            if reason:
                raise dialog(f"You cannot delete Customer {values['number']} because {reason}")
            self.store.delete(customer_id)

    def _check_permission(self, right: str) -> None:
        if not self.settings.may_write_customers:
            raise permission_denied(right)

    def _enter(self, draft: Draft, sent: Values, entity: EntitySet) -> None:
        names = list(sent)
        if self.settings.trigger_order == "page":
            names.sort(key=entity.names.index)
        for name in names:
            draft.enter(name, sent[name])

    def _written(self, draft: Draft) -> Values:
        number = draft.values["number"]
        try:
            return self.store.insert(draft.values) if draft.is_new else self.store.save(draft.values)
        except sqlite3.IntegrityError as error:
            field = f"No.='{number}'" if "number" in str(error) else f"SystemId='{{{draft.values['id'].upper()}}}'"
            raise ApiError(
                self.settings.duplicate_number_status,
                "Internal_EntityWithSameKeyExists",
                f"The record in table Customer already exists. Identification fields and values: {field}",
            ) from error


def _is_same(values: Values, before: Values, entity: EntitySet) -> bool:
    return all(values[name] == before[name] for name in entity.names if name != "currencyCode")


def _why_not_deleted(values: Values) -> str:
    if values["projects"]:
        return "there is at least one Project associated to this customer."
    if values["openFiscalYearEntries"]:
        return "it has ledger entries in a fiscal year that has not been closed yet."
    if values["openEntries"]:
        return "there are one or more open ledger entries."
    if values["outstandingDocument"]:
        return f"there is at least one outstanding Sales {values['outstandingDocument']} for this customer."
    return ""
