"""Variations: what `--vary` says, and the variants that come of it."""

import re

import numpy as np
import pytest

from sim.experiment.joint import joint, parse_joint
from sim.experiment.variation import Range, Variation, grid, latin_hypercube, make_variation, parse_variation


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a.b=round_robin,least_request", ("round_robin", "least_request")),
        ("a.b= 2 , 4,8 ", ("2", "4", "8")),
        ("a.work={p50: 1ms, p99: 9ms},5ms", ("{p50: 1ms, p99: 9ms}", "5ms")),
        ("a.on=[timeout, 5xx],[timeout]", ("[timeout, 5xx]", "[timeout]")),
        ("a.send='GET /a,b',GET /", ("'GET /a,b'", "GET /")),
        ("a.rate=100/s..400/s:4", ("100/s", "200/s", "300/s", "400/s")),
        ("a.rate=100..400/s:4", ("100/s", "200/s", "300/s", "400/s")),
        ("a.delay=1ms..1000ms:4:log", ("1ms", "10ms", "100ms", "1000ms")),
        ("a.instances=1..8:3", (1, 4, 8)),
        ("a.instances=1..3:9", (1, 2, 3)),
        ("a.factor=0.5..2.0:4", (0.5, 1.0, 1.5, 2.0)),
        ("a.share=0%..50%:3", ("0%", "25%", "50%")),
        ("a.rate", ()),
        ("a.rate=10/s..90/s", ()),
    ],
)
def test_values(text: str, values: tuple[object, ...]) -> None:
    """Lists are cut at commas outside brackets and quotes; ranges are spelled out, whole numbers stay whole."""
    assert parse_variation(text).values == values
    assert parse_variation(text).path == text.partition("=")[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is not a variation; write it like components.api.instances=2,4,8 or clients.app.traffic.rate=…"),
        ("a=", "'a=' is not a variation; write it like …"),
        ("a=1,,2", "'a=1,,2' has an empty value; write it like …"),
        ("a=2,4,2", "a: 2 stands twice among its values"),
        ("a=9/s..1/s:3", "a: in 9/s..1/s:3 the first end has to be the smaller one"),
        ("a=1ms..2s:3", "a: both ends of 1ms..2s:3 need the same unit, got ms and s"),
        ("a=1..9:1", "a: a range has 2 to 10,000 values, not 1"),
        ("a=0..9:3:log", "a: a logarithmic range cannot begin at 0"),
        ("a=1..9:3:cubic", "a: the steps of a range are linear or log, not cubic"),
    ],
)
def test_wrong_variations(text: str, message: str) -> None:
    """One sentence says what is wrong, and how it is written."""
    with pytest.raises(ValueError, match=re.escape(message.rstrip("…"))):
        parse_variation(text)


def test_a_grid_is_every_combination() -> None:
    """The last variation changes fastest; labels tell values of several places apart."""
    variants = grid([make_variation("a.x", [1, 2]), make_variation("b.y", ["p", "q"])])
    assert [dict(variant.values) for variant in variants] == [
        {"a.x": 1, "b.y": "p"},
        {"a.x": 1, "b.y": "q"},
        {"a.x": 2, "b.y": "p"},
        {"a.x": 2, "b.y": "q"},
    ]
    assert variants[0].label == "x 1, y p"
    assert grid([make_variation("a.x", [None, {"k": 2.5}])])[1].label == "{k: 2.5}"


@pytest.mark.parametrize(
    ("variations", "message"),
    [
        ([], "nothing is varied"),
        ([Variation("a", ())], "a needs values"),
        ([make_variation("a", [1]), make_variation("a", [2])], "a is varied twice"),
        ([joint({"x": {"a": 1}}), make_variation("a", [2])], "a is varied twice"),
        ([make_variation("a", "1..200:200"), make_variation("b", "1..200:200")], "the grid has 40,000 variants"),
    ],
)
def test_wrong_grids(variations: list[Variation], message: str) -> None:
    """Nothing to vary, too much to vary."""
    with pytest.raises(ValueError, match=message):
        grid(variations)


def test_settings_put_several_places_together() -> None:
    """Each is one variant with its name, and sets what it says; one sets nothing. The command line says the same."""
    settings = {"as it is": {}, "big": {"a.instances": "8", "a.work": "{p50: 1ms, p99: 9ms}"}}
    variation = joint(settings)
    assert parse_joint(["as it is", "big: a.instances=8, a.work={p50: 1ms, p99: 9ms}"]) == variation
    variants = grid([variation])
    assert [variant.label for variant in variants] == ["as it is", "big"]
    assert [variant.overrides for variant in variants] == list(settings.values())
    assert variation.paths == ["a.instances", "a.work"]


def test_settings_and_values_make_a_grid() -> None:
    """Every setting with every value."""
    variants = grid([joint({"small": {"a.n": 1}, "big": {"a.n": 8}}), make_variation("b.y", ["p", "q"])])
    assert [variant.label for variant in variants] == [
        "variant small, y p",
        "variant small, y q",
        "variant big, y p",
        "variant big, y q",
    ]
    assert variants[2].overrides == {"a.n": 8, "b.y": "p"}


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["a.n=8"], "'a.n=8' is not a variant; write it like big:components.api.instances=8,…"),
        (["big:"], "'big:' is not a variant; write it like …"),
        (["big:a.n"], "'big:a.n' is not a variant: 'a.n' is not PATH=VALUE; write it like …"),
        (["big:a.n=8,a.n=9"], "the variant big sets a.n twice"),
        (["big:a.n=8", "big:a.n=9"], "the variant big is given twice"),
        ([":a.n=8"], "a variant needs a name; write it like …"),
    ],
)
def test_wrong_settings(texts: list[str], message: str) -> None:
    """One sentence says what is wrong, and how it is written."""
    with pytest.raises(ValueError, match=re.escape(message.rstrip("…"))):
        parse_joint(texts)


def test_a_latin_hypercube_uses_each_part_of_each_range_once() -> None:
    """Of ten samples, one lies in each tenth of either range, and two have each of five words."""
    variations = [parse_variation("a=0.0..10.0"), parse_variation("b=1ms..1024ms:2:log"), make_variation("c", "vwxyz")]
    variations[2] = make_variation("c", list("vwxyz"))
    variants = latin_hypercube(variations, 10, seed=1)
    first = [float(str(variant.values["a"])) for variant in variants]
    second = [float(str(variant.values["b"]).removesuffix("ms")) for variant in variants]
    assert sorted(np.floor(first)) == list(range(10))
    assert sorted(np.floor(np.log2(second))) == list(range(10))
    assert sorted(str(variant.values["c"]) for variant in variants) == sorted("vwxyz" * 2)
    assert latin_hypercube(variations, 10, seed=1) == variants
    assert latin_hypercube(variations, 10, seed=2) != variants


def test_a_range_spells_what_it_rounds_to() -> None:
    """Six digits, without an exponent, in the unit of the range."""
    assert Range(1.0, 9.0, "/s").spell(1234567.0) == "1234570/s"
    assert Range(1.0, 9.0, "ms").spell(0.000012345678) == "0.0000123457ms"
    assert Range(1.0, 9.0, whole=True).spell(3.5001) == 4
    assert Range(1.0, 9.0).spell(2.0) == 2.0
