"""Scenario files are read as YAML without its traps, with the place of everything."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from sim.scenario.errors import ScenarioError
from sim.scenario.source import Source
from sim.scenario.yaml import load_yaml, parse_yaml

EXAMPLES = Path(__file__).parents[3] / "shared" / "examples"


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads with libyaml and with PyYAML's own parser."""
    monkeypatch.setattr("sim.scenario.yaml._Loader", getattr(yaml, request.param))


def read(text: str | bytes) -> Source:
    return parse_yaml(text, "x.yaml")


def stopped(text: str | bytes) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        read(text)
    return str(caught.value).splitlines()


def noted(text: str) -> list[str]:
    return [str(problem) for problem in read(text).problems]


def place(source: Source, *path: str | int, key: bool = False) -> tuple[int, int]:
    return source.mark(path, key)[1:]


TEXT = """\
# a comment
components:
  api:
    steps:
    - work: 5ms
    - call: {to: "db", timeout: 1s}
  db: {kind: database}
"""


@pytest.mark.usefixtures("loader")
def test_every_key_and_value_has_a_place() -> None:
    """Lines and columns count from one, and point to the first character."""
    source = read(TEXT)
    assert source.data == {
        "components": {
            "api": {"steps": [{"work": "5ms"}, {"call": {"to": "db", "timeout": "1s"}}]},
            "db": {"kind": "database"},
        }
    }
    call = ("components", "api", "steps", 1, "call")
    assert place(source) == (2, 1)
    assert place(source, "components", key=True) == (2, 1)
    assert place(source, "components") == (3, 3)
    assert place(source, "components", "api", "steps") == (5, 5)
    assert place(source, "components", "api", "steps", 0) == (5, 7)
    assert place(source, "components", "api", "steps", 0, "work") == (5, 13)
    assert place(source, *call) == (6, 13)
    assert place(source, *call, "to") == (6, 18)
    assert place(source, *call, "timeout", key=True) == (6, 24)


def test_a_place_counts_characters_not_bytes() -> None:
    """An umlaut or an emoji is one column."""
    source = read("{ü🙂: x, b: y}")
    assert place(source, "b") == (1, 12)


def test_what_is_not_written_has_the_place_of_the_key_above() -> None:
    """A missing key is reported at the key of the mapping that lacks it."""
    source = read(TEXT)
    assert place(source, "components", "db", "work") == (7, 3)
    assert place(source, "components", "api", "steps", 7, "work") == (4, 5)
    assert place(source, "clients") == (2, 1)


def test_what_a_scalar_is_short_for_has_its_place() -> None:
    """`kind: database` may stand for a mapping; what is wrong inside it is wrong with the scalar."""
    assert place(read(TEXT), "components", "db", "kind", "name") == (7, 14)


def test_a_problem_takes_its_place_from_the_source() -> None:
    """Later checks name the path and the message only."""
    problem = read(TEXT).problem(("components", "api", "steps", 1, "call", "to"), "'db' is not known")
    assert str(problem) == "components.api.steps[1].call.to: 'db' is not known  x.yaml:6:18"
    assert str(read(TEXT).problem(("components",), "no", key=True)) == "components: no  x.yaml:2:1"


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("0", 0),
        ("429", 429),
        ("-3", -3),
        ("+3", 3),
        ("1.50", 1.5),
        ("-0.5", -0.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("5ms", "5ms"),
        ("250us", "250us"),
        ("60s", "60s"),
        ("400/s", "400/s"),
        ("20k", "20k"),
        ("20%", "20%"),
        ("1e3/s", "1e3/s"),
        ("GET /static/**", "GET /static/**"),
        ("10.0.0.1", "10.0.0.1"),
        ("8080:80", "8080:80"),
        ("5xx", "5xx"),
        ("y", "y"),
        ("'on'", "on"),
        ('"1e3"', "1e3"),
        ("''", ""),
        ("|\n 010", "010"),
        ("{}", {}),
        ("[timeout, 429, 5xx]", ["timeout", 429, "5xx"]),
    ],
)
def test_values_that_all_readers_agree_on(written: str, value: object) -> None:
    """A number is a number, a unit makes a text, quotes make a text."""
    source = read(f"a: {written}")
    assert source.problems == ()
    assert source.data == {"a": value}
    assert type(source.data["a"]) is type(value)


OTHER_TYPE = "is a number to some YAML readers and a text to others; write"
TRAPS = [
    ("on", "'on' is read as a truth value by some YAML readers; write true or quote it"),
    ("No", "'No' is read as a truth value by some YAML readers; write false or quote it"),
    ("YES", "'YES' is read as a truth value by some YAML readers; write true or quote it"),
    ("off", "'off' is read as a truth value by some YAML readers; write false or quote it"),
    ("True", "'True' is read differently by YAML readers; write true or quote it"),
    ("~", "'~' is read differently by YAML readers; write null or quote it"),
    ("NULL", "'NULL' is read differently by YAML readers; write null or quote it"),
    ("1e3", f"'1e3' {OTHER_TYPE} 1000 or quote it"),
    ("-1.5E-2", f"'-1.5E-2' {OTHER_TYPE} -0.015 or quote it"),
    ("1e999", f"'1e999' {OTHER_TYPE} the number without an exponent or quote it"),
    ("1:30", "'1:30' is read as 90 by some YAML readers; write 90s or quote it"),
    ("1:00:00.5", "'1:00:00.5' is read as 3600.5 by some YAML readers; write 3600.5s or quote it"),
    ("010", "'010' is read as octal by some YAML readers; write 10 or quote it"),
    ("-00.5", "'-00.5' is read as octal by some YAML readers; write -0.5 or quote it"),
    ("0x1F", f"'0x1F' {OTHER_TYPE} 31 or quote it"),
    ("0o17", f"'0o17' {OTHER_TYPE} 15 or quote it"),
    ("0b101", f"'0b101' {OTHER_TYPE} 5 or quote it"),
    ("1_000", f"'1_000' {OTHER_TYPE} 1000 or quote it"),
    ("2024-01-01", "'2024-01-01' is read as a date by some YAML readers; quote it"),
    ("2024-01-01 10:00:00", "'2024-01-01 10:00:00' is read as a date by some YAML readers; quote it"),
    (".inf", "'.inf' is not a finite number; write a number or quote it"),
    (".NaN", "'.NaN' is not a finite number; write a number or quote it"),
    ("", "nothing is written here; write [] or {} for an empty list or mapping, '' for an empty text, null for none"),
]


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(("written", "message"), TRAPS)
def test_values_that_readers_disagree_on_are_refused(written: str, message: str) -> None:
    """The message gives both ways out: the value that was meant, or quotes."""
    assert [problem.message for problem in read(f"a:\n- {written}\n").problems] == [message]


def test_traps_do_not_stop_the_reading() -> None:
    """All of them are noted, each with its path and place, and the text is kept as it is written."""
    source = read("seed: on\ncomponents:\n  api: {workers: 1e3, workers: 2}\n")
    assert source.data == {"seed": "on", "components": {"api": {"workers": "1e3"}}}
    assert [str(problem) for problem in source.problems] == [
        "seed: 'on' is read as a truth value by some YAML readers; write true or quote it  x.yaml:1:7",
        f"components.api.workers: '1e3' {OTHER_TYPE} 1000 or quote it  x.yaml:3:18",
        "components.api.workers: 'workers' is written twice; the first is on line 3  x.yaml:3:23",
    ]


def test_a_forgotten_space_is_guessed() -> None:
    """In `{rate:5}` the whole text is a key, which nobody means."""
    message = "nothing is written here; if '5' is the value of 'rate', write a space after the ':'"
    assert noted("a: {rate:5}") == [f'a."rate:5": {message}  x.yaml:1:11']


def test_a_key_is_a_text() -> None:
    """`on` and its like are ordinary keys; numbers, truth values and dates have to be quoted."""
    assert read("{on: 1, off: 2, yes: 3, No: 4, '5': 5}").problems == ()
    assert read("retry: {on: [timeout]}").data == {"retry": {"on": ["timeout"]}}
    assert noted("429: a\ntrue: b\n0x1: c\n~: d\n") == [
        "429: a key is a text; write '429' in quotes  x.yaml:1:1",
        "true: a key is a text; write 'true' in quotes  x.yaml:2:1",
        "0x1: a key is a text; write '0x1' in quotes  x.yaml:3:1",
        "\"~\": a key is a text; write '~' in quotes  x.yaml:4:1",
    ]
    assert [problem.message for problem in read("? \n: d").problems] == ["a key is missing"]


def test_a_duplicate_key_names_the_line_of_the_first() -> None:
    """The first value is kept; what is wrong inside the second is noted all the same."""
    source = read("a: 1\nb: 2\na:\n- on\n- a: 3\n  'a': 4\n")
    assert source.data == {"a": 1, "b": 2}
    assert [(problem.path, problem.message) for problem in source.problems] == [
        ("a", "'a' is written twice; the first is on line 1"),
        ("a[0]", "'on' is read as a truth value by some YAML readers; write true or quote it"),
        ("a[1].a", "'a' is written twice; the first is on line 5"),
    ]


def test_merge_keys_and_tags_are_refused() -> None:
    """Neither is part of the language."""
    assert noted("a: {<<: {b: 1}}") == [
        'a."<<": merge keys are not part of the language; write the keys out, or alias a whole value  x.yaml:1:5'
    ]
    assert noted("a: !!int '5'\nb: !python/object:os.system [x]") == [
        "a: tags such as '!!int' are not part of the language  x.yaml:1:4",
        "b: tags such as '!python/object:os.system' are not part of the language  x.yaml:2:4",
    ]


def test_an_alias_repeats_a_value() -> None:
    """The value as a whole stands at the alias, what it holds where it is written."""
    source = read("a: &limits {rate: 5/s}\nb: *limits\n")
    assert source.data == {"a": {"rate": "5/s"}, "b": {"rate": "5/s"}}
    assert place(source, "b") == (2, 4)
    assert place(source, "b", "rate") == (1, 19)


STOPPERS = [
    ("", "is empty  x.yaml"),
    ("---\n# nothing\n", "is empty  x.yaml"),
    ("a: 1\n---\nb: 2\n", "a second document starts here; a scenario is one document  x.yaml:2:1"),
    ("a: *b", "a: no anchor &b stands above  x.yaml:1:4"),
    ("a: &limits 1\nb: *limit", "b: no anchor &limit stands above; did you mean *limits?  x.yaml:2:4"),
    ("a: &a [*a]", "a[0]: *a stands inside what it is an alias of  x.yaml:1:8"),
    ("? [a]\n: b", "a key is a text, not a mapping or a list; quote text that starts with { or [  x.yaml:1:3"),
    ("a: {{ rate }}", "a: a key is a text, not a mapping or a list; quote text that starts with { or [  x.yaml:1:5"),
    ("a: &k x\n*k : 1", "a key is a text, not an alias; quote text that starts with *  x.yaml:2:1"),
    ("a:\n\t- b", "a tab cannot indent a line; use spaces  x.yaml:2:1"),
    ("a: @home", "a value cannot start with '@'; quote it  x.yaml:1:4"),
    ("a: *", "a text that starts with * or & needs quotes  x.yaml:1:5"),
    ("a: }", "a value is missing before '}'; quote it if it is text  x.yaml:1:4"),
    ("a: [}", "a value is missing before '}'; quote it if it is text  x.yaml:1:5"),
    ("a: - b", "a list item cannot start here; begin the list on a line of its own  x.yaml:1:4"),
    ("a: [1, 2\nb: 3", "a ',' or the end of the '[' that starts on line 1 is missing  x.yaml:2:2"),
    ("a: {b: 1\n", "a ',' or the end of the '{' that starts on line 1 is missing  x.yaml:2:1"),
    ("a: 'x\nb: 3", "this quote is not closed  x.yaml:1:4"),
    ("a: |\nfoo\n", "this line has no value: write a ':' and a space after the key  x.yaml:2:1"),
    (
        "a: 1\n  b: 2\n",
        "this ':' makes no sense here; check the indentation and the space after each ':', or quote the text"
        "  x.yaml:2:4",
    ),
    (
        "a:\n   b: 1\n  c: 2\n",
        "this does not belong to the mapping that starts on line 1; check the indentation and the quotes  x.yaml:3:3",
    ),
    ("a: \x00", "the character U+0000 is not allowed in YAML  x.yaml:1:4"),
    ("a: 1\nb: \ud800", "the character U+D800 is not allowed in YAML  x.yaml:2:4"),
    (b"a: 1\nb: \xe9", "the byte 0xe9 is not UTF-8; save the file as UTF-8  x.yaml:2:4"),
    ("a: 1".encode("utf-16"), "the file is in UTF-16; save it as UTF-8  x.yaml"),
]


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(("text", "message"), STOPPERS)
def test_what_is_not_yaml_stops_the_reading(text: str | bytes, message: str) -> None:
    """One line says where and what to do."""
    assert stopped(text) == [message]


@pytest.mark.usefixtures("loader")
def test_a_wrong_escape_is_explained() -> None:
    """A Windows path in double quotes is the usual case."""
    (line,) = stopped('a: "C:\\logs\\query"')
    assert "this escape is unknown in a double-quoted text; write \\\\ for a backslash, or use single quotes" in line


def test_what_was_noted_before_a_syntax_error_is_reported_with_it() -> None:
    """The user sees all that is known so far."""
    assert [line.rpartition("  ")[2] for line in stopped("seed: on\nfor: [\n")] == ["x.yaml:1:7", "x.yaml:3:1"]


def test_a_byte_order_mark_is_skipped() -> None:
    """Editors on Windows write one, and YAML allows it."""
    source = read(b"\xef\xbb\xbfa: 1\n")
    assert source.data == {"a": 1}
    assert place(source, "a", key=True) == (1, 1)


def test_nesting_is_bounded() -> None:
    """Fifty levels pass, one more does not, whether written out or brought by an alias."""
    assert read("[" * 50 + "]" * 50).problems == ()
    assert stopped("[" * 51 + "]" * 51) == ["is nested deeper than 50 levels  x.yaml:1:51"]
    assert stopped("[" * 100_000)[0].startswith("is nested deeper than 50 levels")
    deep = f"- &a {'[' * 40}{']' * 40}\n- {'[' * 20}*a{']' * 20}\n"
    assert stopped(deep) == ["is nested deeper than 50 levels  x.yaml:2:23"]


def test_a_parser_with_a_bound_of_its_own_does_not_hide_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Newer libyaml stops after a thousand levels, which it may read before the builder has seen fifty."""
    parse = yaml.parse

    def bounded(text: str, loader: type[yaml.SafeLoader]) -> Iterator[yaml.Event]:
        if loader is not yaml.SafeLoader:
            raise yaml.MarkedYAMLError("while increasing flow level", None, "exceeded maximum nesting depth")
        return parse(text, loader)

    monkeypatch.setattr(yaml, "parse", bounded)
    assert stopped("[" * 2000) == ["is nested deeper than 50 levels  x.yaml:1:51"]


def test_aliases_of_aliases_do_not_explode() -> None:
    """Nine lines that stand for a billion values are refused on the way."""
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]" for old, new in zip("abcdefgh", "bcdefghi", strict=True)]
    (line,) = stopped("\n".join(lines))
    assert "holds more than 100,000 values, each alias counted at its full size" in line


def test_a_file_is_named_as_the_user_named_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a terminal can open it."""
    monkeypatch.chdir(tmp_path)
    Path("shop.yaml").write_text("seed: on")
    assert [str(problem).rpartition("  ")[2] for problem in load_yaml("shop.yaml").problems] == ["shop.yaml:1:7"]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """The message says why, and names the file that was probably meant."""
    (tmp_path / "shop.yaml").write_text("a: 1")
    (tmp_path / "large.yaml").write_bytes(b"#" * 1_000_001)

    def complaint(name: str) -> str:
        with pytest.raises(ScenarioError) as caught:
            load_yaml(f"{tmp_path}/{name}")
        return str(caught.value).replace(str(tmp_path), "DIR")

    assert complaint("shpo.yaml") == "there is no such file; did you mean 'DIR/shop.yaml'?  DIR/shpo.yaml"
    assert complaint("x") == "there is no such file  DIR/x"
    assert complaint("nowhere/shop.yaml") == "there is no folder 'DIR/nowhere'  DIR/nowhere/shop.yaml"
    assert complaint("") == "is a folder; a scenario is one file  DIR/"
    assert complaint("large.yaml") == "is larger than 1 MB  DIR/large.yaml"
    assert complaint("shop.yaml/x") == "there is no folder 'DIR/shop.yaml'  DIR/shop.yaml/x"
    assert complaint("a\0b") == "is not a file name: no name has a null character in it  DIR/a\0b"


def test_a_source_can_be_pickled() -> None:
    """Replications and sweeps send it to other processes."""
    source = read(TEXT)
    assert pickle.loads(pickle.dumps(source)) == source


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the example scenarios are not there")
def test_the_examples_are_read_as_any_yaml_reader_reads_them() -> None:
    """But for `on:`, which PyYAML takes for a truth value even as a key."""

    def with_texts(value: object) -> object:
        if isinstance(value, dict):
            return {
                "on" if key is True else "off" if key is False else key: with_texts(it) for key, it in value.items()
            }
        return [with_texts(item) for item in value] if isinstance(value, list) else value

    for file in sorted(EXAMPLES.glob("*.yaml")):
        source = load_yaml(file)
        assert source.problems == ()
        assert source.data == with_texts(yaml.safe_load(file.read_text()))
