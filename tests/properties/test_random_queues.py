"""Small random queues obey the laws: nothing is lost or invented, no consumer idles beside a message, order is kept."""

from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.components.message import READY, TAKEN
from sim.components.queue import DELIVERIES
from sim.experiment import run
from sim.metrics import summarize
from sim.metrics.messages import check_messages
from sim.scenario import assemble, load
from tests.properties.test_random_worlds import mapping, maybe, milliseconds, works

queues = mapping(
    size=st.sampled_from([1, 3, 20, "unbounded"]),
    on_full=st.sampled_from(["block", "reject", "shed"]),
    partitions=maybe(st.integers(1, 4)),
    delivery=st.sampled_from(["at_least_once", "at_most_once"]),
    visibility_timeout=milliseconds(5, 200),
    max_deliveries=maybe(st.integers(1, 4)),
    dead_letter_queue=maybe(st.just("dead")),
    backoff=maybe(milliseconds(1, 50) | milliseconds(1, 20).map(lambda base: {"base": base, "jitter": "full"})),
    latency=maybe(milliseconds(0, 5)),
)

publishes = mapping(
    to=st.just("jobs"),
    delay=maybe(milliseconds(1, 100)),
    poison=maybe(st.sampled_from(["10%", "100%"])),
    timeout=maybe(milliseconds(5, 60)),
    retry=maybe(st.just({"attempts": 2})),
    optional=maybe(st.booleans()),
)

consumers = mapping(
    instances=st.integers(1, 3),
    workers=st.integers(1, 2),
    queue=st.sampled_from([0, 2, "unbounded"]),
    work=works,
    startup=maybe(milliseconds(1, 50)),
)

events = st.lists(
    st.tuples(
        st.integers(0, 400),
        maybe(st.integers(1, 300)),
        st.sampled_from(
            [
                {"crash": "worker"},
                {"crash": "worker", "instances": 1},
                {"crash": "api"},
                {"hang": "worker[0]"},
                {"hang": "jobs"},
                {"slow": "worker", "factor": 5},
                {"errors": "worker", "rate": "50%"},
                {"errors": "jobs", "rate": "50%"},
                {"broker_down": "jobs"},
                {"publish_lost": "jobs", "rate": "50%"},
                {"partition": {"between": ["jobs", "worker"]}},
                {"partition": {"between": ["api", "jobs"]}},
                {"loss": "worker", "rate": "30%"},
                {"spike": "user", "factor": 4},
            ]
        ),
    ).map(
        lambda event: {"at": f"{event[0]}ms"} | ({"for": f"{event[1]}ms"} if event[1] else {}) | event[2],
    ),
    max_size=3,
)


@st.composite
def systems(draw: st.DrawFn) -> dict[str, Any]:
    """A scenario as data: a service that publishes, or a client that does, and one group of consumers or two."""
    queue = draw(queues)
    if queue["size"] == "unbounded":
        del queue["on_full"]
    elif "partitions" in queue and queue["on_full"] == "shed":
        del queue["partitions"]
    if queue["delivery"] == "at_most_once":
        queue = {key: queue[key] for key in queue if key not in DELIVERIES["at_least_once"]}
    if "max_deliveries" not in queue:
        queue.pop("dead_letter_queue", None)
    groups = draw(st.sampled_from([["worker"], ["worker", "audit"], [{"service": "worker", "prefetch": 3}]]))
    steps = draw(st.lists(st.builds(dict, publish=publishes) | st.builds(dict, work=works), min_size=1, max_size=3))
    return {
        "scenario": "A random queue",
        "duration": draw(milliseconds(100, 700)),
        "warmup": draw(st.sampled_from(["0s", "50ms"])),
        "network": draw(mapping(latency=maybe(milliseconds(0, 10)))),
        "clients": {
            "user": {
                "traffic": draw(mapping(rate=st.sampled_from(["20/s", "150/s"]))),
                "requests": [draw(mapping(send=st.just("GET /a"), key=maybe(st.just({"uniform": {"items": 5}}))))],
                "to": draw(st.sampled_from(["api", "jobs"])),
            }
        },
        "components": {
            "api": {"kind": "service", "workers": 4, "steps": [*steps, {"publish": "jobs"}]},
            "jobs": queue | {"kind": "queue", "consumers": groups},
            "worker": draw(consumers) | {"kind": "service"},
            "audit": {"kind": "service", "work": "5ms"},
            "dead": {
                "kind": "queue",
                "size": 3,
                "on_full": draw(st.sampled_from(["block", "shed"])),
                "consumers": "office",
            },
            "office": {"kind": "service", "work": "30ms"},
        },
        "events": draw(events),
    }


@pytest.fixture(scope="module")
def load_system(tmp_path_factory):
    """Loads a system from the file that it would stand in."""
    path = tmp_path_factory.mktemp("queues") / "system.yaml"

    def load_(system):
        path.write_text(yaml.safe_dump(system, sort_keys=False))
        return load(path)

    return load_


@settings(max_examples=150)
@given(systems(), st.integers(0, 3))
def test_every_queue_obeys_the_laws(load_system, system, seed):
    """Books balance, also those of requests; no more deliveries than there may be, and none twice if at most once."""
    scenario = load_system(system)
    result = run(scenario, seed)
    requests = summarize(result)["requests"]
    assert requests["offered"] == requests["completed"] + requests["in_flight"]
    queue, config = result.components["jobs"], scenario.document.components["jobs"]
    for name, group in queue["groups"].items():
        came = group["published"] + group["carried_over"]
        for counter, value in group.items():
            if isinstance(value, int | float):
                assert value >= 0, f"{name} {counter} is {value}"
        if config.delivery == "at_most_once":
            assert group["redelivered"] == group["duplicates"] == group["dead_letters"] == 0
        elif config.max_deliveries is not None:
            assert group["delivered"] <= came * config.max_deliveries
        times = group["end_to_end_s"]
        assert times["max"] is None or 0.0 <= times["max"] <= result.duration
        assert group["lag_max_s"] <= result.duration
    kept = {name: result.series["value"][result.series["series"] == number] for number, name in enumerate(
        result.series_names) if name[1] in ("published", "acknowledged", "dead_letters")}  # fmt: skip
    for name, values in kept.items():
        assert (np.diff(values) >= 0.0).all(), name


@settings(max_examples=120)
@given(systems())
def test_between_any_two_events_queues_are_in_order(load_system, system):
    """Event by event: no live consumer with a free seat beside a message that is ready, and one of a partition at most.

    The books balance at any time, and it comes to the same bits as in one go.
    """
    scenario = load_system({**system, "warmup": "0s"})
    world = assemble(scenario, 1).world
    env, queue = world.env, world.components["jobs"]
    while env.peek() < scenario.duration:
        env.step()
        for group in queue.groups:
            ready = [message for message in group.ready if message.state == READY]
            seats = [seat for seat in group.seats if not seat.taken_away]
            assert not (ready and seats and queue.awake), f"a consumer idles beside a message at {env.now} s"
            for line in group.lines:
                assert sum(message.state in (READY, TAKEN) for message in line) <= 1
                assert not line or line[0].state in (READY, TAKEN) or line[0].deliveries
            assert group.waiting >= 0
            assert group.in_flight >= 0
        assert queue.full or not [turn for turn, _ in queue.blocked if turn.callbacks]
        for name in ("jobs", "dead"):
            check_messages(name, world.components[name].counters())
    other = run(scenario, 1)
    assert world.recorder.rows().tobytes() == other.requests.tobytes()
    assert other.components["jobs"]["acknowledged"] == queue.counters()["acknowledged"]
