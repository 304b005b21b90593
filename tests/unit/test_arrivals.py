"""When requests come, what they ask for and who sends them."""

from collections.abc import Sequence
from math import inf
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.components.traffic import (
    BLOCK,
    Mix,
    PopulationConfig,
    RateFunction,
    RequestConfig,
    Spike,
    TrafficConfig,
    arrival_times,
)
from sim.kernel import Streams

BURSTY = {"bursty": {"factor": 4, "on": "500ms", "off": "2s"}}


def traffic(**said: Any) -> TrafficConfig:
    return TrafficConfig.model_validate(said)


def arrivals(config: TrafficConfig, duration: float, spikes: Sequence[Spike] = (), seed: int = 1) -> np.ndarray:
    rate = config.rate_function(duration, spikes)
    return np.concatenate([np.empty(0), *arrival_times(config, rate, Streams(seed), "app", duration)])


def shape(*points: tuple[str, str, str], **said: Any) -> TrafficConfig:
    return traffic(shape=[{"at": at, "rate": rate, "ramp": ramp} for at, rate, ramp in points], **said)


def test_constant_arrivals_are_evenly_spaced() -> None:
    """Four a second for two seconds: the first at once, and none at the end itself."""
    times = arrivals(traffic(rate="4/s", arrivals="constant"), 2.0)
    assert times.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75]


def test_a_step_changes_the_rate_at_once() -> None:
    """Two a second, four a second from 2 s on, silence from 3 s on."""
    config = shape(("2s", "4/s", "step"), ("3s", "0/s", "step"), rate="2/s", arrivals="constant")
    assert arrivals(config, 9.0).tolist() == [0.0, 0.5, 1.0, 1.5, 2.0, 2.25, 2.5, 2.75]


def test_a_linear_ramp_grows_from_the_point_before() -> None:
    """From 0 to 8 a second within 4 s: the n-th request comes when t² = n."""
    config = shape(("4s", "8/s", "linear"), arrivals="constant")
    rate = config.rate_function(10.0)
    assert rate.rate_at([0.0, 1.0, 4.0, 9.0]).tolist() == [0.0, 2.0, 8.0, 8.0]
    assert arrivals(config, 4.0) == pytest.approx(np.sqrt(np.arange(16)))
    assert rate.cumulative([4.0, 6.0]).tolist() == [16.0, 32.0]


def test_a_shape_without_a_rate_begins_in_silence() -> None:
    """Nothing arrives before the first point."""
    config = shape(("5s", "2/s", "step"), arrivals="constant")
    assert arrivals(config, 6.5).tolist() == [5.0, 5.5, 6.0]


def test_arrivals_resume_when_the_rate_comes_back() -> None:
    """What is due during a silence comes at its end, not at its beginning."""
    config = shape(("1s", "0/s", "step"), ("3s", "2/s", "step"), rate="2/s", arrivals="constant")
    assert arrivals(config, 4.0).tolist() == [0.0, 0.5, 3.0, 3.5]


def test_a_spike_multiplies_the_rate_inside_its_window_alone() -> None:
    """Three times the rate from 2 s until just before 4 s."""
    rate = RateFunction.constant(10.0).with_spikes([Spike(2.0, 4.0, 3.0)])
    assert rate.rate_at([1.999, 2.0, 3.999, 4.0]).tolist() == [10.0, 30.0, 30.0, 10.0]


def test_overlapping_spikes_multiply() -> None:
    """Twice from 1 s, three times from 2 s, so six times where both are on; the second never ends."""
    rate = RateFunction.constant(10.0).with_spikes([Spike(1.0, 3.0, 2.0), Spike(2.0, inf, 3.0)])
    assert rate.rate_at([0.5, 1.5, 2.5, 3.5]).tolist() == [10.0, 20.0, 60.0, 30.0]
    assert rate.mean(0.0, 4.0) == 30.0
    assert rate.peak(0.0, 2.0) == 20.0
    assert rate.peak(0.0, 2.5) == 60.0


def test_the_peak_of_a_ramp_is_at_its_upper_end() -> None:
    """A triangle that is at its top at 4 s, seen through windows left, right and around of it."""
    rate = shape(("4s", "8/s", "linear"), ("8s", "0/s", "linear")).rate_function(8.0)
    assert [rate.peak(0.0, 2.0), rate.peak(6.0, 8.0), rate.peak(1.0, 7.0)] == [4.0, 4.0, 8.0]


def test_a_day_runs_from_low_to_high_and_back() -> None:
    """The rhythm is at its highest at `peak_at`, at its lowest half a day later, and keeps its mean."""
    day = {"low": "10/s", "high": "90/s", "peak_at": "14h"}
    rate = traffic(diurnal=day).rate_function(3 * 86_400.0)
    assert rate.rate_at([14 * 3600.0, 2 * 3600.0, 38 * 3600.0, 8 * 3600.0]) == pytest.approx([90.0, 10.0, 90.0, 50.0])
    assert rate.mean(0.0, 86_400.0) == pytest.approx(50.0)
    hours = np.linspace(0.0, 86_400.0, 997)
    wave = 50.0 + 40.0 * np.cos(2.0 * np.pi * (hours / 86_400.0 - 14 / 24))
    assert rate.rate_at(hours) == pytest.approx(wave, abs=0.01)


@given(
    base=st.floats(0.1, 1e3),
    points=st.lists(
        st.tuples(st.floats(0.1, 50.0), st.floats(0.0, 1e3), st.sampled_from(["linear", "step"])), max_size=5
    ),
    counts=st.lists(st.floats(0.0, 0.999), min_size=1, max_size=9),
)
def test_inverse_undoes_cumulative(base: float, points: list[Any], counts: list[float]) -> None:
    """Until the n-th request is expected, n requests are expected, whatever the shape."""
    pieces, time, rate = [], 0.0, base
    for length, following, ramp in [*points, (10.0, base, "step")]:
        pieces.append((time, rate, (following - rate) / length if ramp == "linear" else 0.0))
        time, rate = time + length, following
    function = RateFunction(*zip(*pieces, (time, base, 0.0), strict=True))
    wanted = np.sort(counts) * function.cumulative(time)
    times = function.inverse(wanted)
    assert np.all(np.diff(times) >= 0.0)
    assert function.cumulative(times) == pytest.approx(wanted, rel=1e-6, abs=1e-6)


def test_after_the_last_request_comes_none() -> None:
    """A rate that ends at zero expects a whole number of requests, and never the next one."""
    rate = shape(("10s", "0/s", "step"), rate="3/s").rate_function(60.0)
    assert rate.inverse([29.0, 30.0, 31.0]).tolist() == [pytest.approx(29 / 3), inf, inf]


@pytest.mark.parametrize("process", ["poisson", "constant", BURSTY])
@pytest.mark.parametrize(
    "base",
    [
        {"rate": "2k/s"},
        {"shape": [{"at": "20s", "rate": "3k/s"}, {"at": "30s", "rate": "500/s", "ramp": "step"}]},
        {"diurnal": {"low": "100/s", "high": "4k/s", "period": "60s"}},
    ],
)
def test_a_later_spike_leaves_earlier_arrivals_alone(base: dict[str, Any], process: Any) -> None:
    """Common random numbers: until the spike begins, both variants are the same bit for bit."""
    config = traffic(arrivals=process, **base)
    calm = arrivals(config, 25.0)
    spiked = arrivals(config, 25.0, [Spike(12.3, 20.0, 5.0)])
    before = calm[calm < 12.3]
    assert len(before) > BLOCK
    assert np.array_equal(spiked[spiked < 12.3], before)
    assert len(spiked) > len(calm) + 1000


def test_a_longer_run_sees_the_same_arrivals_and_then_more() -> None:
    """How long a run lasts does not change how it begins."""
    for process in ("poisson", BURSTY):
        config = traffic(rate="1k/s", arrivals=process)
        short, long = arrivals(config, 10.0), arrivals(config, 30.0)
        assert np.array_equal(long[: len(short)], short)
        assert long[len(short)] >= 10.0


def test_arrivals_come_in_blocks_and_in_order() -> None:
    """Every block but the last is full, and time never goes back, not even from block to block."""
    config = traffic(rate="1k/s", arrivals=BURSTY)
    blocks = list(arrival_times(config, config.rate_function(60.0), Streams(3), "app", 60.0))
    assert {len(block) for block in blocks[:-1]} == {BLOCK}
    times = np.concatenate(blocks)
    assert np.all(np.diff(times) >= 0.0)
    assert 59.0 < times[-1] < 60.0


def test_the_first_moment_is_in_a_burst_as_often_as_any_other() -> None:
    """Over 1000 runs that are short against the periods the mean is the rate, not that of a burst or a calm."""
    config = traffic(rate="100/s", arrivals={"bursty": {"factor": 5, "on": "10s", "off": "40s"}})
    counts = [len(arrivals(config, 0.1, seed=seed)) for seed in range(1000)]
    assert abs(np.mean(counts) - 10.0) < 4 * np.std(counts) / np.sqrt(len(counts))


def test_the_strongest_burst_leaves_silence_between() -> None:
    """Bursts a fifth of the time at five times the rate: every arrival is in a burst, and the gaps last seconds."""
    config = traffic(rate="100/s", arrivals={"bursty": {"factor": 5, "on": "1s", "off": "4s"}})
    gaps = np.diff(arrivals(config, 200.0))
    assert np.median(gaps) < 0.01
    assert np.max(gaps) > 4.0


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({}, "say where requests come from: rate (or shape, diurnal), users or replay"),
        ({"rate": "0/s"}, "a rate of zero brings no request at all"),
        ({"rate": "2M/s"}, "2M/s is more than this simulator can run; scale the rate and the capacity"),
        ({"rate": "900k/s", "arrivals": BURSTY}, "3.6M/s is more than this simulator can run"),
        ({"rate": "3/s", "users": 5}, "traffic has one source, users or rate"),
        ({"rate": "3/s", "think": "1s"}, "is for users"),
        ({"rate": "3/s", "speed": 2}, "is for the replay of a log"),
        ({"rate": "3/s", "format": "json"}, "is for the replay of a log"),
        ({"users": 5, "arrivals": "constant"}, "is for a rate; users says by itself when requests come"),
        ({"users": 0}, "greater than or equal to 1"),
        ({"shape": []}, "a shape needs at least one point"),
        ({"shape": [{"at": "1s", "rate": "0/s"}]}, "a rate of zero brings no request at all"),
        (
            {"shape": [{"at": "2s", "rate": "1/s"}, {"at": "2s", "rate": "2/s"}]},
            "points must be in the order of time: 2s comes after 2s",
        ),
        ({"diurnal": {"low": "5/s", "high": "3/s"}}, "low (5/s) is above high (3/s)"),
        ({"diurnal": {"low": "1/s", "high": "3/s", "period": "10ms"}}, "a period of 10ms is too short"),
        ({"diurnal": {"low": "1/s", "high": "3/s"}, "rate": "2/s"}, "leave it out"),
        (
            {"rate": "3/s", "arrivals": {"bursty": {"factor": 6, "on": "1s", "off": "4s"}}},
            "bursts of 1s with 4s between them can bring at most 5 times the mean rate, not 6 times",
        ),
        ({"rate": "3/s", "arrivals": {"process": "constant", **BURSTY}}, "arrivals are either constant or bursty"),
    ],
)
def test_traffic_that_makes_no_sense_is_refused(said: dict[str, Any], complaint: str) -> None:
    """Every contradiction is told in the words of the scenario."""
    with pytest.raises(ValidationError) as refusal:
        traffic(**said)
    assert complaint in str(refusal.value)


def test_traffic_has_one_way_and_may_be_a_bare_rate() -> None:
    """A bare rate is short for `{rate: …}`; users make the loop closed."""
    assert TrafficConfig.model_validate("300/s") == traffic(rate="300/s")
    assert traffic(rate="300/s").way == "open"
    assert traffic(users=500, think="2s").way == "closed"
    spelled = traffic(rate="80/s", arrivals=BURSTY)
    assert TrafficConfig.model_validate_json(spelled.model_dump_json()) == spelled


def requests(*lines: Any) -> list[RequestConfig]:
    return [RequestConfig.model_validate(line) for line in lines]


def test_the_default_mix_is_one_get() -> None:
    """Without any request, a client sends `GET /`."""
    mix = Mix([], None, Streams(1), "app")
    [kind] = mix.kinds
    assert (kind.label, kind.method, kind.path, kind.idempotent) == ("GET /", "GET", "/", True)
    block = next(mix.blocks())
    assert [column.shape for column in block] == [(BLOCK,)] * 5
    assert [int(column.sum()) for column in block] == [0] * 5


@pytest.mark.parametrize(
    ("line", "idempotent"),
    [
        ("PUT /x", True),
        ("DELETE /x", True),
        ("POST /x", False),
        ("PATCH /x", False),
        ({"send": "POST /x", "idempotency_key": True}, True),
    ],
)
def test_what_may_be_tried_again(line: Any, idempotent: bool) -> None:
    """RFC 9110 9.2.2 names the methods; an idempotency key makes any request safe to repeat."""
    [kind] = Mix(requests(line), None, Streams(1), "app").kinds
    assert kind.idempotent is idempotent


def test_each_kind_has_its_own_items_and_sizes() -> None:
    """Only the line with a key draws keys, only the line with a size has one."""
    lines = requests(
        {"send": "GET /search", "weight": 3, "key": {"uniform": {"items": 50}}},
        {"send": "POST /upload", "weight": 1, "size": "64KiB", "response_size": "1kB", "host": "up.example"},
    )
    mix = Mix(lines, PopulationConfig(size=400), Streams(1), "app")
    block = next(mix.blocks())
    search, upload = block.kind == 0, block.kind == 1
    assert 0.7 < search.mean() < 0.8
    assert set(block.key[search].tolist()) == set(range(50))
    assert not block.key[upload].any()
    assert set(block.size[upload].tolist()) == {65_536.0}
    assert set(block.response_size[upload].tolist()) == {1000.0}
    assert not block.size[search].any()
    assert set(block.caller.tolist()) == set(range(400))
    assert mix.kinds[1].host == "up.example"


def test_a_zipf_population_has_busy_callers() -> None:
    """With s = 1 over 4 callers they send 12 : 6 : 4 : 3."""
    counts = np.bincount(PopulationConfig(size=4, zipf=1.0).draw(Streams(1).rng("callers"), 250_000))
    assert counts / 250_000 == pytest.approx(np.array([12, 6, 4, 3]) / 25, abs=0.005)


def test_a_population_may_be_a_bare_count() -> None:
    """`population: 400` is short for `{size: 400}`."""
    assert PopulationConfig.model_validate("2k") == PopulationConfig(size=2000)


def test_what_a_request_is_depends_on_its_number_alone() -> None:
    """A change to sizes or callers moves no key and no kind, and drawing again gives the same."""
    lines = [{"send": "GET /a", "key": {"zipf": {"items": 100}}}, "GET /b"]
    plain = Mix(requests(*lines), None, Streams(5), "app").blocks()
    lines[1] = {"send": "GET /b", "size": {"exponential": "10kB"}}
    sized = Mix(requests(*lines), PopulationConfig(size=9), Streams(5), "app").blocks()
    for _ in range(3):
        first, second = next(plain), next(sized)
        assert np.array_equal(first.kind, second.kind)
        assert np.array_equal(first.key, second.key)
    assert second.size.any()
    assert second.caller.any()


@pytest.mark.parametrize(
    ("send", "complaint"),
    [
        ("search", "'search' is not a request; one is written like GET /search"),
        ("get /search", "unknown method 'get'; did you mean 'GET'"),
        ("GET /a/**", "has a wildcard; a request goes to one path"),
        ("GET /a?b=1", "has a query; leave it away and say with key"),
    ],
)
def test_a_request_needs_a_method_and_one_path(send: str, complaint: str) -> None:
    """What is sent is concrete: no pattern, no query."""
    with pytest.raises(ValidationError) as refusal:
        RequestConfig(send=send)
    assert complaint in str(refusal.value)


def test_a_mix_without_weight_is_refused() -> None:
    """Some request must be sent."""
    with pytest.raises(ValueError, match="no request of the mix has a weight above zero"):
        Mix(requests({"send": "GET /", "weight": 0}), None, Streams(1), "app")
