"""The page of an experiment: the answer first, every text escaped, and an earlier page replaced as a whole."""

import html
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from sim.report.experiments import FIGURES_OF, summary_lines, write_experiment
from sim.report.experiments.page import render_experiment
from sim.report.experiments.sheets import make_sheets
from sim.report.experiments.write import kind_of
from tests.report.experiment_studies import STUDIES, balancers, failed, fewest_workers, rates_and_workers
from tests.report.experiment_studies import words as one_run_each
from tests.report.test_html_in_chromium import BROWSER, browse

MANIFEST: dict[str, Any] = {
    "command": ["sim", "compare", "shop.yaml", "--vary", "components.api.instances=2,4"],
    "started": "2026-01-01T10:00:00+0000",
    "numpy": "2.1",
    "objectives": [],
}
FRAMES = """<!DOCTYPE html><title>measuring</title><body style="margin:0">
{frames}
<script>
addEventListener("load", () => {{
  const measured = [...document.querySelectorAll("iframe")].map(frame => {{
    const inside = frame.contentDocument.documentElement;
    const heights = [...inside.querySelectorAll("figure svg")].map(drawing => drawing.getBoundingClientRect().height);
    const size = parseFloat(getComputedStyle(inside.querySelector("td")).fontSize);
    const cut = [...inside.querySelectorAll(".drawing")].filter(each => each.scrollWidth > each.clientWidth).length;
    return [inside.clientWidth, inside.scrollWidth, heights.filter(height => height > 80).length, cut, size].join(" ");
  }});
  document.title = "measured " + measured.join(", ");
}});
</script>"""


def page_without_figures(study: Any) -> str:
    """The page of a study, for those who only read it."""
    return render_experiment(study, {}, {}, MANIFEST, {})


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a study's report, which is written once."""

    @cache
    def write(name: str) -> Path:
        folder = tmp_path_factory.mktemp(name)
        write_experiment(STUDIES[name](), MANIFEST, folder)
        return folder

    return write


@pytest.fixture(scope="module")
def shown(written: Callable[[str], Path]) -> str:
    """The page of three balancers."""
    return (written("balancers") / "report.html").read_text(encoding="utf-8")


def words(page: str) -> str:
    """What a reader sees of a page."""
    text = re.sub(r"<style>.*?</style>|<wbr>", "", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).replace("\xa0", " ").split())


@pytest.mark.parametrize("name", ["balancers", "rates_and_workers", "fewest_workers"])
def test_answer_tables_and_figures_are_in_the_page_and_on_disk(name: str, written: Callable[[str], Path]) -> None:
    """The sentences come first, then every cell of every table, and each figure that applies."""
    study = STUDIES[name]()
    folder = written(name)
    page = (folder / "report.html").read_text(encoding="utf-8")
    text = words(page)
    places = [text.index(" ".join(line.split())) for line in summary_lines(study)]
    assert places == sorted(places)
    assert places[0] < 400
    for sheet in make_sheets(study):
        for row in sheet.rows:
            assert " ".join(" ".join(cell.text for cell in row).split()) in text
    applying = {key for key, plot in FIGURES_OF[kind_of(study)].items() if plot.is_about(study)}
    assert set(re.findall(r'<figure id="figure-(\w+)"', page)) == applying
    assert {path.name for path in (folder / "figures").iterdir()} == {
        f"{key}.{ending}" for key in applying for ending in ("svg", "png")
    }
    assert {path.name for path in folder.iterdir()} == {"figures", "report.html"}


def test_the_page_says_how_the_experiment_was_made(shown: str) -> None:
    """What was varied, seeds, command, scenario, and how to read the intervals; empty entries are left out."""
    text = words(shown)
    assert "components.api.balancer.algorithm round_robin, least_connections, least_response_time" in text
    assert "Seeds 1 to 4, the same for every variant." in text
    assert "sim compare shop.yaml --vary components.api.instances=2,4" in text
    assert "95% confidence interval" in text
    assert "events: - {at: 20s" in text
    assert "objectives" not in text.split("How it was run")[1]


def test_what_single_runs_cannot_say_is_not_explained() -> None:
    """Without replications there is no ± and no interval to read."""
    assert "±" in words(page_without_figures(rates_and_workers()))
    text = words(page_without_figures(one_run_each()))
    assert "Each figure is of a single run" in text
    assert "±" not in text


def test_the_page_loads_nothing_and_runs_nothing(shown: str) -> None:
    """A policy forbids it, and there is nothing that would."""
    assert "default-src 'none'" in shown
    assert "<script" not in shown
    assert not re.search(r'(src|href)="(?!#|data:image/png;)', shown)
    assert "@import" not in shown


def test_strange_names_are_text(written: Callable[[str], Path]) -> None:
    """Names of variants are shown as they are written, in tables and figures, and never become mark-up."""
    page = (written("strange") / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<script>alert(1)</script>" in words(page)
    assert "$\\frac{1}{0}$ {x} 検索" in words(page)
    assert "\x07" not in page


def test_failed_runs_have_a_section(shown: str) -> None:
    """Each with its parameters, its seed and its reason, escaped."""
    page = page_without_figures(failed())
    assert "<b>no</b>" not in page
    assert "round_robin, seed 1: ValueError: <b>no</b> & so on" in words(page)
    assert 'id="failed"' not in shown


def test_a_page_that_is_written_again_leaves_nothing_of_the_earlier_one(
    written: Callable[[str], Path], tmp_path: Path
) -> None:
    """Figures that no longer apply are gone, and other files of the folder are left alone."""
    copytree(written("balancers"), tmp_path, dirs_exist_ok=True)
    (tmp_path / "comparison.json").write_text("{}")
    page = write_experiment(fewest_workers(), MANIFEST, tmp_path).read_text(encoding="utf-8")
    assert "least_connections" not in page
    assert {path.stem for path in (tmp_path / "figures").iterdir()} == {"search", "utilization"}
    assert {path.name for path in tmp_path.iterdir()} == {"figures", "report.html", "comparison.json"}


def test_an_interrupted_page_leaves_the_earlier_one_as_it_was(written: Callable[[str], Path], tmp_path: Path) -> None:
    """Ctrl-C before the second figure: every byte of the first report is still there, and nothing else."""
    copytree(written("fewest_workers"), tmp_path, dirs_exist_ok=True)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    left = iter([None])

    def interrupt() -> None:
        if next(left, "stop") == "stop":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_experiment(balancers(), MANIFEST, tmp_path, interrupt)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert {path.name for path in tmp_path.iterdir()} == {"figures", "report.html"}


@pytest.mark.chromium
@pytest.mark.skipif(BROWSER is None, reason="no browser on PATH")
def test_pages_fit_a_telephone_and_a_desktop(written: Callable[[str], Path], tmp_path: Path) -> None:
    """Nothing overflows sideways, no figure is cut, all have a visible size, and the console stays empty."""
    frames, expected = [], []
    for name in ("strange", "rates_and_workers", "fewest_workers"):
        study = STUDIES[name]()
        page = html.escape((written(name) / "report.html").read_text(encoding="utf-8"))
        for width in (390, 1280):
            frames.append(f'<iframe width="{width}" height="2000" style="border:0" srcdoc="{page}"></iframe>')
            expected.append((width, sum(plot.is_about(study) for plot in FIGURES_OF[kind_of(study)].values())))
    frame = tmp_path / "frames.html"
    frame.write_text(FRAMES.format(frames="\n".join(frames)), encoding="utf-8")
    shown = browse(frame, tmp_path / "profile", "--window-size=1400,2000", "--dump-dom")
    found = re.search(r"<title>measured ([^<]*)</title>", shown.stdout)
    assert found is not None, shown.stdout[:500]
    for measured, (width, figures) in zip(found[1].split(", "), expected, strict=True):
        inner, content, drawings, cut, size = map(float, measured.split())
        assert inner == width
        assert content <= inner
        assert drawings == figures
        assert cut == 0
        assert size >= 13.0
    assert [line for line in shown.stderr.splitlines() if "CONSOLE" in line] == []
