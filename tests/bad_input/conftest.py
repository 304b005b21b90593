"""A small shop in which one thing at a time is broken, and how the loading complains about it."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.scenario import ScenarioError, load

SHOP = """\
scenario: A shop
seed: 3
duration: 1m
warmup: 5s
network: {latency: 1ms, between: {gateway/api: 2ms}}
clients:
  app:
    traffic: {rate: 50/s}
    requests:
      - {send: GET /items, weight: 9, key: {zipf: {items: 100, s: 1}}}
      - {send: POST /orders, weight: 1}
    timeout: 2s
    retry: {attempts: 3, backoff: {base: 50ms, max: 1s}, on: [timeout, 5xx]}
    to: gateway
components:
  gateway:
    kind: gateway
    policies: [{rate_limit: {rate: 100/s, burst: 20}}]
    routes: [{match: "/**", to: api, timeout: 1s}]
  api:
    kind: service
    instances: 3
    workers: 4
    queue: 50
    balancer: least_request
    steps:
      - work: {p50: 4ms, p99: 20ms}
      - read_through: {cache: items, origin: db}
      - call: {to: bank, timeout: 1s}
  items: {kind: cache, size: 50, ttl: 10s}
  db: {kind: database, connections: 10, work: 5ms}
  bank: {kind: external, latency: {exponential: 40ms}}
events:
  - {at: 20s, crash: api, instances: 1, restart_after: 10s}
  - {at: 40s, for: 5s, spike: app, factor: 2}
objectives:
  - app p99 < 300ms
"""

Complain = Callable[..., list[str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: a folder with the shop and some files that it may name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.yaml").write_text(SHOP)
    (tmp_path / "access.log").write_text('10.0.0.1 - - [01/Jan/2024:00:00:00 +0000] "GET /a HTTP/1.1" 200 12\n')
    (tmp_path / "notes.log").write_text("not a log\nat all\n")
    (tmp_path / "empty.log").write_text("")
    (tmp_path / "cut.log.gz").write_bytes(gzip.compress(b"10.0.0.1 - - [01/Jan/2024:00:00:00 +0000]\n" * 99)[:40])
    (tmp_path / "sample.csv").write_text("5ms\nsoon\n")
    return tmp_path


@pytest.fixture
def complaints(folder: Path) -> Complain:
    """What is wrong with the shop after a change, or with another text; one line a problem, without the file's name."""

    def load_broken(
        old: str | None = None,
        new: str = "",
        *,
        text: str | bytes | None = None,
        overrides: dict[str, object] | None = None,
    ) -> list[str]:
        if old is not None:
            assert SHOP.count(old) == 1
            text = SHOP.replace(old, new)
        if text is not None:
            (folder / "shop.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
        with pytest.raises(ScenarioError) as caught:
            load("shop.yaml", overrides)
        return str(caught.value).replace("  shop.yaml", "  ").splitlines()

    return load_broken


OTHERS = [
    ("latency: {exponential: 40ms}", "latency: 40", "components.bank.latency: 40 needs a unit"),
    ("to: bank", "to: bnk", "components.api.steps[2].call.to: there is no component 'bnk'"),
]
"""Two mistakes, a value and a name."""

LATER = (
    "leaves nothing of|'duration' is missing|these two stand here already|go round for ever|nobody reads"
    "|more than \\d+ such|replays a log|does not exist: the last|has only|nothing in the scenario counts|which has no"
    "|is not an access log|is empty$|is damaged|no line of access.log reads|is more than this simulator can run, which"
)
"""What can only be told of a document whose every value is right, in a pattern."""

UPROOTED = r"(?!answer)\w+: |.*does not belong to the mapping|.*a name is made of letters"
"""Complaints about a whole section or a name in it: what stands below is then no longer where it was."""


@pytest.fixture
def hide_nothing(complaints: Complain) -> Callable[[list[tuple[str, str, list[str]]]], None]:
    """Puts each of two other mistakes beside each change (old text, new text, complaints): all must be named."""

    def try_all(rows: list[tuple[str, str, list[str]]]) -> None:
        compared = 0
        for old, new, lines in rows:
            own = {line.rpartition("  :")[0] for line in lines}
            if any(re.match(UPROOTED, line) for line in own):
                continue
            for right, wrong, said in OTHERS:
                text = SHOP.replace(old, new)
                if text.count(right) != 1:
                    continue
                found = {line.rpartition("  :")[0] for line in complaints(text=text.replace(right, wrong))}
                missing = {line for line in own if wrong == "to: bnk" or not re.search(LATER, line)} - found
                assert not missing, (new, wrong, missing, found)
                assert any(line.startswith(said) for line in found), (new, wrong, found)
                compared += 1
        assert compared > 10

    return try_all


@pytest.fixture
def warned(folder: Path) -> Complain:
    """The warnings about the shop after a change."""

    def load_changed(old: str, new: str) -> list[str]:
        assert SHOP.count(old) == 1
        (folder / "shop.yaml").write_text(SHOP.replace(old, new))
        return [str(warning).replace("  shop.yaml", "  ") for warning in load("shop.yaml").warnings]

    return load_changed
