"""The flow that tests both connections."""

from __future__ import annotations

from typing import Any

from prefect import flow

from connector.core.counting import counted
from connector.core.sentences import sentences
from connector.errors import ConnectionRefused
from flows.flow_run import whole
from flows.naming import run_name
from flows.outcomes import EXPLAINED, Told, concluded
from flows.run_tags import setup_of_run
from flows.setup_choice import SetupChoice
from tasks.administration import test_systems

__all__ = ["connection"]


@flow(name="test-connection", flow_run_name=run_name("test the connections of {setup}"), **EXPLAINED)
def connection(setup: SetupChoice = "setup.toml") -> Told:
    """Test rules, store, webstore and Business Central, and say what is wrong and how to mend it. Writes nothing.

    Args:
        setup: The webstore: its WooCommerce Connector Setup block, or a setup file (….toml).
    """

    def body() -> Any:
        made = setup_of_run(setup)
        findings = test_systems(made.webstore_code, whole(made))
        wrong = [finding for finding in findings if not finding.ok]
        if not wrong:
            warnings = [
                sentences(f"Warning: {finding.what}", finding.remedy) for finding in findings if finding.warning
            ]
            passed = f"All {counted(len(findings), 'check')} of webstore {made.webstore_code} passed."
            return Told(sentences(passed, *warnings), findings)
        message = sentences(*(sentences(f"{finding.system}: {finding.what}", finding.remedy) for finding in wrong))
        return Told(message, findings, ConnectionRefused(message))

    return concluded(setup, body)  # type: ignore[no-any-return]
