"""The page in a browser: at a telephone's and a desktop's width nothing overflows and the console stays empty."""

import html
import re
import shutil
import subprocess
from pathlib import Path

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(BROWSER is None, reason="no chromium, chromium-browser or google-chrome on PATH"),
]
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
    "--v=0",
)
FRAME = """<!DOCTYPE html><title>measuring</title><body style="margin:0">
<iframe id="page" width="{width}" height="2000" style="border:0" srcdoc="{page}"></iframe>
<script>
document.getElementById("page").addEventListener("load", event => {{
  const inside = event.target.contentDocument.documentElement;
  const heights = [...inside.querySelectorAll("figure svg")].map(drawing => drawing.getBoundingClientRect().height);
  const figures = heights.filter(height => height > 80).length;
  const cut = [...inside.querySelectorAll(".drawing")].filter(each => each.scrollWidth > each.clientWidth).length;
  document.title = `measured ${{inside.clientWidth}} ${{inside.scrollWidth}} ${{figures}} ${{cut}}`;
}});
</script>"""


@pytest.fixture(scope="module")
def page(shop_report: Path) -> Path:
    """The shop's page on disk."""
    return shop_report / "report.html"


def browse(address: Path, profile: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Opens a file in a fresh, headless browser."""
    assert BROWSER is not None
    command = [BROWSER, *FLAGS, f"--user-data-dir={profile}", *options, address.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits_its_window(page: Path, tmp_path: Path, width: int) -> None:
    """Nothing to scroll sideways, six figures of a visible size, none of them cut, and not a word on the console."""
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME.format(width=width, page=html.escape(page.read_text(encoding="utf-8"))), encoding="utf-8")
    shown = browse(frame, tmp_path / "profile", "--window-size=1400,2000", "--dump-dom")
    measured = re.search(r"<title>measured (\d+) (\d+) (\d+) (\d+)</title>", shown.stdout)
    assert measured is not None, shown.stdout[:500]
    inner, content, figures, cut = map(int, measured.groups())
    assert inner == width
    assert content <= inner
    assert figures == 6
    assert cut == 0
    assert [line for line in shown.stderr.splitlines() if "CONSOLE" in line] == []


def test_a_screenshot_of_the_page_is_not_blank(page: Path, tmp_path: Path) -> None:
    """The file opens by itself, and there is something to see."""
    picture = tmp_path / "page.png"
    shown = browse(page, tmp_path / "profile", "--window-size=1280,2000", f"--screenshot={picture}")
    assert [line for line in shown.stderr.splitlines() if "CONSOLE" in line] == []
    assert picture.stat().st_size > 50_000
