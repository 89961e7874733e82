"""Where a Prefect server is configured, what writes becomes a run there; plans are made in the console's own process."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from connector.run.request import Answer
from tests.console.served import Visitor, console_of, settled
from tests.flows.shop import Shop


@dataclass
class Server:
    """A server that keeps what it is asked to start."""

    started: list[dict[str, Any]] = field(default_factory=list)

    def start(self, setup: str, **how: Any) -> str:
        self.started.append({"setup": setup, **how})
        return "http://127.0.0.1/runs/flow-run/1"

    def answer(self, run_id: str, answer: Answer) -> bool:
        return False

    def next_run(self, setup: str) -> datetime | None:
        return datetime(2031, 5, 4, 3, 2, tzinfo=UTC)


def test_what_writes_is_handed_to_the_server(shop: Shop) -> None:
    card = shop.employ("ola@company.example", "Ola Hansen", ticked=True)
    server = Server()
    with console_of(shop, name="Ann", prefect=server) as served:
        ann = Visitor(served)
        assert "2031-05-04 03:02" in ann.get("/").text
        ann.send("/", "/shop/synchronize", ("plan", "yes"))
        settled(served)
        assert server.started == [] and served.console.webstores["shop"].runs.going is not None
        said = ann.send("/", "/shop/synchronize", ("now", "yes")).text
        assert "handed to Prefect" in said and "flow-run/1" in said
        preview = ann.send("/shop/mapping", "/shop/mapping/edit", ("edit", "synchronize"), ("row", card))
        form = preview.text.partition('action="/shop/mapping/do"')[2]
        fields = [part.partition('"')[::2] for part in form.split('type="hidden" name="')[1:]]
        ann.post("/shop/mapping/do", [(name, rest.split('value="')[1].partition('"')[0]) for name, rest in fields])
    expected = {"setup": "shop", "dry_run": False, "approved_plan": None, "leave_out": [], "actor": "Ann"}
    assert server.started == [{**expected, "customers": None}, {**expected, "customers": [card]}]
    assert shop.writes() == []
