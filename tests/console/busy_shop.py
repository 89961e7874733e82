"""A shop in which everything waits that can wait, so that every page of the console has something to show."""

from __future__ import annotations

from connector.planning.what_if import what_if
from connector.setup.other_settings import with_settings
from console.serving import Served
from console.tried import Trial
from tests.flows.shop import Shop

__all__ = ["HOSTILE", "filled"]

HOSTILE = "<script>document.title='owned'</script> \u202egnp.exe " + "W" * 60


def filled(shop: Shop, served: Served) -> list[str]:
    """Fill the shop; gives the path of every page, with what stands there."""
    shop.change(policies={"first_link": "ask"})
    shop.keep_extracts()
    linked = []
    for number in range(1, 13):  # WordPress takes a name of 0 for none
        shop.register(f"p{number}@shop.example", f"Person {number}", city="Oslo", phone="+47 22 33 44 55")
        linked.append(shop.employ(f"p{number}@shop.example", f"Person {number}", city="Oslo"))
    hostile = shop.register("hostile@shop.example", f"Bad {HOSTILE[:80]}", city="<b>Bergen</b>")
    shop.register("only.here@shop.example", "Only Webstore")
    shop.employ("nobody@company.example", HOSTILE[:90], ticked=True)
    shop.employ("card.only@company.example", "Only Card")
    shop.sync()
    first = shop.sync()
    accounts = shop.accounts()
    shop.type_in_company(linked[0], city="Bergen", phoneNumber="+47 55 00 00 01")
    shop.type_in_webstore(accounts["p1@shop.example"], city="Trondheim", phone="+47 73 00 00 02")
    shop.type_in_webstore(hostile, city="<i>Voss</i>")
    shop.register("twin@shop.example", "Only Card")
    shop.sync()
    shop.change(pull_webstore_customers="None")
    shop.type_in_webstore(accounts["p2@shop.example"], city="Tromsø")
    shop.type_in_company(linked[2], city="Hamar")
    plan = shop.sync(dry_run=True)
    other = with_settings(
        shop.setup, ["policies.conflict=webstore", "breakers.updates=0", "pull_webstore_customers=All"]
    )
    trial = Trial(what_if(shop.setup, other), HOSTILE, ["policies.conflict=webstore"], ["fields.csv"])
    tried = served.console.webstores["shop"].tried.make(lambda: trial)
    return [
        "/",
        "/shop/mapping",
        "/shop/mapping?filter=conflict",
        "/shop/mapping?filter=only+in+the+webstore&sort=name&desc=yes",
        f"/shop/customers/{linked[0]}",
        f"/shop/customers/{linked[5]}",
        "/shop/suggestions",
        "/shop/conflicts",
        "/shop/runs",
        f"/shop/runs/{first.run_id}",
        "/shop/runs/activity",
        f"/shop/plans/{plan.plan.hash}",
        "/shop/runs/now",
        f"/shop/plans/{plan.plan.hash}?kind=all",
        f"/shop/plans/{plan.plan.hash}/approve",
        "/shop/versions",
        "/shop/versions/2",
        "/shop/versions/compare?older=0&newer=2",
        "/shop/setup",
        "/shop/what-if",
        f"/shop/what-if/{tried}",
        f"/shop/what-if/{tried}?group=1",
        "/enter",
    ]
