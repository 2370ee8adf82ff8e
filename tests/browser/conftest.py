"""A browser, pages that may make no mistake, and small servers; without a browser these tests are skipped."""

import shutil
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from made_server import MadeServer

# The shell without a window opens a page for half of the processor time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator:
    """Chromium of this machine."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def serve() -> Iterator[Callable[[str], MadeServer]]:
    """Start a server of made-up looks."""
    servers = []

    def start(kind: str) -> MadeServer:
        servers.append(MadeServer(kind))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(scope="session")
def context_of(browser) -> Callable:
    """A context of the browser for each way to look, which starts its processes once for all pages."""

    @cache
    def made(width: int, height: int, dark: bool, language: str):
        return browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            locale=language,
            accept_downloads=True,
        )

    return made


def close_and_forget(page) -> None:
    """Close a page with all that it has kept at its address, which may be that of a later page."""
    if not page.is_closed():
        origin = page.evaluate("() => location.protocol === 'file:' ? 'file://' : location.origin")
        kept = {"origin": origin, "storageTypes": "all"}
        page.context.new_cdp_session(page).send("Storage.clearDataForOrigin", kept)
        page.close()


@pytest.fixture
def open_page(context_of) -> Iterator[Callable]:
    """Open a page at an address; at the end, it must have shown no error and asked no other host."""
    pages, faults = [], []

    def open_at(
        address: str, width: int = 1280, height: int = 900, dark: bool = False, language: str = "en-US"
    ):
        page = context_of(width, height, dark, language).new_page()
        pages.append(page)
        page.set_default_timeout(60_000)  # of a page that hangs
        page.on(
            "console",
            lambda message: faults.append(message.text) if message.type in ("error", "warning") else 0,
        )
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: refuse_elsewhere(request.url, address, faults))
        page.faults = faults
        page.goto(address)
        return page

    yield open_at
    for page in pages:
        close_and_forget(page)
    assert not faults


def refuse_elsewhere(url: str, address: str, faults: list[str]) -> None:
    near = (
        ("data:", "blob:", address)
        if address.startswith("file:")
        else ("data:", "blob:", address.rsplit("/", 1)[0])
    )
    if not url.startswith(near):
        faults.append(f"asked {url}")


@pytest.fixture
def look(serve, open_page):
    """Open the page on what is made up, and wait until its first look is drawn."""

    def open_on(kind, width=1280, height=900, dark=False, language="en-US"):
        server = serve(kind)
        page = open_page(server.address, width, height, dark, language)
        page.server = server.server
        if kind in ("bottleneck", "plain"):
            page.wait_for_selector(".nothing")
        else:
            page.wait_for_selector(".stage[data-shown]")
        return page

    return open_on
