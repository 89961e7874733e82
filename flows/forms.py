"""The forms of pauses: what a person fills in, in the Prefect UI, before a run goes on."""

from __future__ import annotations

from enum import StrEnum

from prefect.input import RunInput
from pydantic import Field

__all__ = ["Decision", "PlanApproval", "SignedForm"]


class SignedForm(RunInput):
    """A form that says who has filled it in."""

    name: str = Field(
        default="",
        title="Your name",
        description="Stands in versions, decisions and logs, and where this run is shown.",
    )


class Decision(StrEnum):
    """What becomes of a plan that waits for approval."""

    APPROVE = "approve"
    REJECT = "reject"


class PlanApproval(RunInput):
    """The answer to a plan that waits. Approved is exactly the plan that was shown; what changed since is dropped."""

    decision: Decision = Field(title="Decision", description="approve: write the plan. reject: write nothing.")
    leave_out: str = Field(
        default="",
        title="Customers to leave out",
        description="Business Central numbers or ids, or woo:ID, one a line. They are not written by this run.",
    )
    name: str = Field(default="", title="Your name", description="Stands in the run's summary as who decided.")
