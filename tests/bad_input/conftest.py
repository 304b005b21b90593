"""A small shop in which one thing at a time is broken, and how the loading complains about it."""

# ruff: noqa: E501 - a message is one line

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
    days = ["01/Jan/2024:00:00:00", "01/Jan/2024:00:00:05", "01/Jan/2025:00:00:09"]
    lines = [f'10.0.0.1 - - [{day} +0000] "GET /a HTTP/1.1" 200 12\n' for day in days]
    (tmp_path / "leap.log").write_text("".join(lines))
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


# fmt: off
OTHERS = [
    ("warmup: 5s", "warmup: 1m", "warmup: a warm-up of 1m leaves nothing of 1m", "duration|'duration'|warmup"),
    ("scenario: A shop\n", "scenario: A shop\nsites: {mars: {}}\n", "sites: 'sites' is not known here", "sites"),
    ("size: 50, ttl: 10s}", "size: 50, ttl: 10s, region: eu}", "components.items.region: there is no region 'eu'; the scenario declares none under 'regions'", ""),
    ("to: bank", "to: bnk", "components.api.steps[2].call.to: there is no component 'bnk'; did you mean 'bank'?", ""),
    ("latency: {exponential: 40ms}", "latency: 40", "components.bank.latency: 40 needs a unit; a duration is written like 40ms, 40s, 40m", ""),
    ("events:\n", "  loop: {kind: waf, to: loop}\nevents:\n", "components.loop.to: a request would go round for ever: loop → loop", ""),
    ("events:\n", "  spare: {kind: cache}\nevents:\n", "components.spare: nobody reads this cache", "components"),
    ("crash: api, instances: 1", "crash: api, instances: 4", "events[0].instances: 'api' has only 3 instances", "components.api.inst"),
    ("app p99 < 300ms", "app p99 < 300ms\n  - duplicate_effects == 0", "objectives[2]: nothing in the scenario counts duplicate_effects", ""),
    ("app p99 < 300ms", "app p99 < 300ms\n  - ap p99 < 1s", "objectives[1]: 'ap' is not a client or a route; did you mean 'app'?", "clients.app: 'app' is written twice"),
]
# fmt: on
"""Mistakes of every kind: right text, wrong text, what is said, and beside which complaints that cannot be told."""

UPROOTED = (
    r"(?!answer|scenario|seed|duration|warmup)\w+: |.*does not belong to the mapping"
    r"|.*(a name is made of letters|is also the name of a client|a key is a text)"
)
"""Complaints about a whole section or a name in it: what stands below is then not understood."""

LISTS = r"; known: .*|; \S+( and \S+)* ha(s|ve) one| on line .*|  :.*"
"""What a complaint says of everything that is there, and places."""


@pytest.fixture
def hide_nothing(complaints: Complain) -> Callable[[list[tuple[str, str, list[str]]]], None]:
    """Puts mistakes of every kind beside each change (old text, new text, complaints): all are named, and no more."""

    def try_all(rows: list[tuple[str, str, list[str]]]) -> None:
        compared = 0
        for old, new, lines in rows:
            if any(re.match(UPROOTED, line) for line in lines):
                continue
            text, due = SHOP.replace(old, new), {re.sub(LISTS, "", line) for line in lines}
            allowed = set(due)
            for right, wrong, said, reason in OTHERS:
                if text.count(right) == 1 and said not in allowed:
                    text = text.replace(right, wrong)
                    allowed.add(said)
                    due |= set() if reason and any(re.match(reason, line) for line in lines) else {said}
            found = {re.sub(LISTS, "", line) for line in complaints(text=text)}
            assert due <= found <= allowed, (new, due - found, found - allowed)
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
