"""The stand-in's page for guests: forms that work without JavaScript."""

from html import escape

from payments.providers.fake_stripe.account import Thing

_FRAME = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width">
<h1>{title}</h1>
<p>This page stands in for Stripe. No money moves.</p>
{body}
</html>"""


def choices(session: Thing, message: str = "") -> str:
    """Returns the page on which the guest pays."""
    amount = (
        f"<p>{session['amount_total']} {escape(session['currency'])} (in minor units)</p>"
        if session["mode"] == "payment"
        else "<p>Your card is stored. Nothing is charged now.</p>"
    )
    told = f'<p role="alert">{escape(message)}</p>' if message else ""
    buttons = _buttons(
        ("pay", "Pay" if session["mode"] == "payment" else "Store the card"),
        ("authenticate", "Pay, and the bank asks"),
        ("decline", "Pay with a card that is declined"),
        ("late", "Pay late"),
    )
    back = session["cancel_url"]
    link = f'<p><a href="{escape(back)}">Back</a></p>' if back else ""
    return _FRAME.format(title="Pay by card", body=amount + told + buttons + link)


def bank() -> str:
    """Returns the page on which the guest's bank asks."""
    return _FRAME.format(
        title="Your bank asks",
        body=_buttons(("confirm", "Yes, it is me"), ("refuse", "No")),
    )


def over(session: Thing) -> str:
    """Returns the page of a session that can no longer be paid."""
    return _FRAME.format(title=f"This payment is {escape(session['status'])}", body="")


def _buttons(*named: tuple[str, str]) -> str:
    inner = "".join(
        f'<p><button name="outcome" value="{value}">{escape(text)}</button></p>'
        for value, text in named
    )
    return f'<form method="post">{inner}</form>'
