"""Results folders read back: what was written is what is read, and what is wrong with a folder is said in one line."""

import itertools
import json
import shutil
from contextlib import suppress
from copy import deepcopy as copy_of

import pandas as pd
import pytest

from sim.experiment import run
from sim.experiment.save import make_manifest, new_folder, write_run
from sim.experiment.saved import NoResult, find_result, read_run
from sim.experiment.summary_shape import what_is_wrong
from sim.metrics import components_timeline, summarize, timeline
from sim.report.explain import explain
from sim.scenario import load

SMALL = """\
scenario: A small shop
duration: 6s
warmup: 1500ms
clients:
  "NA": {traffic: {rate: 40/s}, timeout: 1s, to: shop}
  idle: {traffic: {rate: 1/d}, to: shop}
components:
  shop: {kind: service, instances: 2, workers: 2, work: {exponential: 5ms}}
events:
  - {at: 2s, crash: shop, instances: 1, restart_after: 1s}
objectives: ["p99 < 1s"]
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A run, its scenario and the folder that it left."""
    place = tmp_path_factory.mktemp("work")
    (place / "small.yaml").write_text(SMALL)
    scenario = load(place / "small.yaml")
    result = run(scenario)
    with new_folder(place / "results" / "small-1") as folder:
        write_run(
            scenario, result, summarize(result), make_manifest(scenario, result, ["sim"], {}, ""), folder.building
        )
    return result, scenario, folder.path


@pytest.fixture
def copy(saved, tmp_path, monkeypatch):
    """A copy of the folder that a test can damage, in `results/` of the working directory."""
    monkeypatch.chdir(tmp_path)
    return shutil.copytree(saved[2], tmp_path / "results" / "small-1")


def test_what_was_written_is_what_is_read(saved):
    """Summary and tables are the same to seven digits, whatever names look like; the scenario is as it ran."""
    result, scenario, folder = saved
    back = read_run(folder)
    assert back.summary == json.loads(json.dumps(summarize(result)))
    pd.testing.assert_frame_equal(back.timeline, timeline(result), check_dtype=False, rtol=1e-6)
    pd.testing.assert_frame_equal(back.components, components_timeline(result), check_dtype=False, rtol=1e-6)
    assert set(back.timeline["client"]) == {"NA", "idle"}
    assert back.scenario.document.components == scenario.document.components
    assert back.manifest["seed"] == 1


class TestFind:
    """Where a result is looked for."""

    def test_by_path_and_by_name(self, copy):
        """The name of a folder in results/ is enough."""
        assert find_result(copy) == copy
        assert find_result("small-1").resolve() == copy

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("smal-1", "there is no results folder 'smal-1'; did you mean 'small-1'?"),
            ("results/smal-1", "there is no results folder 'results/smal-1'; did you mean 'small-1'?"),
            ("quickstart", "there is no results folder 'quickstart'; sim run SCENARIO makes one"),
            (
                "results/small-1/summary.json",
                "results/small-1/summary.json is a file; give the results folder that it is in",
            ),
        ],
    )
    def test_a_wrong_name(self, copy, name, message):
        """The nearest right one is offered."""
        with pytest.raises(NoResult) as caught:
            find_result(name)
        assert str(caught.value) == message


def cut(name, length):
    """Cuts a file off."""
    return lambda folder: (folder / name).write_text((folder / name).read_text()[:length])


def replaced(name, old, new):
    """Replaces a text in a file."""
    return lambda folder: (folder / name).write_text((folder / name).read_text().replace(old, new))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda folder: [path.unlink() for path in folder.iterdir()],
            "{folder} is not a results folder: it has no summary.json",
        ),
        (lambda folder: (folder / "timeline.csv").unlink(), "{folder} is incomplete: it has no timeline.csv"),
        (
            lambda folder: (folder / "sweep.csv").touch(),
            "{folder} is the folder of a sweep (sweep.csv); give the folder of one run",
        ),
        (
            lambda folder: (folder / "comparison.json").touch(),
            "{folder} is the folder of a comparison (comparison.json); give the folder of one run",
        ),
        (cut("summary.json", 20), "{folder}/summary.json:2:15 is damaged: unterminated string starting at"),
        (
            lambda folder: (folder / "summary.json").write_text("[]"),
            "{folder}/summary.json is damaged: it is not a mapping",
        ),
        (
            lambda folder: (folder / "summary.json").write_text("{}"),
            "{folder}/summary.json is not the summary of this run: it has no 'scenario'",
        ),
        (
            lambda folder: (folder / "manifest.json").write_bytes(b"\xff\xfe\x00"),
            "{folder}/manifest.json is damaged: it is not JSON",
        ),
        (
            replaced("timeline.csv", "attempts", "tries"),
            "{folder}/timeline.csv is damaged: it has no column 'attempts'",
        ),
        (cut("timeline.csv", 400), "{folder}/timeline.csv is damaged: a value of column"),
        (
            lambda folder: (folder / "timeline.csv").write_text(
                "".join((folder / "timeline.csv").read_text().splitlines(True)[:-1])
            ),
            "{folder}/timeline.csv is damaged: it has 11 rows, not 12",
        ),
        (lambda folder: (folder / "components.csv").write_text(""), "{folder}/components.csv is damaged: No columns"),
        (
            replaced("components.csv", "\n0,shop,0,1", "\n0,shop,0,up"),
            "{folder}/components.csv is damaged: Unable to parse string 'up'",
        ),
    ],
)
def test_a_damaged_folder(copy, damage, message):
    """One line names the file and what is wrong with it."""
    damage(copy)
    with pytest.raises(NoResult) as caught:
        read_run(copy)
    assert str(caught.value).startswith(message.format(folder=copy))
    assert "\n" not in str(caught.value)


def places(value, path=()):
    """Every place in a summary."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


def edited(summary, path, *value):
    """A summary with another value in a place, or without it."""
    changed = copy_of(summary)
    within = changed
    for key in path[:-1]:
        within = within[key]
    if value:
        within[path[-1]] = value[0]
    else:
        del within[path[-1]]
    return changed


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["latency_s", "all", "p99"], [], "it has no 'latency_s.all.p99'"),
        (
            ["latency_s", "all", "p99"],
            ["fast"],
            "'latency_s.all.p99' has to be a number or null, and is the text 'fast'",
        ),
        (["latency_s", "all", "p99"], [None], "'latency_s.all.p99' has to be a number, and is null"),
        (["requests", "offered"], [1.5], "'requests.offered' has to be a count, and is the number 1.5"),
        (["requests", "in_flight"], [7], "'requests.offered' is not what was completed and what is in flight"),
        (["requests", "by_outcome", "ok"], [0], "'requests.completed' is not the sum of its outcomes"),
        (["clients", "NA"], [], "it has no 'clients.NA'"),
        (["clients", "other"], [{}], "'clients.other' has to be … it has no 'clients.other.requests'"),
        (["components"], [[]], "'components' has to be a mapping, and is a list"),
        (["components", "shop", "errors"], ["no"], "'components.shop.errors' has to be a number or null, and is the …"),
        (["events", 0, "end_s"], [99], "'events[0].end_s' is beyond the end of the run"),
        (["objectives", 0, "objective"], ["p98 < 1s"], "'objectives[0].objective': 'p98' is not a metric; did you …"),
        (["objectives", 0, "met"], ["yes"], "'objectives[0].met' has to be true or false, and is the text 'yes'"),
    ],
)
def test_an_edited_summary(copy, path, value, message):
    """It is JSON still, but not what a run leaves: the place and what is wrong with it."""
    file = copy / "summary.json"
    file.write_text(json.dumps(edited(json.loads(file.read_text()), path, *value)))
    with pytest.raises(NoResult) as caught:
        read_run(copy)
    start = f"{file} is not the summary of this run: {message.rpartition('… ')[2].rstrip('…')}"
    assert str(caught.value).startswith(start)


def test_an_instance_that_is_not_in_the_summary(copy):
    """The tables and the summary are of the same run."""
    file = copy / "summary.json"
    summary = edited(json.loads(file.read_text()), ["components", "shop", "instances", "shop[1]"])
    file.write_text(json.dumps(summary))
    with pytest.raises(NoResult, match=r"components\.csv is damaged: it has 12 rows, not 6"):
        read_run(copy)


def test_whatever_is_edited_is_found_out_or_explained(saved, copy):
    """Of every third place: left out, or replaced by another kind of thing. There is never a traceback."""
    document = saved[1].document
    names = {"clients": document.clients, "components": document.components}
    summary = json.loads((copy / "summary.json").read_text())
    wrong = itertools.cycle(["x", None, [], {}, -1, True, 1e9])
    found_out = explained = 0
    for path in itertools.islice(places(summary), 0, None, 3):
        for changed in (edited(summary, path), edited(summary, path, next(wrong))):
            if what_is_wrong(changed, names) is not None:
                found_out += 1
                continue
            (copy / "summary.json").write_text(json.dumps(changed))
            with suppress(NoResult):
                back = read_run(copy)
                explain(back.summary, back.timeline, back.components, back.scenario)
                explained += 1
    assert found_out > 150
    assert explained > 15
