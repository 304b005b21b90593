"""Who may get requests: health checks, outlier ejection, panic, slow start."""

import pytest
from pydantic import ValidationError

from sim.balancing import (
    HealthCheckConfig,
    HealthState,
    OutlierDetector,
    OutlierEjectionConfig,
    SlowStartConfig,
    eligible,
    weight_factor,
)


def verdicts(state, probes):
    """What is believed after each probe; `-` failed, `+` succeeded."""
    seen = []
    for probe in probes:
        before = state.healthy
        assert state.probe_result(probe == "+") is (state.healthy != before)
        seen.append("up" if state.healthy else "down")
    return seen


def test_failures_in_a_row_take_an_instance_out():
    """Two failures are not three, and a success in between starts the count anew."""
    state = HealthState(HealthCheckConfig(unhealthy_after=3))
    assert verdicts(state, "--+---") == ["up", "up", "up", "up", "up", "down"]


def test_successes_in_a_row_bring_it_back():
    """One lucky probe is not two."""
    state = HealthState(HealthCheckConfig(unhealthy_after=1, healthy_after=2))
    assert verdicts(state, "-+-++") == ["down", "down", "down", "down", "up"]


def test_an_instance_may_begin_unhealthy():
    """A new instance can have to earn its traffic."""
    state = HealthState(HealthCheckConfig(healthy_after=2), healthy=False)
    assert verdicts(state, "++") == ["down", "up"]


def test_a_health_check_may_be_written_as_its_interval():
    """`health_check: 2s`."""
    config = HealthCheckConfig.model_validate("2s")
    assert (config.interval, config.timeout, config.unhealthy_after, config.healthy_after) == (2.0, 1.0, 3, 1)


@pytest.fixture
def detector():
    """A detector for so many instances."""

    def build(size=10, **options):
        return OutlierDetector(OutlierEjectionConfig(**options), size)

    return build


def fail(detector, endpoint, times, now=0.0):
    """The results of so many failures in a row."""
    return [detector.observe(endpoint, False, now) for _ in range(times)]


def test_failures_in_a_row_eject(detector, service):
    """The fifth failure does, for 30 s."""
    outliers, (a, *_) = detector(), service(10)
    assert fail(outliers, a, 5, now=100.0) == [None, None, None, None, 130.0]
    assert outliers.ejected(a)


def test_a_success_starts_the_count_anew(detector, service):
    """Four failures, a success, four failures: nothing."""
    outliers, (a, *_) = detector(), service(10)
    results = [*fail(outliers, a, 4), outliers.observe(a, True, 0.0), *fail(outliers, a, 4)]
    assert results == [None] * 9


def test_answers_that_come_late_do_not_eject_again(detector, service):
    """What was under way when the instance was ejected is not counted."""
    outliers, (a, *_) = detector(), service(10)
    fail(outliers, a, 5)
    assert fail(outliers, a, 20, now=1.0) == [None] * 20
    outliers.readmit(a, 30.0)
    assert not outliers.ejected(a)
    assert fail(outliers, a, 4, now=30.0) == [None] * 4


def test_each_ejection_is_longer_up_to_a_maximum(detector, service):
    """30, 60, 90, then 100 s at most, if the instance fails again at once."""
    outliers, (a, *_) = detector(max_ejection_time="100s"), service(10)
    now, lengths = 0.0, []
    for _ in range(5):
        back = fail(outliers, a, 5, now)[-1]
        lengths.append(back - now)
        outliers.readmit(a, back)
        now = back
    assert lengths == [30.0, 60.0, 90.0, 100.0, 100.0]


@pytest.mark.parametrize(
    ("in_service", "length"), [(9.9, 120.0), (10.0, 90.0), (25.0, 60.0), (31.0, 30.0), (900.0, 30.0)]
)
def test_time_in_service_shortens_the_next_ejection(in_service, length, detector, service):
    """After three ejections, each 10 s without another takes one back."""
    outliers, (a, *_) = detector(), service(10)
    now = 0.0
    for _ in range(3):
        now = fail(outliers, a, 5, now)[-1]
        outliers.readmit(a, now)
    now += in_service
    assert fail(outliers, a, 5, now)[-1] - now == pytest.approx(length)


def test_only_a_share_may_be_out(detector, service):
    """30% of ten: three are ejected, the fourth stays until one is back."""
    outliers, endpoints = detector(max_ejected="30%"), service(10)
    assert [fail(outliers, endpoint, 5)[-1] for endpoint in endpoints[:4]] == [30.0, 30.0, 30.0, None]
    assert outliers.ejected_count == 3
    outliers.readmit(endpoints[0], 30.0)
    assert fail(outliers, endpoints[3], 1, now=30.0) == [60.0]


@pytest.mark.parametrize("size", [1, 4, 10])
def test_one_may_always_be_out(size, detector, service):
    """10% of four is less than one; one is ejected all the same, the second is not."""
    outliers, endpoints = detector(size), service(size)
    assert [fail(outliers, endpoint, 5)[-1] for endpoint in endpoints] == [30.0] + [None] * (size - 1)


def test_a_base_time_above_the_maximum_counts(detector, service):
    """As in Envoy, the longer of both is the limit."""
    outliers, (a, *_) = detector(base_ejection_time="10m"), service(10)
    assert fail(outliers, a, 5)[-1] == 600.0


def test_unhealthy_and_ejected_instances_are_left_out(service):
    """In their order."""
    endpoints = service(5)
    usable = eligible(endpoints, [True, False, True, True, True], [False, False, False, True, False])
    assert [endpoint.name for endpoint in usable] == ["a", "c", "e"]


@pytest.mark.parametrize(
    ("healthy", "threshold", "expected"),
    [
        ([True, True, False, False], 0.5, "ab"),
        ([True, False, False, False], 0.5, "abcd"),
        ([True, False, False, False], 0.25, "a"),
        ([False] * 4, 0.5, "abcd"),
        ([False] * 4, 0.0, ""),
        ([True, True, True, False], 1.0, "abcd"),
    ],
)
def test_panic_uses_all_when_too_few_are_healthy(healthy, threshold, expected, service):
    """Fewer than the threshold; a threshold of 0 never panics."""
    usable = eligible(service(4), healthy, [False] * 4, threshold)
    assert "".join(endpoint.name for endpoint in usable) == expected


def test_ejected_instances_count_as_unhealthy_for_panic(service):
    """Two failed their checks, one is ejected: one of four is left, and all are used."""
    usable = eligible(service(4), [True, True, False, False], [False, True, False, False])
    assert len(usable) == 4


def test_nobody_is_eligible_where_nobody_is():
    """A service scaled to zero."""
    assert eligible([], [], []) == []


@pytest.mark.parametrize(
    ("age", "aggression", "factor"),
    [
        (0.0, 1.0, 0.1),
        (6.0, 1.0, 0.1),
        (15.0, 1.0, 0.25),
        (30.0, 1.0, 0.5),
        (15.0, 2.0, 0.5),
        (30.0, 0.5, 0.25),
        (60.0, 1.0, 1.0),
        (600.0, 2.0, 1.0),
    ],
)
def test_a_new_instance_grows_into_its_weight(age, aggression, factor):
    """(age / 60 s) ** (1 / aggression), from 10% to 100%."""
    config = SlowStartConfig(window="60s", aggression=aggression)
    assert weight_factor(age, config) == pytest.approx(factor)


def test_slow_start_counts_the_first_second_as_one():
    """Envoy's formula: at age 0 an instance has 1/5 of its weight in a window of 5 s, and all in one of 500 ms."""
    assert weight_factor(0.0, SlowStartConfig.model_validate("5s")) == pytest.approx(0.2)
    assert weight_factor(0.0, SlowStartConfig.model_validate("500ms")) == 1.0


@pytest.mark.parametrize(
    ("config", "value", "message"),
    [
        (
            HealthCheckConfig,
            {"interval": "500ms"},
            "a probe that may take 1s (timeout) is not over when the next begins",
        ),
        (HealthCheckConfig, {"interval": "0s"}, "greater than or equal to 0.001"),
        (HealthCheckConfig, {"unhealthy_after": 0}, "greater than or equal to 1"),
        (OutlierEjectionConfig, {"max_ejected": "120%"}, "120%"),
        (OutlierEjectionConfig, {"consecutive_failures": 0}, "greater than or equal to 1"),
        (OutlierEjectionConfig, {"base_ejection_time": 30}, "30"),
        (SlowStartConfig, {}, "window"),
        (SlowStartConfig, {"window": "30s", "aggression": 0}, "greater than 0"),
        (SlowStartConfig, {"window": "30s", "min_weight": "0%"}, "greater than 0"),
    ],
)
def test_impossible_values_are_errors(config, value, message):
    """With the reason."""
    with pytest.raises(ValidationError) as error:
        config.model_validate(value)
    assert message in str(error.value)
