"""Wrong command lines end with exit status 2 and in plain words, before anything is simulated or written."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from sim.cli import main

WRONG: list[tuple[str, list[str]]] = [
    ("rnu shop.yaml", ["Error: there is no command 'rnu'; did you mean 'run'?"]),
    ("simulate shop.yaml", ["Error: there is no command 'simulate'; known: run, "]),
    ("run", ["Error: Missing argument 'FILE|NAME'."]),
    ("validate", ["Error: Missing argument 'FILE...'."]),
    ("run shop.yaml slowly", ["Error: Got unexpected extra argument (slowly)"]),
    ("run shp.yaml", ["error: there is no such file; did you mean 'shop.yaml'?  shp.yaml"]),
    ("show old/shop.yaml", ["error: there is no folder 'old'  old/shop.yaml"]),
    ("run full", ["error: is a folder; a scenario is one file  full"]),
    (
        "run quickstrt",
        ["error: there is no file and no shipped scenario 'quickstrt'; did you mean 'quickstart'?  quickstrt"],
    ),
    (
        "run broken.yaml",
        [
            "error: sed: 'sed' is not known here; did you mean 'seed'?  broken.yaml:2:1",
            "error: components.api.instances: must be at least 1, not 0  broken.yaml:22:16",
        ],
    ),
    (
        "show broken.yaml",
        [
            "error: sed: 'sed' is not known here; did you mean 'seed'?  broken.yaml:2:1",
            "error: components.api.instances: must be at least 1, not 0  broken.yaml:22:16",
        ],
    ),
    (
        "validate shop.yaml broken.yaml shp.yaml",
        [
            "error: sed: 'sed' is not known here; did you mean 'seed'?  broken.yaml:2:1",
            "error: components.api.instances: must be at least 1, not 0  broken.yaml:22:16",
            "error: there is no such file; did you mean 'shop.yaml'?  shp.yaml",
        ],
    ),
    ("run shop.yaml --set", ["Error: Option '--set' requires an argument."]),
    (
        "run shop.yaml --set seed",
        ["Error: Invalid value for '--set': 'seed' is not PATH=VALUE, such as components.search.instances=8"],
    ),
    (
        "run shop.yaml --set =5",
        ["Error: Invalid value for '--set': '=5' is not PATH=VALUE, such as components.search.instances=8"],
    ),
    ("run shop.yaml --set sed=5", ["error: sed: 'sed' is not known here; did you mean 'seed'?  --set sed"]),
    ("run shop.yaml --set seed=", ["error: seed: is empty  --set seed"]),
    (
        "show shop.yaml --set duration=60",
        ["error: duration: 60 needs a unit; a duration is written like 60ms, 60s, 60m  --set duration"],
    ),
    (
        "run shop.yaml --set components.api.instances=0 --set events[9].at=5s",
        [
            "error: components.api.instances: must be at least 1, not 0  --set components.api.instances",
            "error: events[9].at: events has 2 items, [0] to [1]; there is no [9]  --set events[9].at",
        ],
    ),
    (
        "run shop.yaml --seed -1",
        ["Error: Invalid value for '--seed': -1 is not in the range 0<=x<=9223372036854775807."],
    ),
    ("run shop.yaml --out full", ["error: cannot write results: full: is there already, and not empty"]),
    ("run shop.yaml --out shop.yaml", ["error: cannot write results: shop.yaml: is a file, not a folder"]),
    ("show shop.yaml --format pdf", ["Error: Invalid value for '--format': 'pdf' is not one of"]),
    ("new shop", ["error: shop.yaml exists already, and stays as it is; choose another name: sim new NAME"]),
    ("new old/shop", ["error: old/shop.yaml: No such file or directory"]),
]


@pytest.mark.parametrize(("command", "lines"), WRONG, ids=[command for command, _ in WRONG])
def test_a_wrong_command(folder: Path, command: str, lines: list[str]) -> None:
    """The complaints come last on standard error, whole, one a line; no traceback, no results."""
    shop = (folder / "shop.yaml").read_text()
    (folder / "broken.yaml").write_text(shop.replace("seed: 3", "sed: 3").replace("instances: 3", "instances: 0"))
    (folder / "full").mkdir()
    (folder / "full" / "summary.json").write_text("{}")
    before = sorted(folder.rglob("*"))
    result = CliRunner().invoke(main, command.split(), catch_exceptions=False, prog_name="sim")
    assert result.exit_code == 2
    said = result.stderr.splitlines()[-len(lines) :]
    assert all(line.startswith(wanted) for line, wanted in zip(said, lines, strict=True)), result.stderr
    assert sorted(folder.rglob("*")) == before
    assert (folder / "shop.yaml").read_text() == shop
