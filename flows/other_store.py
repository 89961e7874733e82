"""A store that is empty where one was full: a setup that names another file, or a path that counts from another folder.

The store itself cannot know it. What survives is on the Prefect server: the summary of an earlier run of the same webstore.
"""

from __future__ import annotations

from typing import Any

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactCollectionFilter, ArtifactCollectionFilterKey
from sqlalchemy import make_url

from connector.errors import StoreError
from connector.run.setup_source import opened_view
from connector.setup import Setup
from connector.store import View
from tasks.report import artifact_key

__all__ = ["earlier_store"]

# of a store without a finished run among so many, the mapping table says whether it is new
_RUNS = 50


def earlier_store(setup: Setup) -> str:
    """What is to be said of a store that holds nothing of a webstore of which Prefect shows an earlier run; "" = nothing."""
    try:
        with opened_view(setup) as view:
            if _knows_customers(view):
                return ""
        shown = _summary_of(setup.webstore_code)
    except (StoreError, httpx.HTTPError):  # whoever needs it says so
        return ""
    if shown is None:
        return ""
    store = make_url(setup.store.url).render_as_string(hide_password=True)
    return (
        f"The store {store} holds nothing of webstore {setup.webstore_code}, though Prefect shows a run of it "
        f"({shown:%Y-%m-%d %H:%M}): that had another store, or this one was removed. Name that store in the setup "
        "(store.url), or restore a backup; otherwise customers are matched anew, and who is not recognised is created again."
    )


def _knows_customers(view: View) -> bool:
    """Whether a run has come to its end here, or somebody is mapped; looking and purging leave traces, too."""
    done = any(not run["dry_run"] and run["status"] == "completed" for run in view.runs.recent(_RUNS))
    return done or not view.mapping.current().empty


def _summary_of(code: str) -> Any:
    """When the newest summary of a webstore was published; None = there is none."""
    key = ArtifactCollectionFilterKey(any_=[artifact_key("summary", code)])
    with get_client(sync_client=True) as client:
        found = client.read_latest_artifacts(artifact_filter=ArtifactCollectionFilter(key=key))
    return found[0].updated if found else None
