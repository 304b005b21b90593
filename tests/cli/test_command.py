"""The command as a whole: quick to answer, helpful about wrong words, at ease with pipes and plain terminals."""

import subprocess
import sys
from pathlib import Path

import pytest

from sim.cli.group import COMMANDS

HEAVY = ("numpy", "pandas", "matplotlib", "pydantic", "simpy", "rich", "yaml", "jinja2")


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in COMMANDS)], ids=" ".join)
def test_help_is_there_at_once(arguments: list[str]) -> None:
    """Neither numpy nor anything like it is loaded for help."""
    code = f"""
import sys
from sim.cli import main
try:
    main({arguments!r})
except SystemExit as done:
    assert done.code == 0
print("loaded:", [name for name in {HEAVY!r} if name in sys.modules])
"""
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout.endswith("loaded: []\n")
    assert "Usage:" in done.stdout


def test_help_names_every_command(sim) -> None:
    """`sim --help` lists all commands, each with a sentence."""
    lines = sim("--help").stdout.splitlines()
    for name in COMMANDS:
        assert any(line.split()[:1] == [name] and len(line.split()) > 3 for line in lines), name


def test_a_wrong_command_is_answered_with_the_nearest(sim) -> None:
    """A typo costs one line and exit status 2."""
    result = sim("vlidate", "small.yaml")
    assert result.exit_code == 2
    assert "there is no command 'vlidate'; did you mean 'validate'?" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run"], "Missing argument"),
        (["run", "small.yaml", "--set", "duration"], "'duration' is not PATH=VALUE"),
        (["run", "small.yaml", "--set", "=5s"], "'=5s' is not PATH=VALUE"),
        (["run", "small.yaml", "--seed", "-1"], "-1"),
        (["show", "small.yaml", "--format", "pdf"], "'pdf'"),
        (["validate"], "Missing argument"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_options_are_exit_status_2(sim, arguments: list[str], words: str) -> None:
    """What click finds wrong is exit status 2 too, with a usage line."""
    result = sim(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stderr.startswith("Usage: sim ")


def test_a_reader_that_has_seen_enough_is_no_error(start) -> None:
    """`sim list | head -1` ends in silence."""
    process = start("list")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 0
    process.stdout = None


def test_no_colours_where_none_are_wanted(start) -> None:
    """NO_COLOR and pipes get plain text."""
    out, _ = start("show", "small.yaml", NO_COLOR="1", FORCE_COLOR="").communicate(timeout=60)
    assert "\x1b" not in out
    assert "shop" in out


def test_a_terminal_without_unicode_gets_what_it_can_show(start) -> None:
    """An ASCII terminal is no reason to fail."""
    out, err = start("show", "small.yaml", PYTHONIOENCODING="ascii", PYTHONUTF8="0").communicate(timeout=60)
    assert err == ""
    assert "shop" in out
    assert out.isascii()


def test_it_runs_as_a_module_too(start) -> None:
    """`python -m sim` is `sim`."""
    out, _ = start("--help").communicate(timeout=60)
    assert out.startswith("Usage: sim ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("arguments", [["list"], ["--help"], ["show", "quickstart"]], ids=" ".join)
def test_a_full_disk_is_one_line(arguments: list[str]) -> None:
    """The output cannot be written: the reader is told, and the exit status says so."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-m", "sim", *arguments], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (2, "error: cannot write: No space left on device\n")


def test_a_file_that_cannot_be_filled_is_not_left_behind(tmp_path: Path) -> None:
    """No file may have a byte here, as on a full disk."""
    pytest.importorskip("resource")
    code = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); from sim.cli import main; main(['new'])"
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env={"PYTHONPATH": str(root)}
    )
    assert (done.returncode, done.stderr) == (2, "error: scenario.yaml: File too large\n")
    assert list(tmp_path.iterdir()) == []
