"""A real Chromium without a window, of this process's own. `make test` installs Debian's where it can."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

NEEDS_CHROMIUM = pytest.mark.skipif(
    not shutil.which("chromium"), reason="no Chromium: `sh tests/install_peers.sh` installs it"
)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """The browser, closed afterwards."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """A page of a folder, and all that it did which no page of ours does."""

    page: Page
    folder: Path
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self.faults.append(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("request", lambda request: self._judge(request.url))
        self.page.on("dialog", self._take_dialog)

    def open(self, path: str) -> Page:
        """Open the page at `path`, which may have a fragment, as a new page does."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.folder.as_uri()}/{path}")
        return self.page

    def _judge(self, url: str) -> None:
        if not url.startswith((self.folder.as_uri(), "about:")):
            self.faults.append(f"request: {url}")

    def _take_dialog(self, dialog: Any) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()


@contextmanager
def visit(browser: Browser, folder: Path, **options: Any) -> Iterator[Visit]:
    """A visit with a profile of its own; `options` are those of a context of Playwright."""
    context = browser.new_context(**options)
    context.set_default_timeout(5_000)
    try:
        yield Visit(context.new_page(), folder)
    finally:
        context.close()
