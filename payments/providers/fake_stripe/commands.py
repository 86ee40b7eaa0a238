"""Commands over HTTP for a stand-in that is a process of its own, at `/fake/…`."""

from typing import TYPE_CHECKING

from payments.providers.fake_stripe.account import Thing, shown
from payments.providers.fake_stripe.cards import Card
from payments.providers.fake_stripe.faults import StripeRefusal
from payments.providers.fake_stripe.forms import Params, truth, whole

if TYPE_CHECKING:
    from payments.providers.fake_stripe.server import FakeStripe


def carry_out(fake: "FakeStripe", name: str, params: Params) -> Thing:
    """Does what a person or a test in another process asks for. Raises StripeRefusal."""
    match name:
        case "failures":
            fake.failure(
                str(params.get("failure", "")),
                path=str(params.get("path", "")),
                times=whole(params, "times", 1) or 1,
            )
        case "webhooks":
            fake.webhooks.copies = whole(params, "copies", 1) or 1
            fake.webhooks.delay = float(params.get("delay") or 0)
            fake.webhooks.is_reversed = truth(params, "reversed")
            fake.webhooks.is_lost = truth(params, "lost")
        case "refunds":
            return _shown(fake.refund(str(params["ref"]), whole(params, "amount")))
        case "disputes":
            return _shown(fake.dispute(str(params["ref"]), whole(params, "amount")))
        case "closed-disputes":
            made = fake.account.get("dispute", str(params["dispute"]))
            return _shown(fake.close_dispute(made, str(params.get("status") or "lost")))
        case "cards":
            fake.use_card(str(params["card"]), Card(str(params["behaves"])))
        case _:
            raise StripeRefusal(f"Unknown command: {name}.", status=404)
    return {"object": "command", "done": name}


def _shown(thing: Thing) -> Thing:
    told: Thing = shown(thing)
    return told
