"""Files that are no scenario at all, files with many mistakes, and files that are too much: all end in plain words."""

# ruff: noqa: E501 - a message is one line

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.scenario import ScenarioError, load
from sim.values import Config, Count

Complain = Callable[..., list[str]]

ALIASES = [
    "a: &a [x, x, x, x, x, x, x, x, x, x]",
    *(f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]" for old, new in zip("abcdef", "bcdefg", strict=True)),
]

# fmt: off
NO_SCENARIO: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "is empty  "),
    "comment": ("# to do\n", "is empty  "),
    "list": ("- clients\n- components\n", "needs a mapping, got a list  :1:1"),
    "text": ("hello", "needs a mapping, got the text 'hello'  :1:1"),
    "long text": ("x" * 999_000, f"needs a mapping, got the text '{'x' * 59}…'  :1:1"),
    "null": ("null", "needs a mapping, got null  :1:1"),
    "two documents": ("scenario: a\n---\nscenario: b\n", "a second document starts here; a scenario is one document  :2:1"),
    "UTF-16": ("scenario: a\n".encode("utf-16"), "the file is in UTF-16; save it as UTF-8  "),
    "Latin-1": ("scenario: Café\n".encode("latin-1"), "the byte 0xe9 is not UTF-8; save the file as UTF-8  :1:14"),
    "NUL": ("scenario: \0\n", "the character U+0000 is not allowed in YAML  :1:11"),
    "binary": (bytes(range(128, 256)), "the byte 0x80 is not UTF-8; save the file as UTF-8  :1:1"),
    "tab": ("clients:\n\tapp: {}\n", "a tab cannot indent a line; use spaces  :2:1"),
    "no space": ("scenario: a\nseed:3\nduration: 1m\n", "this line has no value: write a ':' and a space after the key  :2:1"),
    "open quote": ("scenario: 'a\nseed: 3\n", "this quote is not closed  :1:11"),
    "open list": ("watch_for: [a, b\nseed: 3\n", "a ',' or the end of the '[' that starts on line 1 is missing  :2:5"),
    "open mapping": ("network: {latency: 1ms\n", "a ',' or the end of the '{' that starts on line 1 is missing  :2:1"),
    "two colons": ("seed: 3 duration: 1m\n", "this ':' makes no sense here; check the indentation and the space after each ':', or quote the text  :1:17"),
    "indentation": ("scenario: a\n  seed: 3\n", "this ':' makes no sense here; check the indentation and the space after each ':', or quote the text  :2:7"),
    "at sign": ("scenario: @home\n", "a value cannot start with '@'; quote it  :1:11"),
    "template": ("seed: {{ seed }}\n", "seed: a key is a text, not a mapping or a list; quote text that starts with { or [  :1:8"),
    "unknown alias": ("seed: *lucky\n", "seed: no anchor &lucky stands above  :1:7"),
    "deep lists": ("[" * 999_000, "is nested deeper than 50 levels  :1:51"),
    "deep mappings": ("{a: " * 200_000, "is nested deeper than 50 levels  :1:201"),
    "alias bomb": ("\n".join(ALIASES), "e[7]: holds more than 100,000 values, each alias counted at its full size  :5:36"),
    "too large": ("#" * 1_000_001, "is larger than 1 MB  "),
}
# fmt: on


@pytest.mark.parametrize("name", NO_SCENARIO)
def test_what_is_no_scenario(complaints: Complain, name: str) -> None:
    """One line says why."""
    text, line = NO_SCENARIO[name]
    assert complaints(text=text) == [line]


# fmt: off
TRAPS = [
    ("seed: !!int 3", "seed: tags such as '!!int' are not part of the language  :1:7"),
    ("seed: !python/name:os.system x", "seed: tags such as '!python/name:os.system' are not part of the language  :1:7"),
    ("seed: 3\nseed: 4", "seed: 'seed' is written twice; the first is on line 1  :2:1"),
    ("seed: 017", "seed: '017' is read as octal by some YAML readers; write 17 or quote it  :1:7"),
    ("seed: 0o17", "seed: '0o17' is a number to some YAML readers and a text to others; write 15 or quote it  :1:7"),
    ("seed: 1_000", "seed: '1_000' is a number to some YAML readers and a text to others; write 1000 or quote it  :1:7"),
    ("seed: .inf", "seed: '.inf' is not a finite number; write a number or quote it  :1:7"),
    ("seed: 2024-01-01", "seed: '2024-01-01' is read as a date by some YAML readers; quote it  :1:7"),
    ("scenario: Yes", "scenario: 'Yes' is read as a truth value by some YAML readers; write true or quote it  :1:11"),
    ("scenario: NULL", "scenario: 'NULL' is read differently by YAML readers; write null or quote it  :1:11"),
    ("duration: 1:30:00", "duration: '1:30:00' is read as 5400 by some YAML readers; write 5400s or quote it  :1:11"),
    ("<<: {seed: 3}", "\"<<\": merge keys are not part of the language; write the keys out, or alias a whole value  :1:1"),
    ("clients: {5: {}}", "clients.5: a key is a text; write '5' in quotes  :1:11"),
    ("network: {latency:5ms}", "network.\"latency:5ms\": nothing is written here; if '5ms' is the value of 'latency', write a space after the ':'  :1:22"),
]
# fmt: on


@pytest.mark.parametrize(("text", "line"), TRAPS, ids=[text for text, _ in TRAPS])
def test_the_traps_of_yaml(complaints: Complain, text: str, line: str) -> None:
    """Values that readers of YAML disagree on never reach the model."""
    assert line in complaints(text=text)


def test_everything_is_reported_at_once_in_the_order_of_the_file(complaints: Complain) -> None:
    """YAML's traps, unknown keys, wrong units and wrong kinds of values; what builds on them is not guessed at."""
    text = """\
scenario: A shop
seed: on
duraton: 1m
clients:
  app: {traffic: 50, to: nowhere, timeout: 2}
components:
  api: {kind: service, instances: 1e3, work: {p50: 5ms}}
  db: {kind: databse, work: 5ms, work: 6ms}
events:
  - {at: 20s, crsh: api}
"""
    assert complaints(text=text) == [
        "seed: 'on' is read as a truth value by some YAML readers; write true or quote it  :2:7",
        "duraton: 'duraton' is not known here; did you mean 'duration'?  :3:1",
        "clients.app.traffic: 50 needs a unit; a rate is written like 50/s, 50/m, 50/h  :5:18",
        "clients.app.to: there is no component 'nowhere'; known: api, db  :5:26",
        "clients.app.timeout: 2 needs a unit; a duration is written like 2ms, 2s, 2m  :5:44",
        "components.api.instances: '1e3' is a number to some YAML readers and a text to others; write 1000 or quote it  :7:35",
        "components.api.work: p99 missing in {p50: MEDIAN, p99: TAIL}  :7:40",
        "components.db.kind: 'databse' is not known; did you mean 'database'?  :8:14",
        "components.db.work: 'work' is written twice; the first is on line 8  :8:34",
        "events[0].crsh: 'crsh' is not an event; did you mean 'crash'?  :10:15",
    ]


def test_wrong_names_are_reported_at_once(complaints: Complain) -> None:
    """As soon as every value is right by itself: names, circles, caches, times, events and objectives."""
    text = """\
scenario: A shop
duration: 1m
warmup: 1m
network: {between: {api/dbb: 5ms}}
clients: {app: {traffic: 50/s, to: gateway}}
components:
  api: {kind: service, steps: [{call: db}, {call: queue}]}
  db: {kind: service, steps: [{call: api}]}
  items: {kind: cache}
events: [{at: 20s, crash: ap}]
objectives: [app p99 < 5, ap p99 < 5s]
"""
    assert complaints(text=text) == [
        "warmup: a warm-up of 1m leaves nothing of 1m  :3:9",
        "network.between.\"api/dbb\": there is no component or client 'dbb'; did you mean 'db'?  :4:21",
        "clients.app.to: there is no component 'gateway'; known: api, db, items  :5:36",
        "components.api.steps[1].call: there is no component 'queue'; known: api, db, items  :7:51",
        "components.db.steps[0].call: a request would go round for ever: api → db → api  :8:38",
        "components.items: nobody reads this cache  :9:3",
        "events[0].crash: there is no component 'ap'; did you mean 'api'?  :10:27",
        "objectives[0]: 5 needs a unit; a duration is written like 5ms, 5s, 5m  :11:14",
        "objectives[1]: 'ap' is not a client or a route; did you mean 'app'?  :11:27",
    ]


def test_a_circle_of_many_is_abridged(complaints: Complain) -> None:
    """Its beginning and its end are enough to find it."""
    calls = "".join(f"  c{n}: {{kind: service, steps: [{{call: c{(n + 1) % 20}}}]}}\n" for n in range(20))
    text = f"scenario: a\nduration: 1m\nclients: {{app: {{traffic: 1/s, to: c0}}}}\ncomponents:\n{calls}"
    assert complaints(text=text) == [
        "components.c19.steps[0].call: a request would go round for ever: "
        "c0 → c1 → c2 → c3 → … → c17 → c18 → c19 → c0  :24:39"
    ]


def test_a_chain_may_be_fifty_deep(complaints: Complain) -> None:
    """Nobody builds more, and every hop is a level of Python's stack."""
    calls = "".join(f"  c{n}: {{kind: service, steps: [{{call: c{n + 1}}}]}}\n" for n in range(50))
    text = f"scenario: a\nduration: 1m\nclients: {{app: {{traffic: 1/s, to: c0}}}}\ncomponents:\n{calls}"
    assert complaints(text=f"{text}  c50: {{kind: external, latency: 1ms}}\n") == [
        "components.c0: a request would pass through more than 50 components, one behind the other  :5:3"
    ]


PARTS_OF_LATER_VERSIONS = {
    "payments": [
        "clients.merchants.requests[0].signed",
        "clients.attacker.requests[0].replay_of",
        "components.gateway.tls",
        "components.gateway.policies[1].verify_signature",
        "components.gateway.policies[2].rate_limit.algorithm",
        "components.gateway.policies[2].rate_limit.store",
        "components.gateway.policies[2].rate_limit.on_store_failure",
        "components.payments.steps[0].idempotency",
        "components.payments.steps[3].call.circuit_breaker",
        "objectives[0]",
    ],
}


@pytest.mark.parametrize("name", PARTS_OF_LATER_VERSIONS)
def test_parts_that_are_not_there_yet_are_named_and_nothing_else(shared: Path, name: str) -> None:
    """No part is silently left out, and no false alarm follows from one."""
    with pytest.raises(ScenarioError) as caught:
        load(shared / "examples" / f"{name}.yaml")
    assert [problem.path for problem in caught.value.problems] == PARTS_OF_LATER_VERSIONS[name]
    words = ("is not known", "is not an event; known", "is not a metric", "nothing in the scenario counts")
    for problem in caught.value.problems:
        assert any(each in problem.message for each in words)


def test_files_that_are_not_there(folder: Path) -> None:
    """The name that was probably meant, a file's or a shipped scenario's, is offered."""

    def complaint(name: str) -> str:
        with pytest.raises(ScenarioError) as caught:
            load(name)
        return str(caught.value)

    assert complaint("shp.yaml") == "there is no such file; did you mean 'shop.yaml'?  shp.yaml"
    assert complaint("quickstrt") == (
        "there is no file and no shipped scenario 'quickstrt'; did you mean 'quickstart'?  quickstrt"
    )
    assert complaint("old/shop.yaml") == "there is no folder 'old'  old/shop.yaml"
    assert complaint(".") == "is a folder; a scenario is one file  ."
    os.mkfifo(folder / "pipe.yaml")
    assert complaint("pipe.yaml") == "is a pipe; a scenario is one file  pipe.yaml"
    assert complaint("x" * 300 + ".yaml") == f"cannot be read: file name too long  {'x' * 300}.yaml"
    (folder / "link.yaml").symlink_to("link.yaml")
    assert complaint("link.yaml") == "cannot be read: too many levels of symbolic links  link.yaml"


def test_a_huge_file_is_refused_after_its_first_megabyte(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty megabytes, or a device without an end, are not read into memory."""
    read: list[int] = []

    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            if size < 0:
                raise OSError(errno.ENOMEM, "read without bound")
            read.append(size)
            return b"#" * size

    monkeypatch.setattr("builtins.open", lambda *_, **__: Endless())
    with pytest.raises(ScenarioError) as caught:
        load("shop.yaml")
    assert str(caught.value) == "is larger than 1 MB  shop.yaml"
    assert sum(read) == 1_000_001


LONG = "a" * 900_000

GARBAGE = {
    "quotes": '"' * 999_000,
    "colons": ": " * 490_000,
    "dashes": "- " * 490_000,
    "anchors": "&a " * 300_000,
    "long key": f"? {LONG}\n: 1",
    "long duration": f"duration: 1{LONG}",
    "long number": f"duration: {'9' * 900_000}s",
    "long path": f"clients: {{c: {{to: a, traffic: 1/s}}}}\ncomponents: {{a: {{kind: gateway, routes: [{{match: /{'*/' * 400_000}, to: a}}]}}}}",
    "many keys": "\n".join(f"key{n}: {n}" for n in range(50_000)),
    "many kinds": "components:\n" + "\n".join(f"  c{n}: {{kind: servce}}" for n in range(20_000)),
    "many targets": f"events: [{{at: 1s, crash: [{', '.join(f'c{n}' for n in range(50_000))}]}}]",
    "many names": "scenario: a\nduration: 1m\nclients: {app: {traffic: 1/s, to: x}}\ncomponents:\n"
    + "\n".join(f"  c{n}: {{kind: service, steps: [{{call: x{n}}}]}}" for n in range(3000)),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_a_megabyte_of_garbage_is_answered_briefly(complaints: Complain, name: str) -> None:
    """At most twenty-five problems and a count of the rest, each of a readable length."""
    lines = complaints(text=GARBAGE[name])
    assert 1 <= len(lines) <= 26
    assert max(map(len, lines)) < 1000


def test_numbers_and_truth_values_are_never_converted() -> None:
    """Where a whole number or a truth value is wanted, "3", 3.0 and true are not taken for one."""
    plain = {
        f"{config.__name__}.{name}"
        for config in configs(Config)
        for name, field in config.model_fields.items()
        if field.annotation in (int, bool) and not any(is_strict(each) for each in field.metadata)
    }
    assert plain == set()


def configs(config: type[Config]) -> list[type[Config]]:
    """All configurations of the package that derive from one."""
    inner = [each for child in config.__subclasses__() for each in configs(child)]
    return [config, *inner] if config.__module__.startswith("sim.") else inner


def is_strict(metadata: object) -> bool:
    """Whether a part of a field's type keeps pydantic from converting: its own strictness, or a `Count`."""
    return getattr(metadata, "strict", False) is True or metadata in Count.__metadata__  # type: ignore[attr-defined]


# fmt: off
WARNINGS = [
    ("gateway/api: 2ms", "gateway/db: 2ms", ["network.between.\"gateway/db\": no requests go between these two  :5:35"]),
    ("spike: app, factor: 2", "partition: gateway/db", ["events[1].partition: no requests go between these two  :35:35"]),
    ("at: 40s", "at: 2m", ["events[1].at: it begins after the run has ended (1m)  :35:10"]),
    ("- call: {to: bank, timeout: 1s}", "- work: 1ms", ["components.bank: no client's requests ever reach it  :32:3"]),
    ('{match: "/**", to: api, timeout: 1s}', '{match: /order, to: api}, {match: "/**", to: api}', ["components.gateway.routes[0].match: never reached: no client sends anything that '/order' matches  :19:22"]),
    ('{match: "/**", to: api, timeout: 1s}', '{match: POST /orders, to: api}, {match: "/**", to: api}', []),
    ('{match: "/**", to: api, timeout: 1s}', '{match: "/**", to: api}, {match: /a, to: api}', ["components.gateway.routes[1].match: never reached: '/**' before it takes everything that '/a' matches  :19:47"]),
]
# fmt: on


@pytest.mark.parametrize(("old", "new", "lines"), WARNINGS, ids=[new for _, new, _ in WARNINGS])
def test_what_is_allowed_but_probably_not_meant(warned: Complain, old: str, new: str, lines: list[str]) -> None:
    """A warning, with the place, and the scenario runs."""
    assert warned(old, new) == lines
