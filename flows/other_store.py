"""A store that is empty where one was full: a setup that names another file, or a path that counts from another folder.

The store itself cannot know it. What survives is on the Prefect server: the summary of an earlier run of the same webstore.
"""

from __future__ import annotations

from typing import Any

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.sorting import ArtifactSort
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
            # a run has the same id here and there
            others = [one for one in _summaries_of(setup.webstore_code) if view.runs.show(str(one.flow_run_id)) is None]
    except (StoreError, httpx.HTTPError):  # whoever needs it says so
        return ""
    if not others:
        return ""
    store = make_url(setup.store.url).render_as_string(hide_password=True)
    return (
        f"The store {store} holds nothing of webstore {setup.webstore_code}, though Prefect shows a run of it "
        f"({others[0].created:%Y-%m-%d %H:%M}): that had another store, or this one was removed. Name that store in the setup "
        "(store.url), or restore a backup; otherwise customers are matched anew, and who is not recognised is created again."
    )


def _knows_customers(view: View) -> bool:
    """Whether a run has come to its end here, or somebody is mapped; looking and purging leave traces, too."""
    done = any(not run["dry_run"] and run["status"] == "completed" for run in view.runs.recent(_RUNS))
    return done or not view.mapping.current().empty


def _summaries_of(code: str) -> list[Any]:
    """The newest summaries of a webstore's runs."""
    key = ArtifactFilter(key=ArtifactFilterKey(any_=[artifact_key("summary", code)]))
    with get_client(sync_client=True) as client:
        return list(client.read_artifacts(artifact_filter=key, sort=ArtifactSort.CREATED_DESC, limit=_RUNS))
