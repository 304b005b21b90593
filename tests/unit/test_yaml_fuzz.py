"""Whatever is fed to the reader is read or refused: nothing else happens."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.scenario.errors import ScenarioError
from sim.scenario.paths import Path, format_path, parse_path
from sim.scenario.source import Source
from sim.scenario.yaml import parse_yaml

WORDS = "a on 1 1e3 1:30 0x1 é ~ &x_ *x !t_ ' \" # @ > \\ { } [ ] ,_ : :_ -_ ?_ <<:_ |\n ---\n ...\n %YAML_1.2\n"
PIECES = [word.replace("_", " ") for word in WORDS.split(" ")] + ["\n", "\n  ", "\t", "\r", "\ufeff"]


def check(text: str | bytes) -> None:
    try:
        source = parse_yaml(text, "x.yaml")
        problems = source.problems
        every_value_has_a_place(source, source.data, ())
    except ScenarioError as error:
        problems = error.problems
    assert all(problem.message and "\n" not in str(problem) for problem in problems)


def every_value_has_a_place(source: Source, data: Any, path: Path) -> None:
    line, column = source.mark(path)[1:]
    assert line > 0
    assert column > 0
    if isinstance(data, dict):
        for key, value in data.items():
            assert isinstance(key, str)
            every_value_has_a_place(source, value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            every_value_has_a_place(source, value, (*path, index))
    else:
        assert data is None or isinstance(data, bool | int | float | str)


@settings(deadline=None)
@given(st.text(alphabet=st.characters(), max_size=200))
def test_any_text(text: str) -> None:
    """Any characters, surrogates and controls included."""
    check(text)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    """Files may hold anything."""
    check(content)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_any_order_of_yaml_tokens(text: str) -> None:
    """Nearly YAML is harder than noise."""
    check(text)


@settings(deadline=None)
@given(st.from_regex(r"\A[-+.]?[0-9][-+0-9.eExob_:TZ ]{0,30}\Z"))
def test_anything_like_a_number(text: str) -> None:
    """A plain scalar that starts like a number is a number, a text, or refused."""
    check(f"a: {text}")


TEXTS = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4))
def test_json_is_read_as_it_is(data: dict[str, Any]) -> None:
    """JSON has none of YAML's traps: all its texts are in quotes."""
    source = parse_yaml(json.dumps(data, ensure_ascii=False), "x.yaml")
    assert source.problems == ()
    assert source.data == data


@given(st.lists(st.text(min_size=1) | st.integers(0, 999_999), min_size=1, max_size=6))
def test_paths_are_read_as_they_are_written(segments: list[str | int]) -> None:
    """Whatever the keys are called."""
    path = ("root", *segments)
    assert parse_path(format_path(path)) == path
