"""Options without an effect, and waits without an end: the scenario runs, and a warning says where and why."""

# ruff: noqa: E501 - a message is one line

from collections.abc import Callable
from pathlib import Path

import pytest

from sim.scenario import load

Warned = Callable[[str, str], list[str]]

RETRY = "    retry: {attempts: 3, backoff: {base: 50ms, max: 1s}, on: [timeout, 5xx]}\n"
ORDERS = (
    "      - {send: GET /items, weight: 9, key: {zipf: {items: 100, s: 1}}}\n      - {send: POST /orders, weight: 1}\n"
)
CLIENT = f"{ORDERS}    timeout: 2s\n{RETRY}"
ONLY_ORDERS = "      - {send: GET /items, weight: 0}\n      - {send: POST /orders}\n"

# fmt: off
WARNINGS: list[tuple[str, str, list[str]]] = [
    (f"    timeout: 2s\n{RETRY}", f"{RETRY}", ["clients.app.retry.on: no attempt ever ends with a timeout: there is no 'timeout' beside this retry  :12:62"]),
    (f"    timeout: 2s\n{RETRY}", "    retry: {on: timeout}\n", ["clients.app.retry.on: no attempt ever ends with a timeout: there is no 'timeout' beside this retry  :12:17"]),
    (f"    timeout: 2s\n{RETRY}", "    retry: 3\n", []),
    ('to: api, timeout: 1s}', 'to: api, retry: {on: [timeout, 5xx]}}', ["components.gateway.routes[0].retry.on: no attempt ever ends with a timeout: there is no 'timeout' beside this retry  :19:50"]),
    ("call: {to: bank, timeout: 1s}", "call: {to: bank, retry: {on: timeout}}", ["components.api.steps[2].call.retry.on: no attempt ever ends with a timeout: there is no 'timeout' beside this retry  :29:38"]),
    ("attempts: 3", "attempts: 1", ["clients.app.retry.attempts: the first attempt counts too, so nothing is ever tried again  :13:23"]),
    ("attempts: 3,", "attempts: 3, budget: 0%,", ["clients.app.retry.budget: a budget of 0% allows no retry at all  :13:34"]),
    ("attempts: 3,", "attempts: 3, methods: [PUT, PATCH],", ["clients.app.retry.methods: none of its requests has PUT or PATCH, so nothing is ever tried again  :13:35"]),
    ("attempts: 3,", "attempts: 3, methods: [PUT, POST],", []),
    (CLIENT, f"{ONLY_ORDERS}    timeout: 2s\n{RETRY}", ["clients.app.retry: POST is not tried again unless 'methods' names it or the request has an idempotency_key  :13:12"]),
    (CLIENT, f"{ONLY_ORDERS}    timeout: 2s\n{RETRY}".replace("orders}", "orders, idempotency_key: true}"), []),
    (f"    timeout: 2s\n{RETRY}", "    network: {lose_response: 1%}\n", ["clients.app.network.lose_response: whoever waits for a lost answer waits for ever: there is no 'timeout'  :12:30"]),
    ("    timeout: 2s\n", "    timeout: 2s\n    network: {lose_response: 1%}\n", []),
    ("balancer: least_request", "balancer: round_robin\n    weight: [3, 1, 1]", ["components.api.weight: round_robin does not look at weights  :26:13"]),
    ("balancer: least_request", "weight: [3, 1, 1]", ["components.api.weight: round_robin does not look at weights  :25:13"]),
    ("balancer: least_request", "balancer: least_request\n    weight: [3, 1, 1]", []),
    ("balancer: least_request", "balancer: {panic_threshold: 0%}", ["components.api.balancer.panic_threshold: nothing ever takes an instance out: there is no health_check and no outlier_ejection  :25:33"]),
    ("balancer: least_request", "balancer: {panic_threshold: 0%}\n    outlier_ejection: {}", []),
    ("queue: 50", "queue: 0\n    order: lifo", ["components.api.order: with a queue of 0 nobody ever waits  :25:12"]),
    ("queue: 50", "deadline_propagation: true", []),
    ("events:\n", "events:\n  - {at: 9s, partition: [api, db]}\n", ["components.api.steps[1].read_through.origin: from 9s on nothing ever comes back from 'db': the partition has no 'for', and who waits has no 'timeout'  :28:46"]),
    ("events:\n", "events:\n  - {at: 9s, partition: api/bank}\n", []),
    ("events:\n", "events:\n  - {at: 9s, for: 1s, partition: [api, db]}\n", []),
    ("events:\n", "events:\n  - {at: 9s, loss: items, rate: 100%}\n", ["components.api.steps[1].read_through.cache: from 9s on nothing ever comes back from 'items': the loss has no 'for', and who waits has no 'timeout'  :28:31"]),
    ("events:\n", "events:\n  - {at: 9s, loss: items, rate: 99.9%}\n", []),
    ("events:\n", "events:\n  - {at: 9s, partition: gateway}\n", []),
    ("  - app p99 < 300ms\n", "  - app p99 < 300ms\n  - db utilization < 80%\n", []),
]
# fmt: on


@pytest.mark.parametrize(("old", "new", "lines"), WARNINGS, ids=[new.strip() for _, new, _ in WARNINGS])
def test_what_has_no_effect(warned: Warned, old: str, new: str, lines: list[str]) -> None:
    """Beside each a row that is nearly the same and has one."""
    assert warned(old, new) == lines


FOR_EVER = """\
scenario: Whoever asks waits for ever, and what lies between only as long as whoever has asked it
duration: 1m
clients:
  eager: {traffic: {rate: 50/s}, to: edge, requests: [GET /a, GET /b]}
  calm: {traffic: {rate: 50/s}, to: edge, timeout: 1s}
components:
  edge: {kind: cdn, hit_ratio: 30%, to: gateway}
  gateway: {kind: gateway, routes: [{match: /a, to: api, timeout: 1s}, {match: "/**", to: api}]}
  api: {kind: service, steps: [publish: jobs]}
  jobs: {kind: queue, consumers: worker}
  worker: {kind: service, work: 1ms}
events:
  - {at: 9s, partition: [gateway, api]}
  - {at: 10s, loss: [gateway, worker], rate: 100%}
"""


def test_the_nearest_who_never_gives_up_is_told_and_told_once(tmp_path: Path) -> None:
    """A gateway has nothing that it could lose, and a queue delivers again."""
    (tmp_path / "cut.yaml").write_text(FOR_EVER)
    assert [
        str(warning).replace(f"  {tmp_path}/cut.yaml", "  ") for warning in load(tmp_path / "cut.yaml").warnings
    ] == [
        "clients.eager.to: from 9s on nothing ever comes back from 'api': the partition has no 'for', and who waits has no 'timeout'  :4:38",
    ]


LONELY = """\
scenario: Nobody gives up, and some are never asked
duration: 1m
clients:
  app: {traffic: {rate: 50/s}, requests: [{send: GET /a}, {send: GET /b, weight: 0}], to: api}
components:
  api: {kind: service, work: 1ms, deadline_propagation: true}
  spare: {kind: service, work: 1ms}
objectives: [spare utilization < 80%, GET /a p99 < 1s, GET /b p99 < 1s]
"""


def test_what_has_no_effect_for_want_of_traffic_or_time_outs(tmp_path: Path) -> None:
    """An objective on what is never asked; a deadline that no caller has."""
    (tmp_path / "lonely.yaml").write_text(LONELY)
    lines = [
        str(warning).replace(f"  {tmp_path}/lonely.yaml", "  ") for warning in load(tmp_path / "lonely.yaml").warnings
    ]
    assert lines == [
        "components.spare: no client's requests ever reach it  :7:3",
        "components.api.deadline_propagation: no caller ever gives up: there is no 'timeout' anywhere  :6:57",
        "objectives[0]: no client's requests ever reach 'spare'  :8:14",
        "objectives[2]: no client ever sends 'GET /b': its weight is 0  :8:56",
    ]
