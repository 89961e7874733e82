"""The readiness report: read both systems, look what is in them, write nothing."""

from __future__ import annotations

from prefect import flow

from connector.quality import prepare
from flows.naming import run_name
from flows.opening import THREADS, opened_run
from flows.outcomes import HOOKS, Told, concluded
from flows.setups import resolve_setup
from tasks.extract import confirm_missing, extract_business_central, extract_webstore
from tasks.readiness import report_readiness
from tasks.validate import check_extracts, validate_extracts

__all__ = ["readiness"]


@flow(name="readiness", flow_run_name=run_name("readiness of {setup}"), task_runner=THREADS, **HOOKS)
def readiness(setup: str = "setup.toml") -> Told:
    """Say what the first synchronisation would meet and do. Writes nothing in either system.

    Args:
        setup: Name of a WooCommerce Connector Setup block, or path of a setup file (….toml).
    """
    return concluded(setup, lambda: _told(setup))  # type: ignore[no-any-return]


def _told(setup_name: str) -> Told:
    prepare()
    with opened_run(resolve_setup(setup_name), True, "readiness") as opened:
        run = opened.run
        reading = extract_webstore.submit(run)
        business_central = extract_business_central.submit(run).result()
        webstore = reading.result()
        seconds = opened.seconds
        check_extracts(run, webstore, business_central, True)
        missing = confirm_missing(run, webstore, business_central)
        validated = validate_extracts(run, webstore, business_central, missing, False)
        report = report_readiness(run, webstore, business_central, validated, seconds)
        report |= {"run_id": run.run_id, "seconds": round(opened.seconds, 2)}
        opened.summary = {name: report[name] for name in ("forecast", "with_everything_on", "seconds")}
        opened.status = "completed"
    found = sum(1 for check in report["checks"] if check["count"])
    return Told(f"{found} findings; nothing was written", report)
