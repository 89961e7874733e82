"""What Prometheus and health checks get of the console: numbers for whoever has a token, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families as parsed

from connector.setup import MetricsSettings
from connector.webhooks.serving import Listening
from console.serving import Served
from tests.console.served import console_of
from tests.flows.shop import Shop

TOKEN = "0123456789abcdef0123456789abcdef"


def asked(served: Served, path: str = "/metrics", token: str = TOKEN, **headers: str) -> requests.Response:
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    return requests.get(served.address + path, headers=headers, timeout=30)


def measured(text: str) -> dict[str, float]:
    """Sample and its labels, in order of their names → value."""
    return {
        " ".join([s.name.removeprefix("customer_sync_"), *(value for _, value in sorted(s.labels.items()))]): s.value
        for family in parsed(text)
        for s in family.samples
    }


def with_token(shop: Shop, reference: str) -> None:
    shop.setup = shop.setup.model_copy(update={"metrics": MetricsSettings(token=reference)})


def test_a_health_check_needs_no_name_and_learns_nothing(served: Served) -> None:
    for answer in (asked(served, "/healthz", ""), asked(served, "/healthz", "", Host="console:8766")):
        assert (answer.status_code, answer.text) == (200, "ok")
    assert requests.post(f"{served.address}/healthz", timeout=10).status_code == 405
    assert requests.get(f"{served.address}/healthz/x", timeout=10).status_code == 404


def test_metrics_are_not_there_until_the_setup_names_a_token(served: Served) -> None:
    assert asked(served).status_code == 404


def test_numbers_are_for_whoever_has_the_token_alone(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n", encoding="utf-8")
    file.chmod(0o600)
    with_token(shop, f"file:{file}")
    shop.register("kari@hansen.example")
    shop.employ("ola@berg.example", "Ola Berg", ticked=True)
    with console_of(shop, name="Ann") as served:
        before = measured(asked(served).text)
        assert before["store_readable shop"] == 1
        assert not [name for name in before if name.startswith("last_run")]
        # of a series that begins with 1 Prometheus cannot see that it grew
        assert before["runs_total false all stopped shop"] == 0
        assert before["writes_total update pull refused shop"] == 0
        made = shop.sync().summary
        shop.sync(dry_run=True)
        answer = asked(served, Host="console:8766")
        assert answer.headers["Content-Type"].startswith("text/plain")
        shown = measured(answer.text)
        assert shown["runs_total false all completed shop"] == 1
        assert shown["runs_total true all completed shop"] == 1
        assert {n: v for n, v in shown.items() if n.startswith("writes_total") and v} == {
            "writes_total create pull confirmed shop": made.pull.created,
            "writes_total create push confirmed shop": made.push.created,
        }
        for system in ("webstore", "business_central"):
            requests_made = sum(
                v for n, v in shown.items() if n.startswith("requests_total") and n.endswith(f"{system} shop")
            )
            assert requests_made >= getattr(made.requests, system) > 0
            assert 0 < shown[f"request_seconds_total {system} shop"] < 60
        assert shown["linked_customers shop"] == 2
        assert shown["customers_read webstore shop"] == 1
        assert shown["last_run_timestamp_seconds all completed shop"] > 1_700_000_000
        assert {
            n.removeprefix("waiting shop "): v for n, v in shown.items() if n.startswith("waiting")
        } == dict.fromkeys(
            ("plans", "conflicts", "suggestions", "quarantined", "holds", "orphans", "ambiguous", "webhook changes"), 0
        )
        for name in ("kari", "hansen", "Ola", "Berg"):
            assert name not in answer.text
        openmetrics = asked(served, Accept="application/openmetrics-text; version=1.0.0")
        assert openmetrics.text.endswith("# EOF\n")
        # another token, none, and the right one in other clothes
        for token in ("", "wrong", TOKEN[:-1], f"{TOKEN}x"):
            refused = asked(served, token=token)
            assert (refused.status_code, refused.text) == (401, "refused")
        file.write_text(f"{TOKEN[::-1]}\n", encoding="utf-8")  # rotated
        assert asked(served).status_code == 401
        assert asked(served, token=TOKEN[::-1]).status_code == 200
        for _ in range(12):
            refused = asked(served, token="guessed")
        assert refused.status_code == 429
        assert asked(served, "/healthz", "").status_code == 200


def test_a_token_that_cannot_be_read_opens_nothing_and_keeps_the_pages(shop: Shop, tmp_path: Path) -> None:
    with_token(shop, f"file:{tmp_path / 'missing'}")
    with console_of(shop, name="Ann", listening=Listening(port=0)) as served:
        assert asked(served).status_code == 404
        assert asked(served, "/", "").status_code == 401


@pytest.mark.parametrize("path", ["/metrics/", "//metrics", "/metrics/..", "/METRICS"])
def test_other_spellings_of_the_path_are_pages(served: Served, path: str) -> None:
    assert asked(served, path).status_code in {401, 404}
