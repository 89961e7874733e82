"""Under which terms a run decides: flags, policies, rules, templates, holds, and what people decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from connector.core.acceptance import payload_refusals, refusal
from connector.core.customer import Direction, FieldRules, Side
from connector.core.decisions import Decision
from connector.core.geography import Geography
from connector.core.matching import Ladder
from connector.core.merge import FieldPolicy, Gates
from connector.core.refusals import Refusal

__all__ = ["Flags", "Terms"]


@dataclass(frozen=True)
class Flags:
    """The setup's flags as the engine needs them. `pull` is "All", "Mapped Only" or "None"; `push` one of the last two."""

    push: str
    pull: str
    policy: FieldPolicy

    def gates(self, ticked: np.ndarray[Any, np.dtype[np.bool_]]) -> Gates:
        """Open directions per pair: a pair whose Webstore Customer box is not ticked is never pushed."""
        push_open = ticked if self.push == "Mapped Only" else np.zeros_like(ticked)
        pull_open = {"All": np.ones_like(ticked), "Mapped Only": ticked}.get(self.pull, np.zeros_like(ticked))
        return Gates(push=push_open, pull=pull_open)

    def gate_text(self, direction: Direction, ticked: bool) -> str:
        """Which gate keeps a change from being written."""
        value = self.push if direction is Direction.PUSH else self.pull
        name = "Push Webstore Customers" if direction is Direction.PUSH else "Pull Webstore Customers"
        if value != "None" and not ticked:
            return "the customer is not ticked as Webstore Customer"
        if value == "None":
            return f"{name} = None"
        return "the field map closes this direction"


@dataclass(frozen=True)
class Terms:
    """Under which rules one run decides.

    Attributes:
        holds: (customer key, direction) that this run leaves out, with what was refused last (None = nobody remembers): a
            hold is one of that very write, and ends when the values are others.
        templates: properties of new Business Central customers by (country, state); the most specific wins: country and
            state, country alone, ("", "").
        decisions: what people decided about conflicts, by (Business Central id, webstore id, field).
        create_accounts: False = nobody new is created in the webstore, since the shop would mail them.
        username: "generated", "email" or "mapping": the user name of created accounts.
        copy_billing_to_shipping: created accounts get their billing address as shipping address, too.
        ladder: which evidence links unmapped customers and which only suggests.
    """

    rules: FieldRules
    flags: Flags
    geography: Geography
    holds: Mapping[tuple[str, str], Refusal | None] = field(default_factory=dict)
    templates: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    decisions: Mapping[tuple[str, int, str], Decision] = field(default_factory=dict)
    create_accounts: bool = True
    username: str = "generated"
    copy_billing_to_shipping: bool = False
    ladder: Ladder = field(default_factory=Ladder)

    def template(self, fields: Mapping[str, str]) -> Mapping[str, Any]:
        """The default properties of a customer to be created in Business Central."""
        country, state = fields.get("country", ""), fields.get("state", "").upper()
        places = ((country, state), (country, ""), ("", ""))
        return next((self.templates[place] for place in places if place in self.templates), {})

    def refusals(
        self,
        target: Side,
        values: Mapping[str, str],
        there: Mapping[str, str],
        body: Mapping[str, Any],
        *,
        creating: bool,
    ) -> dict[str, str]:
        """Why the target cannot keep these values: field → reason, for those that it cannot.

        Args:
            there: canonical values that the customer will have: an address belongs to its country.
            body: the request that would carry them.
        """
        by_name = self.rules.by_name
        reasons = {
            name: refusal(
                target,
                by_name[name],
                value,
                self.geography,
                creating=creating,
                country=there.get(self.rules.country_of(name), "") if by_name[name].normalizer == "state" else "",
            )
            for name, value in values.items()
        }
        found = {name: reason for name, reason in reasons.items() if reason}
        return payload_refusals(target, self.rules, body) | found
