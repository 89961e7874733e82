"""What Prefect is given: deployments, forms, hooks, names and blocks; no server is needed to read them."""

from __future__ import annotations

import inspect
import re
import tomllib
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from prefect.states import Cancelled, Crashed

from connector.errors import InputError
from connector.run.run import Starter, started_by
from connector.setup import (
    BusinessCentralConnection,
    PullWebstoreCustomers,
    Setup,
    Synchronization,
    UnresolvedSecrets,
    WebstoreConnection,
    load_setup,
    parse_setup,
)
from connector.store import open_store
from flows.blocks import (
    BUSINESS_CENTRAL_SECRETS,
    WEBSTORE_SECRETS,
    BusinessCentralCredentials,
    ConnectorSetup,
    WooCommerceCredentials,
)
from flows.deployments import FLOWS, planned_schedules
from flows.outcomes import HOOKS, close_after
from flows.overrides import ConflictOverride, Overrides, PullOverride, PushOverride, customers_of
from flows.serve import deployments_of

ROOT = Path(__file__).parents[3]
SETUP = """
webstore_code = "{code}"
[webstore]
url = "https://shop.example"
consumer_key = "env:KEY"
consumer_secret = "env:SECRET"
[business_central]
base_url = "https://bc.example/api/v2.0"
company = "CRONUS"
auth = "basic"
username = "ann"
password = "env:PASSWORD"
[synchronization]
minutes_between_runs = {minutes}
timezone = "Europe/Oslo"
enabled = {enabled}
"""


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("KEY", "SECRET", "PASSWORD"):
        monkeypatch.setenv(name, "secret")
    return written(tmp_path, "shop", 30, "true")


def written(folder: Path, code: str, minutes: int, enabled: str) -> Path:
    path = folder / f"{code}.toml"
    path.write_text(SETUP.format(code=code, minutes=minutes, enabled=enabled), encoding="utf-8")
    return path


def test_prefect_yaml_deploys_every_flow_under_its_own_name() -> None:
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    named = {}
    served = {deployment.name: deployment for deployment in deployments_of()}
    assert list(served) == [deployment["name"] for deployment in deployments], "in the order of a day's work"
    for deployment in deployments:
        assert "schedules" not in deployment, "nobody knows here whose setup is there"
        assert deployment["description"] == served[deployment["name"]].description
        assert deployment["tags"] == served[deployment["name"]].tags
        module, _, function = deployment["entrypoint"].partition(":")
        named[deployment["name"]] = getattr(import_module(module.removesuffix(".py").replace("/", ".")), function)
    assert {name: flow.name for name, flow in named.items()} == {flow.name: flow.name for flow in FLOWS}
    for name, flow in named.items():
        given = next(d for d in deployments if d["name"] == name).get("parameters", {})
        assert set(given) <= set(flow.parameters.properties)


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_every_parameter_of_a_form_is_explained(flow: Any) -> None:
    assert flow.description
    unexplained = [name for name, shown in flow.parameters.properties.items() if not shown.get("description")]
    assert not unexplained


def test_the_setup_block_holds_everything_that_a_setup_file_can_say() -> None:
    assert set(Setup.model_fields) <= set(ConnectorSetup.model_fields)


@pytest.mark.parametrize(
    ("section", "model", "basic", "secrets"),
    [
        ("webstore", WebstoreConnection, {"url"}, WEBSTORE_SECRETS),
        (
            "business_central",
            BusinessCentralConnection,
            {"base_url", "company", "token_url"},
            BUSINESS_CENTRAL_SECRETS,
        ),
        ("synchronization", Synchronization, {"push_webstore_customers", "pull_webstore_customers"}, ()),
    ],
)
def test_the_form_shows_what_everybody_fills_in_and_folds_the_rest(
    section: str, model: Any, basic: set[str], secrets: tuple[str, ...]
) -> None:
    form = ConnectorSetup.model_fields[section].annotation
    assert form is not None
    more = form.model_fields["more"].annotation.__args__[0]  # type: ignore[attr-defined, union-attr]
    assert set(form.model_fields) == basic | {"more"}  # type: ignore[attr-defined]
    assert set(more.model_fields) == set(model.model_fields) - basic - set(secrets)
    assert not form.model_fields["more"].is_required()  # type: ignore[attr-defined]


def test_the_forms_labels_are_words() -> None:
    schema = ConnectorSetup.model_json_schema()
    folded = [field for field in schema["properties"].values() if "anyOf" in field]
    assert len(folded) > 8
    assert all(field["anyOf"][0] == {"type": "null"} for field in folded), "the first UI opens the first kind"
    titles = {
        field["title"]
        for part in (schema, *schema["definitions"].values())
        for field in part.get("properties", {}).values()
        if "title" in field
    }
    assert {"URL", "URL of the API", "Verify the certificate", "Minutes Between Runs"} <= titles
    assert not [title for title in titles if re.search(r"Url|Tls|Api|Html|_", title)]


def test_a_block_of_an_earlier_version_says_the_same_as_one_of_the_folded_form(setup: Path) -> None:
    """It had every section in full, and all of a section's values side by side."""
    document = tomllib.loads(setup.read_text(encoding="utf-8"))
    said = parse_setup(document, origin="a file").model_dump(mode="json", exclude_none=True)
    for section, names in (("webstore", WEBSTORE_SECRETS), ("business_central", BUSINESS_CENTRAL_SECRETS)):
        for name in names:
            said[section].pop(name, None)
            document[section].pop(name, None)
    credentials = {
        "webstore_credentials": WooCommerceCredentials(consumer_key="env:KEY", consumer_secret="env:SECRET"),
        "business_central_credentials": BusinessCentralCredentials(username="ann", password="env:PASSWORD"),
    }
    earlier = ConnectorSetup(**credentials, **said)
    now = ConnectorSetup(**credentials, **document)
    assert (now.breakers, now.store) == (None, None)
    assert earlier.setup() == now.setup()
    again = ConnectorSetup(**credentials, **earlier.model_dump(include=set(said), exclude={*credentials}))
    assert again.document() == earlier.document()


def test_a_partners_page_goes_through_the_block(setup: Path) -> None:
    said = {
        "customers_api": "contoso/webshop/v1.0",
        "customers_entity": "webCustomers",
        "ship_to_entity": "shipToAddresses",
        "ship_to_code": "WEB",
    }
    document = tomllib.loads(setup.read_text(encoding="utf-8"))
    keys = {name: document["webstore"].pop(name) for name in ("consumer_key", "consumer_secret")}
    secrets = {name: document["business_central"].pop(name) for name in ("username", "password")}
    document["business_central"] |= {**said, "customers_api": "/api/contoso/webshop/v1.0/", "ship_to_code": "web"}
    block = ConnectorSetup(
        webstore_credentials=WooCommerceCredentials(**keys),
        business_central_credentials=BusinessCentralCredentials(**secrets),
        **document,
    )
    made = block.setup(UnresolvedSecrets())
    for shown in (block.document()["business_central"], made.business_central.model_dump()):
        assert {name: shown[name] for name in said} == said


def test_each_webstore_has_a_schedule_as_its_setup_says(setup: Path, tmp_path: Path) -> None:
    other = written(tmp_path, "outlet", 60, "false")
    planned = planned_schedules([str(setup), str(other)])
    told = [
        (p.synchronize.slug, p.synchronize.interval.total_seconds(), p.synchronize.timezone, p.synchronize.active)
        for p in planned
        if p.synchronize.interval is not None
    ]
    # a person says when they begin
    assert told == [("shop", 1800.0, "Europe/Oslo", False), ("outlet", 3600.0, "Europe/Oslo", False)]
    assert [(p.enabled, p.purge.active) for p in planned] == [(True, True), (False, True)]
    assert planned[1].synchronize.parameters == {"setup": str(other)}
    with pytest.raises(InputError, match=rf"about webstore shop: .*{setup.name} and .*{setup.name}"):
        planned_schedules([str(setup), str(setup)])


def test_hooks_are_named_as_a_worker_calls_them() -> None:
    assert list(inspect.signature(close_after).parameters) == ["flow", "flow_run", "state"]
    assert set(HOOKS) == {"on_failure", "on_crashed", "on_cancellation"}


@pytest.mark.parametrize(("state", "status"), [(Crashed(message="killed"), "crashed"), (Cancelled(), "cancelled")])
def test_a_run_that_could_not_close_itself_is_closed_and_its_webstore_free(
    setup: Path, state: Any, status: str
) -> None:
    made = load_setup(setup)
    store, other = open_store(made.store.url), open_store(made.store.url)
    with store.work("shop") as work:
        work.runs.start("r1", "all", "manual", "ann")
    with store.lease("shop", "run r1"):
        close_after(flow=None, flow_run=SimpleNamespace(id="r1", parameters={"setup": str(setup)}), state=state)
        with other.lease("shop", "run r2"), other.view("shop") as view:
            run = view.runs.show("r1") or {}
    store.close()
    other.close()
    assert run["status"] == status
    assert run["finished_at"] is not None


def test_a_hook_of_a_run_without_a_usable_setup_does_nothing(tmp_path: Path) -> None:
    close_after(None, SimpleNamespace(id="r1", parameters={"setup": str(tmp_path / "gone.toml")}), Crashed())


def test_flags_of_one_run_replace_those_of_the_setup_and_nothing_else(setup: Path) -> None:
    made = load_setup(setup)
    overrides = Overrides(pull=PullOverride.ALL, conflicts=ConflictOverride.NEWEST, max_attempts=0)
    changed = overrides.applied(made)
    assert changed.synchronization.pull_webstore_customers is PullWebstoreCustomers.ALL
    assert str(changed.synchronization.policies.conflict) == "newest"
    assert overrides.words == ["pull All", "conflicts newest", "max attempts 0"]
    assert Overrides().applied(made) == made
    assert Overrides(push=PushOverride.NONE).applied(made).webstore == made.webstore


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("C00010\nC00020\n", ["C00010", "C00020"]),
        ("C00010, woo:17;  anna@shop.example", ["C00010", "woo:17", "anna@shop.example"]),
        ('"C00010"\t"C00010"', ["C00010"]),
        (["No. 1", " C00010 "], ["No. 1", "C00010"]),
        ("", []),
    ],
)
def test_pasted_and_listed_customers_are_understood(given: Any, meant: list[str]) -> None:
    assert customers_of(given) == meant


def test_the_command_line_starts_nothing_by_being_imported() -> None:
    assert started_by.get() is None
    assert Starter().ask is None
