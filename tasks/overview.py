"""What waits for a person at a webstore, as one artifact: how much of what, where it is to be seen, and which form decides it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    ArtifactCollectionFilter,
    ArtifactCollectionFilterKey,
    DeploymentFilter,
    DeploymentFilterName,
)
from prefect.settings import PREFECT_UI_URL

from connector.core.counting import counted
from connector.desk.open_matters import Matter, open_matters
from connector.run.setup_source import opened_view
from connector.setup import Setup
from tasks.report import artifact_key

__all__ = ["overview_text", "publish_overview"]

# matter → one of it, several, the artifact that shows them, the deployment that decides them, and what to do there
_WORDS: Mapping[str, tuple[str, str, str, str, str]] = {
    "plans": ("plan to approve or reject", "plans to approve or reject", "plan", "", ""),
    "restored": (
        "field of a side that went back in time", "fields of a side that went back in time", "conflicts",
        "review-conflicts", "all at once by *restored*",
    ),
    "conflicts": ("conflict to decide", "conflicts to decide", "conflicts", "review-conflicts", ""),
    "doubts": (
        "customer who may be somebody else by now", "customers who may be somebody else by now", "quarantined",
        "edit-customer-mapping", "*still the same customer*, or *another customer*",
    ),
    "suggestions": (
        "pair that may be the same customer", "pairs that may be the same customer", "ambiguous",
        "suggest-customer-mapping", "with *ask*",
    ),
    "ambiguous": (
        "ambiguous customer", "ambiguous customers", "ambiguous", "suggest-customer-mapping", "with *ask*",
    ),
    "holds": ("customer on hold", "customers on hold", "holds", "release-holds", "when the reason is mended"),
    "quarantined": (
        "customer left out because of the data", "customers left out because of their data", "quarantined", "",
        "mend the data in the system where they are wrong",
    ),
    "orphans": (
        "linked customer gone on one side", "linked customers gone on one side", "orphans", "edit-customer-mapping",
        "*unlink*, or *link* to somebody else",
    ),
    "refused": ("write refused in the last run", "writes refused in the last run", "summary", "",
                "mend what the reason says; the next run tries again"),
}  # fmt: skip
_NAMED_RUNS = 5


def publish_overview(setup: Setup) -> bool:
    """Make the artifact anew if it would say something else than the newest one; gives whether it did.

    Raises:
        StoreError: the store cannot be read.
    """
    with opened_view(setup) as view:
        matters = open_matters(view)
    key = artifact_key("waiting", setup.webstore_code)
    with get_client(sync_client=True) as client:
        newest = client.read_latest_artifacts(
            artifact_filter=ArtifactCollectionFilter(key=ArtifactCollectionFilterKey(any_=[key]))
        )
        before = newest[0].data if newest else None
        if not matters and before is None:
            return False
        text = overview_text(setup.webstore_code, matters, _forms(client, matters))
    if text == before:
        return False
    create_markdown_artifact(key=key, markdown=text)
    return True


def overview_text(webstore_code: str, matters: Sequence[Matter], forms: Mapping[str, str]) -> str:
    """Markdown of what waits. Nothing that customers or servers have written is in it.

    Args:
        forms: deployment → id; one that is not there is named without a link.
    """
    head = f"### What waits for a person: webstore {webstore_code}\n\n"
    if not matters:
        return f"{head}Nothing does."
    base = (PREFECT_UI_URL.value() or "").rstrip("/")
    rows = ["| waits | to see it | to decide it |", "|---|---|---|"]
    for matter in matters:
        one, several, artifact, form, how = _WORDS[matter.name]
        seen = f"[{artifact}]({base}/artifacts/key/{artifact_key(artifact, webstore_code)})"
        link = f"[{form}]({base}/deployments/deployment/{forms[form]}/run)" if form in forms else form
        decided = ", ".join(part for part in (link, how) if part)
        if matter.runs:
            named = matter.runs[:_NAMED_RUNS]
            runs = ", ".join(f"[{run[:8]}]({base}/runs/flow-run/{run})" for run in named)
            more = f" and {len(matter.runs) - len(named)} more" if len(matter.runs) > len(named) else ""
            decided = f"*Resume* on the page of {runs}{more}"
        rows.append(f"| {counted(matter.count, one, several)} | {seen} | {decided} |")
    return head + "\n".join(rows)


def _forms(client: SyncPrefectClient, matters: Collection[Matter]) -> dict[str, str]:
    """The deployments whose forms are linked, and their ids."""
    wanted = sorted({_WORDS[matter.name][3] for matter in matters} - {""})
    if not wanted:
        return {}
    found = client.read_deployments(deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=wanted)))
    return {one.name: str(one.id) for one in found}
