"""Great Expectations, loaded late: its import takes 3 to 4 seconds. A run that surely needs it starts it while it reads."""

from __future__ import annotations

import logging
import os
import threading
import warnings
from types import ModuleType
from typing import Any

import pandas as pd

__all__ = ["batch_of", "great_expectations", "prepare"]

_lock = threading.Lock()


def prepare() -> threading.Thread:
    """Start importing in a thread of its own, which is given back; `great_expectations` waits for it."""
    thread = threading.Thread(target=great_expectations, name="import great_expectations", daemon=True)
    thread.start()
    return thread


def great_expectations() -> ModuleType:
    """The library, imported once, quiet and without telemetry."""
    with _lock:
        os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
        # its import deprecates modules of Python itself; nobody here can do anything about it
        warnings.filterwarnings("ignore", module=r"great_expectations(\.|$)")
        logging.getLogger("great_expectations").setLevel(logging.ERROR)
        import great_expectations as gx  # noqa: PLC0415 - see above

        return gx


def batch_of(frame: pd.DataFrame) -> Any:
    """A frame as what Great Expectations validates; nothing is kept on disk."""
    gx = great_expectations()
    types = gx.data_context.types.base
    stores = types.InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    config = types.DataContextConfig(store_backend_defaults=stores, analytics_enabled=False)
    context = gx.get_context(mode="ephemeral", project_config=config)
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("frames").add_dataframe_asset("frame")
    return asset.add_batch_definition_whole_dataframe("whole").get_batch(batch_parameters={"dataframe": frame})
