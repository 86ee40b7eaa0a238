"""Makes the pictures of docs/guide from a demonstration of its own, by hand:

python -m tests.browser.pictures
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "guide" / "pictures"
PHONE, DESKTOP = {"width": 390, "height": 760}, {"width": 1180, "height": 760}
MOST_BYTES = 150_000
ADDRESS = re.compile(r"Home +(http://\S+/)")


def main() -> None:
    """Serve, look, and stop."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        environment = os.environ | {"DATA_DIR": folder, "PORT": str(_free_port())}
        with log.open("w") as file:
            command = [sys.executable, str(ROOT / "manage.py"), "serve"]
            server = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
        try:
            base = _address(log)
            secrets = json.loads((Path(folder) / "demonstration.json").read_text())
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
                    args=["--no-sandbox"],
                )
                _take(browser, base, secrets)
                browser.close()
        finally:
            server.terminate()
            server.wait(30)


def _take(browser: Browser, base: str, secrets: dict[str, str]) -> None:
    nights = date.today() + timedelta(days=9)
    guest = _page(browser, base, PHONE)
    guest.goto(f"/venues/harbour-hotel/?check_in={nights}&check_out={nights + timedelta(days=2)}")
    _keep(guest, "choosing")
    home = _page(browser, base, DESKTOP)
    home.goto("/")
    _keep(home, "home")
    driver = _page(browser, base, PHONE)
    _log_in(driver, "driver1@parking.com", secrets)
    driver.goto("/me/parking/")
    _keep(driver, "my-parking")
    lot = _page(browser, base, DESKTOP)
    lot.goto("/venues/city-lot/plan/")
    lot.locator("main svg").first.evaluate("one => one.closest('section, .card').scrollIntoView()")
    _keep(lot, "plan")
    desk = _page(browser, base, DESKTOP)
    desk.goto("/admin/")
    desk.get_by_label("Email").fill("desk@holdfast.example")
    desk.get_by_label("Password").fill(secrets["desk@holdfast.example"])
    desk.get_by_role("button", name="Log in").click()
    desk.get_by_text("Harbour Hotel").click()
    for name, path in (("today", "/admin/today/"), ("timeline", "/admin/timeline/")):
        desk.goto(path)
        _keep(desk, name)


def _page(browser: Browser, base: str, size: dict[str, int]) -> Page:
    context = browser.new_context(
        base_url=base,
        viewport={"width": size["width"], "height": size["height"]},
        color_scheme="light",
    )
    return context.new_page()


def _log_in(page: Page, email: str, secrets: dict[str, str]) -> None:
    page.goto("/accounts/login/")
    page.locator("#id_login").fill(email)
    page.locator("#id_password").fill(secrets[email])
    page.locator("main form button").first.click()
    page.wait_for_load_state()


def _keep(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path)
    size = path.stat().st_size
    print(f"{name}: {size} bytes")  # noqa: T201
    assert size < MOST_BYTES, f"{name} is larger than {MOST_BYTES} bytes"


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _address(log: Path) -> str:
    for _ in range(600):
        found = ADDRESS.search(log.read_text())
        if found:
            return found[1]
        time.sleep(0.2)
    raise SystemExit(log.read_text())


if __name__ == "__main__":
    main()
