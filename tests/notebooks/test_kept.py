"""The notebooks that are kept: each has all parts of a lecture, is of the present source, and shows its outputs."""

import hashlib
import json
import re

import pytest

from tests.notebooks.conftest import FOLDER

SOURCES = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
FIRST = ["## The question", "## Predict first"]
LAST = ["## What to say in an interview", "## Try this"]
OF_A_MACHINE = re.compile(r"(?<![\w.:/])/(?:home|root|tmp|work|usr|opt|Users|private|var)/|\b0x[0-9a-f]{6,}")

every_notebook = pytest.mark.parametrize("source", SOURCES, ids=[source.stem for source in SOURCES])


def kept(source):
    """The notebook that is kept of a source."""
    return json.loads(source.with_suffix(".ipynb").read_text(encoding="utf-8"))


def outputs(notebook):
    """All outputs of its cells."""
    return [output for cell in notebook["cells"] for output in cell.get("outputs", [])]


def shown(output):
    """What an output says, pictures left out."""
    data = {kind: text for kind, text in output.get("data", {}).items() if not kind.startswith("image/")}
    return "".join("".join(text) for text in [output.get("text", ""), *data.values()])


def test_there_are_notebooks():
    """None is lost, and none is kept without a source."""
    assert SOURCES
    assert sorted(FOLDER.glob("*.ipynb")) == [source.with_suffix(".ipynb") for source in SOURCES]


@every_notebook
def test_it_has_the_parts_of_a_lecture(source):
    """A question, a prediction before anything has run, runs, what to say in an interview, exercises."""
    cells = kept(source)["cells"]
    headings = [
        (number, line)
        for number, cell in enumerate(cells)
        if cell["cell_type"] == "markdown"
        for line in "".join(cell["source"]).splitlines()
        if line.startswith(("# ", "## "))
    ]
    words = [line for _, line in headings]
    assert words[0].startswith("# ")
    assert words[1:3] == FIRST
    assert words[-2:] == LAST
    assert len(words) > 5, "there is nothing between the prediction and the interview"
    predicted = next(number for number, line in headings if line == "## Predict first")
    assert not any(cell.get("outputs") for cell in cells[:predicted]), "the answer stands before the prediction"


@every_notebook
def test_it_is_of_the_present_source(source):
    """Whoever changes a source runs `make notebooks`."""
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    assert kept(source)["metadata"]["tailsim"] == {"source_sha256": digest}


@every_notebook
def test_it_was_executed_from_top_to_bottom(source):
    """Every code cell ran once, in order, and there are pictures."""
    notebook = kept(source)
    counts = [cell["execution_count"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert sum("image/png" in output.get("data", {}) for output in outputs(notebook)) >= 3


@every_notebook
def test_no_output_is_a_warning_or_speaks_of_the_machine(source):
    """No errors, no warnings, no paths of where it ran, no addresses of objects."""
    for output in outputs(kept(source)):
        assert output["output_type"] != "error"
        assert output.get("name") != "stderr"
        assert OF_A_MACHINE.search(shown(output)) is None


@every_notebook
def test_the_index_names_it(source):
    """`notebooks/README.md` links to every notebook."""
    assert f"]({source.stem}.ipynb)" in (FOLDER / "README.md").read_text(encoding="utf-8")
