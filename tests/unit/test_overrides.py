"""An override sets one value of a scenario by its path."""

import copy
from typing import Any

import numpy as np
import pytest

from sim.scenario.choices import Choice
from sim.scenario.overrides import apply_overrides
from sim.scenario.paths import format_path, parse_path
from sim.scenario.source import Source
from sim.scenario.yaml import parse_yaml

TEXT = """\
duration: 3m
network:
  between: {a.b/c: 40ms}
components:
  search: {kind: service, instances: 4, retry: null}
events:
  - {at: 60s, crash: search}
  - {at: 90s, hang: search}
"""


@pytest.fixture
def source() -> Source:
    return parse_yaml(TEXT, "shop.yaml")


def at(source: Source, *path: str | int) -> Any:
    data = source.data
    for segment in path:
        data = data[segment]
    return data


def complaints(source: Source, overrides: dict[str, object]) -> list[str]:
    return [str(problem) for problem in apply_overrides(source, overrides).problems]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("seed", ("seed",)),
        ("components.search.instances", ("components", "search", "instances")),
        ("events[0].at", ("events", 0, "at")),
        ("events.0.at", ("events", "0", "at")),
        ("a[0][12]", ("a", 0, 12)),
        ("regions.us-east/eu-west", ("regions", "us-east/eu-west")),
        ('network.between."a.b/c"', ("network", "between", "a.b/c")),
        (r'a."say \"x\"".b', ("a", 'say "x"', "b")),
        ('"a b".c', ("a b", "c")),
    ],
)
def test_paths(text: str, path: tuple[str | int, ...]) -> None:
    """Names are joined by dots, items are in brackets, odd names in quotes."""
    assert parse_path(text) == path


@pytest.mark.parametrize(
    "text", ["", ".", "a.", ".a", "a..b", "[0]", "a[", "a[x]", "a[-1]", "a]", 'a."b', 'a"b"', "a[0]b", 'a."\\q"']
)
def test_what_is_no_path(source: Source, text: str) -> None:
    """It is reported as it was written, and changes nothing."""
    changed = apply_overrides(source, {text: 1})
    assert changed.data == source.data
    (problem,) = changed.problems
    assert problem.path == text
    assert problem.file == f"--set {text}"


def test_paths_are_written_as_they_are_read() -> None:
    """What a message names can be pasted behind `--set`."""
    assert format_path(("components", "api", "steps", 1, "call")) == "components.api.steps[1].call"
    assert format_path(("between", "a/b", "c d")) == 'between."a/b"."c d"'


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("8", 8),
        ("0.5", 0.5),
        ("5ms", "5ms"),
        ("'8'", "8"),
        ("true", True),
        ("null", None),
        ("{p50: 4ms, p99: 20ms}", {"p50": "4ms", "p99": "20ms"}),
        ("[timeout, 5xx]", ["timeout", "5xx"]),
        (8, 8),
        (True, True),
        (None, None),
        (("a", 1.5), ["a", 1.5]),
        ({"p50": "4ms"}, {"p50": "4ms"}),
        (np.int64(8), 8),
        (np.float64(0.5), 0.5),
    ],
)
def test_values(source: Source, written: object, value: object) -> None:
    """A text is read as YAML, anything else is taken as it is."""
    changed = apply_overrides(source, {"components.search.instances": written})
    assert changed.problems == ()
    got = at(changed, "components", "search", "instances")
    assert got == value
    assert type(got) is type(value)


def test_items_of_a_list(source: Source) -> None:
    """Both ways of writing an index work."""
    changed = apply_overrides(source, {"events[0].at": "5s", "events.1.at": "6s", "events[1].hang": "db"})
    assert changed.problems == ()
    assert changed.data["events"] == [{"at": "5s", "crash": "search"}, {"at": "6s", "hang": "db"}]


def test_a_digit_is_a_key_of_a_mapping(source: Source) -> None:
    """Only lists have items."""
    assert at(apply_overrides(source, {"components.7.kind": "cache"}), "components", "7", "kind") == "cache"


def test_the_source_stays_as_it_is(source: Source) -> None:
    """Many variants are made from one source, which share what no override touches."""
    data, marks = copy.deepcopy(source.data), copy.deepcopy(source.root)
    changed = apply_overrides(source, {"components.search.instances": "8", "events[0].at": "5s", "new.deep.key": 1})
    assert changed.data != source.data
    assert (source.data, source.root) == (data, marks)
    assert changed.data["network"] is source.data["network"]


def test_an_alias_is_overridden_in_one_place() -> None:
    """The other uses of the anchor keep their value."""
    source = parse_yaml("a: &x {n: 1}\nb: *x\n", "x.yaml")
    assert apply_overrides(source, {"b.n": "2"}).data == {"a": {"n": 1}, "b": {"n": 2}}


def test_later_overrides_see_earlier_ones(source: Source) -> None:
    """They are applied in the order given."""
    changed = apply_overrides(source, {"components.db": "{kind: database}", "components.db.connections": "40"})
    assert at(changed, "components", "db") == {"kind": "database", "connections": 40}


def test_an_override_reaches_into_another(source: Source) -> None:
    """Each part is placed at the override that brought it."""
    changed = apply_overrides(source, {"events": "[{at: 1s}, {at: 2s}]", "events[1].at": "3s"})
    assert changed.data["events"] == [{"at": "1s"}, {"at": "3s"}]
    assert changed.mark(("events", 0, "at")).file == "--set events"
    assert changed.mark(("events", 1, "at")).file == "--set events[1].at"


def test_missing_mappings_are_created(source: Source) -> None:
    """So is one that was switched off with null."""
    changed = apply_overrides(source, {"components.search.retry.backoff.base": "1s", "clients.app.to": "search"})
    assert changed.problems == ()
    assert at(changed, "components", "search", "retry") == {"backoff": {"base": "1s"}}
    assert changed.data["clients"] == {"app": {"to": "search"}}
    assert changed.created == (
        ("components", "search", "retry"),
        ("components", "search", "retry", "backoff"),
        ("clients",),
        ("clients", "app"),
    )


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("duration.x", "duration is the text '3m', and nothing can be set inside it; set all of it"),
        (
            "components.search.instances.x.y",
            "components.search.instances is the number 4, and nothing can be set inside it; set all of it",
        ),
        ("events[2].at", "events has 2 items, [0] to [1]; there is no [2]"),
        ("events.99.at", "events has 2 items, [0] to [1]; there is no [99]"),
        ("events.at", "events is a list; name an item by its number, [0] is the first"),
        ("components[0]", "components is a mapping, and [0] is for lists; write .0"),
        ("clients[0]", "clients is not written, so it has no [0]; set all of it"),
        (".".join("a" * 51), "is deeper than 50 levels"),
    ],
)
def test_paths_that_lead_nowhere(source: Source, path: str, message: str) -> None:
    """The message names what stands in the way."""
    assert complaints(source, {path: 1}) == [f"{path}: {message}  --set {path}"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("on", "seed: 'on' is read as a truth value by some YAML readers; write true or quote it"),
        ("1e3", "seed: '1e3' is a number to some YAML readers and a text to others; write 1000 or quote it"),
        (
            "[1, {a: 0x10}]",
            "seed[1].a: '0x10' is a number to some YAML readers and a text to others; write 16 or quote it",
        ),
        ("{a: 1, a: 2}", "seed.a: 'a' is written twice; the first is on line 1"),
        ("[1, 2", "seed: a ',' or the end of the '[' that starts on line 1 is missing"),
        ("", "seed: is empty"),
        (float("nan"), "seed: needs a value that YAML can hold, got nan"),
        ({1: "x"}, "seed: needs a value that YAML can hold, got {1: 'x'}"),
        (b"x", "seed: needs a value that YAML can hold, got b'x'"),
    ],
)
def test_values_are_read_as_strictly_as_files(source: Source, value: object, message: str) -> None:
    """The place of the problem is the override."""
    assert complaints(source, {"seed": value}) == [f"{message}  --set seed"]


def test_a_value_without_end_is_refused(source: Source) -> None:
    """A list can hold itself in Python, but not in YAML."""
    endless: list[object] = []
    endless.append(endless)
    assert complaints(source, {"seed": endless}) == ["seed: is nested deeper than 50 levels  --set seed"]


def test_all_problems_of_all_overrides_are_kept(source: Source) -> None:
    """One wrong override does not hide another, nor what was wrong in the file."""
    broken = parse_yaml("seed: on\n", "shop.yaml")
    assert complaints(broken, {"a..b": 1, "duration": "1:30", "seed": "3"}) == [
        "seed: 'on' is read as a truth value by some YAML readers; write true or quote it  shop.yaml:1:7",
        "a..b: is not a path; write it like components.search.instances or events[0].at  --set a..b",
        "duration: '1:30' is read as 90 by some YAML readers; write 90s or quote it  --set duration",
    ]


def test_places_after_an_override(source: Source) -> None:
    """What it brought is placed at the override, what stood there before in the file."""
    changed = apply_overrides(source, {"components.search.retry.backoff": "{base: 1s}"}, origin="with_")
    label = "with_ components.search.retry.backoff"
    assert str(changed.problem(("components", "search", "retry", "backoff", "base"), "no")).endswith(f"no  {label}")
    assert str(changed.problem(("components", "search", "retry", "attempts"), "no")).endswith(f"no  {label}")
    assert str(changed.problem(("components", "search"), "no", key=True)).endswith("no  shop.yaml:5:3")
    assert str(changed.problem(("components", "search", "instances"), "no")).endswith("no  shop.yaml:5:38")


BALANCED = """\
api:
  balancer:
    algorithm: ring
    key: path
    nodes: 100
    panic: 50%
"""
BALANCER = {"balancer": Choice("algorithm", {"ring": {"key", "nodes"}, "maglev": {"key"}, "random": {}})}


def balancer(overrides: dict[str, object], text: str = BALANCED) -> tuple[Any, list[str]]:
    """What is left of a balancer, and what was left out of it."""
    changed = apply_overrides(parse_yaml(text, "shop.yaml"), overrides, choices=BALANCER)
    assert changed.problems == ()
    return changed.data["api"]["balancer"], [str(problem) for problem in changed.left_out]


@pytest.mark.parametrize(
    ("word", "kept", "left_out"),
    [
        ("ring", ["key", "nodes", "panic"], []),
        ("maglev", ["key", "panic"], ["nodes"]),
        ("random", ["panic"], ["key", "nodes"]),
        ("rign", ["key", "nodes", "panic"], []),
        ("[ring]", ["key", "nodes", "panic"], []),
    ],
)
def test_another_word_leaves_out_what_it_does_not_read(word: str, kept: list[str], left_out: list[str]) -> None:
    """What it reads and what does not depend on it stays; an unknown word leaves all as it is."""
    data, gone = balancer({"api.balancer.algorithm": word})
    assert list(data) == ["algorithm", *kept]
    lines = {"key": "4:5", "nodes": "5:5"}
    assert gone == [
        f"api.balancer.{key}: left out, for {word} does not read it  shop.yaml:{lines[key]}" for key in left_out
    ]


def test_what_an_override_has_set_is_never_left_out() -> None:
    """Neither before the word nor after it, nor in a mapping of its own: validation will say that it means nothing."""
    for overrides in (
        {"api.balancer.key": "host", "api.balancer.algorithm": "random"},
        {"api.balancer.algorithm": "random", "api.balancer.key": "host"},
        {"api.balancer": "{algorithm: ring, key: host}", "api.balancer.algorithm": "random"},
    ):
        data, _ = balancer(dict(overrides))
        assert data["algorithm"] == "random"
        assert data["key"] == "host"


def test_what_was_left_out_has_no_place_any_more() -> None:
    """A problem there is shown at the mapping, which is written."""
    changed = apply_overrides(parse_yaml(BALANCED, "shop.yaml"), {"api.balancer.algorithm": "random"}, choices=BALANCER)
    assert str(changed.problem(("api", "balancer", "nodes"), "no")).endswith("no  shop.yaml:2:3")


def test_the_same_word_elsewhere_is_an_ordinary_key() -> None:
    """Only the mapping that holds the choice is looked at."""
    text = BALANCED.replace("balancer", "limiter")
    changed = apply_overrides(parse_yaml(text, "shop.yaml"), {"api.limiter.algorithm": "random"}, choices=BALANCER)
    assert list(changed.data["api"]["limiter"]) == ["algorithm", "key", "nodes", "panic"]
    assert changed.left_out == ()
