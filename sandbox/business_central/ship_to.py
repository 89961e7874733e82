"""Writing ship-to addresses through a custom page: POST and PATCH below their customer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.business_central.body_reading import read_properties
from sandbox.business_central.entities import EntitySet
from sandbox.business_central.errors import ApiError, dialog, record_not_found
from sandbox.business_central.etags import check_if_match
from sandbox.business_central.rows import Values
from sandbox.business_central.settings import Settings
from sandbox.business_central.store import Store
from sandbox.business_central.validation import Draft

# what a draft of a customer has, and an address has not
_OF_A_CUSTOMER: Values = {"number": "", "taxRegistrationNumber": "", "salespersonCode": ""}


@dataclass(frozen=True)
class ShipTo:
    """The rules of the page on top of the store. Every method is one transaction."""

    store: Store
    settings: Settings

    def create(self, customer_id: str, content: Mapping[str, Any], entity: EntitySet) -> Values:
        """POST below a customer. Raises ApiError (400): a code that the customer has already, or none."""
        sent = read_properties(content, entity, self.settings, is_new=True)
        with self.store.database.transaction():
            code = str(sent.pop("code", ""))
            if not code:
                raise dialog('A "code" must be provided.')
            if self.store.ship_to_addresses.of_customer(customer_id, code):
                raise ApiError(
                    self.settings.duplicate_number_status,
                    "Internal_EntityWithSameKeyExists",
                    f"The record in table Ship-to Address already exists. Identification fields and values: Code='{code}'",
                )
            return self._entered(self.store.ship_to_addresses.blank(customer_id, code), sent, is_new=True)

    def change(
        self,
        customer_id: str,
        address_id: str,
        content: Mapping[str, Any],
        if_match: str | None,
        entity: EntitySet,
    ) -> Values:
        """PATCH below a customer. Raises ApiError (400, 404, 409)."""
        sent = read_properties(content, entity, self.settings, is_new=False)
        with self.store.database.transaction():
            before = next(
                (row for row in self.store.ship_to_addresses.of_customer(customer_id) if row["id"] == address_id), None
            )
            if before is None:
                raise record_not_found(self.settings.unknown_id_code, entity.caption, address_id)
            check_if_match(if_match, before["etag"], is_required=True)
            return self._entered(before, sent, is_new=False)

    def _entered(self, values: Values, sent: Values, *, is_new: bool) -> Values:
        """The same checks and side effects as of the address on a customer's card."""
        draft = Draft({**_OF_A_CUSTOMER, **values}, self.store, self.settings, is_new=is_new)
        for name, value in sent.items():
            if name == "displayName":
                draft.values[name] = value
            else:
                draft.enter(name, value)
        return self.store.ship_to_addresses.write(draft.values)
