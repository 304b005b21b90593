"""Options that can have no effect where they stand, and waits that can have no end: allowed, but probably not meant.

A warning is given only where it is sure, whatever chance does.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from sim.balancing import ALGORITHMS
from sim.components import ClientConfig
from sim.components.queue import QueueConfig
from sim.components.service import ServiceConfig
from sim.metrics import parse_measure
from sim.policies.retry import RetryConfig
from sim.scenario.document import Document
from sim.scenario.errors import Problem
from sim.scenario.paths import Path
from sim.scenario.source import Source
from sim.scenario.topology import Topology
from sim.values import format_share, parts
from sim.values.words import quote

Doubt = tuple[Path, str]
"""Where in a config, and the message."""


def warnings(document: Document, source: Source, topology: Topology) -> Iterator[Problem]:
    """What has no effect in a document without errors."""
    placed: list[tuple[Path, Iterator[Doubt]]] = []
    callers = [*parts(document.clients, ("clients",)), *parts(document.components, ("components",))]
    patient = not any(getattr(part, key, None) for _, part in callers for key in ("timeout", "visibility_timeout"))
    resident = any(getattr(part, "resident", None) == "client" for _, part in callers)
    dropped = any(getattr(part, "deadline_propagation", False) for _, part in callers)
    for path, part in callers:
        if isinstance(getattr(part, "retry", None), RetryConfig):
            may_expire = part.timeout is not None or (dropped and not patient)
            placed.append(((*path, "retry"), _retry(part.retry, may_expire)))
        if isinstance(part, ClientConfig):
            placed.append((path, _client(part)))
            if part.home is not None and not resident:
                placed.append((path, iter([(("home",), "nothing is 'resident' by client, so nobody looks at it")])))
        if isinstance(part, ServiceConfig):
            placed.append((path, _service(part, patient)))
        if isinstance(part, QueueConfig):
            placed.append(((*path, "consumers"), _consumers(part, document)))
    placed.append((("objectives",), _objectives(document, topology)))
    for path, doubts in placed:
        for inside, text in doubts:
            yield source.problem((*path, *inside), text)


def _retry(retry: RetryConfig, may_expire: bool) -> Iterator[Doubt]:
    if retry.attempts == 1:
        yield ("attempts",), "the first attempt counts too, so nothing is ever tried again"
    elif retry.budget == 0.0:
        yield ("budget",), f"a budget of {format_share(retry.budget)} allows no retry at all"
    if "on" in retry.model_fields_set and "timeout" in retry.on and not may_expire:
        yield ("on",), "no attempt ever ends with a timeout: there is no 'timeout' beside this retry"


def _client(client: ClientConfig) -> Iterator[Doubt]:
    lossy = client.network is not None and client.network.lose_response
    if lossy and client.timeout is None:
        text = "whoever waits for a lost answer waits for ever: there is no 'timeout'"
        yield ("network", "lose_response"), text
    retry, sent = client.retry, [request for request in client.requests if request.weight]
    if retry is None or retry.attempts == 1 or not sent:
        return
    if retry.methods is not None and not any(request.method in retry.methods for request in sent):
        yield ("retry", "methods"), f"none of its requests has {_either(retry.methods)}, so nothing is ever tried again"
    elif retry.methods is None and not any(request.kind().idempotent for request in sent):
        methods = _either(sorted({request.method for request in sent}))
        text = f"{methods} is not tried again unless 'methods' names it or the request has an idempotency_key"
        yield ("retry",), text


def _service(service: ServiceConfig, patient: bool) -> Iterator[Doubt]:
    algorithm = service.balancer.algorithm
    if "weight" in service.model_fields_set and not ALGORITHMS[algorithm].weighted:
        yield ("weight",), f"{algorithm} does not look at weights"
    checked = service.health_check is not None or service.outlier_ejection is not None
    if "panic_threshold" in service.balancer.model_fields_set and not checked:
        text = "nothing ever takes an instance out: there is no health_check and no outlier_ejection"
        yield ("balancer", "panic_threshold"), text
    if "order" in service.model_fields_set and service.queue == 0:
        yield ("order",), "with a queue of 0 nobody ever waits"
    if service.deadline_propagation and patient:
        yield ("deadline_propagation",), "no caller ever gives up: there is no 'timeout' anywhere"


def _consumers(queue: QueueConfig, document: Document) -> Iterator[Doubt]:
    for number, consumer in enumerate(queue.consumers):
        service: Any = document.components[consumer.service]
        if service.queue != "unbounded" and service.workers * consumer.prefetch > service.workers + service.queue:
            at_once, room = service.workers * consumer.prefetch, service.workers + service.queue
            text = f"an instance of {quote(consumer.service)} gets {at_once} messages and has room for {room}: "
            yield (number, "prefetch"), f"{text}it refuses the others, each time they come"


def _objectives(document: Document, topology: Topology) -> Iterator[Doubt]:
    sent: dict[str, float] = {}
    for client in document.clients.values():
        for request in client.requests:
            sent[request.send] = sent.get(request.send, 0.0) + request.weight
    for number, text in enumerate(document.objectives):
        with suppress(ValueError):
            subject: Any = parse_measure(re.split("[<>=!]", text, maxsplit=1)[0]).subject
            if subject in document.components and subject not in topology.reached:
                yield (number,), f"no client's requests ever reach {quote(subject)}"
            elif sent.get(subject) == 0.0:
                yield (number,), f"no client ever sends {quote(subject)}: its weight is 0"


def _either(words: list[Any]) -> str:
    return " or ".join(words)
