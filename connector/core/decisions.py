"""What a person decided about a conflict, and when that decision still holds.

A decision is made on two values: the webstore's and Business Central's. It is applied while both sides still hold what
the person saw (or already hold what the person chose, when a run was interrupted half-way). If somebody has edited the
field since, the decision is stale: it is dropped and the conflict is asked again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Applied", "Decision", "applied"]


@dataclass(frozen=True)
class Decision:
    """One field of one pair, decided once.

    Attributes:
        take: "webstore", "business-central", or "value" for a text that the person typed.
        value: the typed text (canonical); "" for the other two.
        webstore_seen, business_central_seen: the canonical values on which it was decided.
    """

    take: str
    value: str = ""
    webstore_seen: str = ""
    business_central_seen: str = ""


@dataclass(frozen=True)
class Applied:
    """What a decision makes of a conflict.

    Attributes:
        push, pull: the canonical value to be written in the webstore, in Business Central; None = that side stays.
        stale: the decision does not fit any more; the conflict stands.
    """

    push: str | None = None
    pull: str | None = None
    stale: bool = False


def applied(decision: Decision, webstore: str, business_central: str, key: Callable[[str], str]) -> Applied:
    """Apply a decision to the values that stand now.

    Args:
        webstore, business_central: canonical values now.
        key: the field's normaliser.
    """
    chosen = {
        "webstore": decision.webstore_seen,
        "business-central": decision.business_central_seen,
        "value": decision.value,
    }[decision.take]
    fits_w = key(webstore) in {key(decision.webstore_seen), key(chosen)}
    fits_c = key(business_central) in {key(decision.business_central_seen), key(chosen)}
    if not (fits_w and fits_c):
        return Applied(stale=True)
    return Applied(
        push=None if key(webstore) == key(chosen) else chosen,
        pull=None if key(business_central) == key(chosen) else chosen,
    )
