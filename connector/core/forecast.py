"""How many calls a plan takes, and about how long: so that nobody starts what will not be done by the morning.

The seconds are what WooCommerce 10.5 took on two cores (batch of 100 updates 1.4 s, of 50 creates 5 s, page of 100 0.4 s)
and Business Central online takes at its limits (about 0.15 s a write inside `$batch`); a real host may differ by half.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from connector.core import batch_sizes
from connector.core.customer import Direction
from connector.core.plan import Plan

__all__ = ["Forecast", "forecast_of"]

_PAGE, _UPDATES, _CREATES = 0.4, 1.4, 5.0
_COMPANY_WRITE, _COMPANY_READ = 0.15, 0.5


@dataclass(frozen=True)
class Forecast:
    """What the first synchronisation would do, in numbers of customers, calls and minutes.

    Attributes:
        asked: customers and fields that wait for a person: ambiguous customers, conflicts.
        calls: requests of reading and writing; minutes: about how long they take.
    """

    linked: int
    created_in_webstore: int
    created_in_business_central: int
    updated_in_webstore: int
    updated_in_business_central: int
    asked: int
    account_mails: int
    quarantined: int
    withheld: int
    calls: int
    minutes: float


def forecast_of(plan: Plan, *, reading_calls: int, reading_seconds: float, accounts: int) -> Forecast:
    """Foresee a plan.

    Args:
        reading_calls, reading_seconds: what reading both systems took.
        accounts: how many the webstore has, of any role: before creates their e-mails are looked up.
    """
    pushed, created = len(plan.of(Direction.PUSH, "update")), len(plan.of(Direction.PUSH, "create"))
    pulled, made = len(plan.of(Direction.PULL, "update")), len(plan.of(Direction.PULL, "create"))
    push_batches, create_batches = (
        math.ceil(pushed / batch_sizes.WEBSTORE),
        math.ceil(created / batch_sizes.WEBSTORE_CREATES),
    )
    lookups = min(created, max(math.ceil(accounts / batch_sizes.WEBSTORE), 1))
    pull_batches, made_batches = math.ceil(pulled / batch_sizes.COMPANY), math.ceil(made / batch_sizes.COMPANY)
    calls = reading_calls + 2 * push_batches + create_batches + lookups + pull_batches + 2 * made_batches
    webstore = push_batches * (_UPDATES + _PAGE) + create_batches * _CREATES + lookups * _PAGE
    company = (pulled + made) * _COMPANY_WRITE + made_batches * _COMPANY_READ
    waiting = {(s.bc_id, s.webstore_id, s.field) for s in plan.conflicts}
    return Forecast(
        linked=len(plan.links),
        created_in_webstore=created,
        created_in_business_central=made,
        updated_in_webstore=pushed,
        updated_in_business_central=pulled,
        asked=len(waiting) + sum(len(a.webstore_ids) + len(a.bc_ids) for a in plan.ambiguous),
        account_mails=plan.account_mails,
        quarantined=len({(q.bc_id, q.webstore_id) for q in plan.quarantined}),
        withheld=len({(s.bc_id, s.webstore_id) for s in plan.standing if s.kind == "withheld"}),
        calls=calls,
        # both directions are written at the same time
        minutes=round((reading_seconds + max(webstore, company)) / 60, 1),
    )
