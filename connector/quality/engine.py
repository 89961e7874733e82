"""Great Expectations, loaded late: its import takes 3 to 4 seconds, which a run spends waiting for the two systems anyhow."""

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


def prepare(after_seconds: float = 0) -> threading.Timer:
    """Start importing in a thread of its own, at once or when some time has passed; `great_expectations` waits for it.

    Returns:
        The timer; to cancel it is harmless at any time.
    """
    timer = threading.Timer(after_seconds, great_expectations)
    timer.name, timer.daemon = "import great_expectations", True
    timer.start()
    return timer


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
