"""Take a picture of a report with a headless browser: of its top, of the whole page, as on a screen or on paper."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer
from screenshot import BROWSER_FLAGS


def main(
    page: Annotated[Path, typer.Argument(help="HTML page, such as report.html")],
    output: Annotated[Path, typer.Argument(help="PNG to write")],
    width: Annotated[int, typer.Option(help="Pixels")] = 1200,
    height: Annotated[int, typer.Option(help="Pixels")] = 1000,
    top: Annotated[int, typer.Option(help="Pixels to scroll down first")] = 0,
    whole: Annotated[bool, typer.Option("--whole", help="The whole page, however high")] = False,
    paper: Annotated[bool, typer.Option("--paper", help="As it is printed")] = False,
    browser: Annotated[str | None, typer.Option(help="Chromium to drive; one that is installed by default")] = None,
) -> None:
    """Take the picture."""
    from playwright.sync_api import sync_playwright

    found = browser or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=BROWSER_FLAGS)
        window = chromium.new_page(viewport={"width": width, "height": height})
        window.emulate_media(media="print" if paper else "screen")
        window.goto(page.resolve().as_uri())
        window.evaluate(f"window.scrollTo(0, {top})")
        window.screenshot(path=output, full_page=whole)
        chromium.close()


if __name__ == "__main__":
    typer.run(main)
