"""What axe-core finds wrong with a page, in every rule of WCAG 2.2 AA and of good practice."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_OPTIONS = {
    "runOnly": {"type": "tag", "values": _RULES},
    # Off unless asked for: targets large enough to touch.
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
    # It would ask for what style sheets import at wrong addresses, and put styles into the page.
    "preload": False,
}


def assert_accessible(page: Page) -> None:
    """Fail with the rule and the elements, where a page or the state it is in breaks a rule."""
    found = Axe().run(page, options=_OPTIONS).response["violations"]
    told = [
        f"{rule['id']} ({rule['impact']}): {rule['help']}\n"
        + "\n".join(f"  {node['html']}\n    {node['failureSummary']}" for node in rule["nodes"])
        for rule in found
    ]
    assert not told, f"{page.url}\n" + "\n".join(told)
