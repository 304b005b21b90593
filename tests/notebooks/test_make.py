"""Making a notebook: executed in a fresh kernel, the same file each time, and nothing kept of one that fails."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.notebooks.conftest import FOLDER, load

pytest.importorskip("jupytext")
pytest.importorskip("nbclient")

GOOD = """\
# %% [markdown]
# # One and one

# %%
print(1 + 1)
"""


def run(folder, source, **environment):
    """Writes a source and makes it: the finished process, and the notebook."""
    file = folder / "01_sums.py"
    file.write_text(source, encoding="utf-8")
    command = [sys.executable, str(FOLDER / "make.py"), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)
    return done, file.with_suffix(".ipynb")


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A notebook that was made once: the finished process, and the notebook."""
    done, kept = run(tmp_path_factory.mktemp("good"), GOOD)
    assert done.returncode == 0, done.stderr
    return done, kept


@pytest.fixture
def make(tmp_path, good):
    """The same, with a source that is made beside that notebook."""
    shutil.copy(good[1], tmp_path)
    return lambda source, **environment: run(tmp_path, source, **environment)


def test_a_notebook_holds_its_outputs_and_no_times(make, good):
    """Made twice it is the same file, and the second time nothing is written."""
    text = good[1].read_text(encoding="utf-8")
    notebook = json.loads(text)
    assert [cell["cell_type"] for cell in notebook["cells"]] == ["markdown", "code"]
    assert notebook["cells"][1]["outputs"][0]["text"] == ["2\n"]
    assert notebook["cells"][1]["metadata"] == {}
    again, kept = make(GOOD)
    assert "as before" in again.stdout
    assert kept.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import warnings; warnings.warn('old')", "wrote to stderr:"),
    ],
)
def test_a_cell_that_fails_or_warns_is_named_and_nothing_is_kept(make, good, cell, message):
    """The exit code is 1, the message has the cell, and an older notebook stays as it was."""
    failed, kept = make(f"{GOOD}\n# %%\n{cell}\n")
    assert failed.returncode == 1
    assert cell in failed.stderr
    assert message in failed.stderr
    assert kept.read_bytes() == good[1].read_bytes()


def test_a_notebook_that_takes_too_long_is_not_kept(make, good):
    """What it took is said on the reference core; of an allowance that no kernel can keep, nothing is written."""
    assert re.search(r"written +\d+\.\d s of CPU, \d+\.\d s on the reference core\n", good[0].stdout)
    slow, kept = make(GOOD.replace("1 + 1", "2 + 1"), NOTEBOOK_LIMIT="0.01")
    assert slow.returncode == 1
    assert re.fullmatch(
        r"01_sums\.py: \d+\.\d s of CPU, \d+\.\d s on the reference core; it may take 0\.01 s there\n", slow.stderr
    )
    assert kept.read_bytes() == good[1].read_bytes()


def test_a_core_half_as_fast_has_twice_the_time(monkeypatch):
    """The factor is the mean over the time, relative to the reference core."""
    module = load("make")
    monkeypatch.setattr(module, "_loop", lambda: 2 * module._REFERENCE)
    with module.Pace() as pace:
        pass
    assert pace.factor == 2.0


def test_a_source_that_is_not_there_is_an_error(tmp_path):
    """No traceback."""
    command = [sys.executable, str(FOLDER / "make.py"), str(tmp_path / "none.py")]
    failed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert failed.stderr == f"there is no file {tmp_path / 'none.py'}\n"
