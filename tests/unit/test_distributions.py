"""A distribution is what it says: its quantiles, its mean and its draws, against scipy's formulas."""

import os
import pickle
from math import expm1, inf, log, sqrt
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError
from scipy import stats

from sim.values import (
    SIZE,
    Config,
    Constant,
    Distribution,
    Empirical,
    Exponential,
    Mixture,
    Normal,
    Quantiles,
    SizeDistribution,
    parse_distribution,
)

Z99 = stats.norm.ppf(0.99)


def weibull_scale(mean: float, shape: float) -> float:
    """The scale that gives a Weibull distribution its mean."""
    return float(mean / stats.weibull_min(shape).mean())


CONTINUOUS: list[tuple[dict[str, Any], Any]] = [
    ({"p50": "4ms", "p99": "20ms"}, stats.lognorm(log(5) / Z99, scale=0.004)),
    ({"lognormal": "10ms", "cv": 2}, stats.lognorm(sqrt(log(5)), scale=0.010 / sqrt(5))),
    ({"exponential": "40ms"}, stats.expon(scale=0.040)),
    ({"erlang": "40ms", "k": 4}, stats.gamma(4, scale=0.010)),
    ({"gamma": "10ms", "cv": 2}, stats.gamma(0.25, scale=0.040)),
    ({"gamma": "10ms", "cv": 0.5}, stats.gamma(4, scale=0.0025)),
    ({"uniform": ["1ms", "5ms"]}, stats.uniform(0.001, 0.004)),
    ({"normal": "10ms", "sd": "2ms"}, stats.truncnorm(-5, inf, loc=0.010, scale=0.002)),
    ({"normal": "10ms", "sd": "20ms"}, stats.truncnorm(-0.5, inf, loc=0.010, scale=0.020)),
    ({"normal": "0ms", "sd": "20ms"}, stats.truncnorm(0, inf, loc=0.0, scale=0.020)),
    ({"weibull": "10ms", "shape": 0.7}, stats.weibull_min(0.7, scale=weibull_scale(0.010, 0.7))),
    ({"weibull": "10ms", "shape": 3}, stats.weibull_min(3, scale=weibull_scale(0.010, 3))),
    ({"pareto": "1ms", "alpha": 2.5}, stats.pareto(2.5, scale=0.001)),
    ({"pareto": "1ms", "alpha": 1.5, "max": "1s"}, stats.truncpareto(1.5, 1000, scale=0.001)),
    ({"pareto": "1ms", "alpha": 1.0, "max": "1s"}, stats.truncpareto(1.0, 1000, scale=0.001)),
    ({"pareto": "1ms", "alpha": 2.0, "max": "1s"}, stats.truncpareto(2.0, 1000, scale=0.001)),
    ({"pareto": "1ms", "alpha": 0.8, "max": "100ms"}, stats.truncpareto(0.8, 100, scale=0.001)),
]
KINDS = pytest.mark.parametrize(("written", "oracle"), CONTINUOUS, ids=[str(written) for written, _ in CONTINUOUS])

MIXTURE = {"mixture": [{"weight": 9, "of": "2ms"}, {"weight": "100%", "of": {"exponential": "50ms"}}]}


def interval(samples: list[float], confidence: float = 0.9999) -> tuple[float, float]:
    """Student's confidence interval of the mean of independent samples."""
    low, high = stats.t.interval(confidence, len(samples) - 1, np.mean(samples), stats.sem(samples))
    return float(low), float(high)


@KINDS
def test_mean_and_variance_are_those_of_what_is_drawn(written: dict[str, Any], oracle: Any) -> None:
    """Also where the distribution is cut or bounded."""
    distribution = parse_distribution(written)
    assert distribution.mean == pytest.approx(oracle.mean(), rel=1e-9)
    assert distribution.variance == pytest.approx(oracle.var(), rel=1e-6)
    assert distribution.cv2 == pytest.approx(oracle.var() / oracle.mean() ** 2, rel=1e-6)


@KINDS
def test_draws_have_the_quantiles_of_the_distribution(written: dict[str, Any], oracle: Any) -> None:
    """Over 20 seeds, the share of draws below each quantile is that quantile's level."""
    distribution = parse_distribution(written)
    draws = [distribution.draw(np.random.default_rng(seed), 5000) for seed in range(20)]
    for level in (0.1, 0.5, 0.9, 0.99):
        quantile = oracle.ppf(level)
        low, high = interval([float(np.mean(values <= quantile)) for values in draws])
        assert low <= level <= high


@pytest.mark.parametrize(
    "written",
    [written for written, oracle in CONTINUOUS if oracle.stats("k") < 100] + [MIXTURE],
    ids=str,
)
def test_draws_have_the_mean_of_the_distribution(written: dict[str, Any]) -> None:
    """Over 20 seeds, wherever the fourth moment lets the interval be trusted."""
    distribution = parse_distribution(written)
    low, high = interval([float(distribution.draw(np.random.default_rng(seed), 5000).mean()) for seed in range(20)])
    assert low <= distribution.mean <= high


@pytest.mark.parametrize("written", ["5ms", MIXTURE, *(written for written, _ in CONTINUOUS)], ids=str)
def test_draws_are_float_arrays_never_negative_and_repeatable(written: Any) -> None:
    """The same generator state gives the same values, bit for bit."""
    distribution = parse_distribution(written)
    values = distribution.draw(np.random.default_rng(7), 10_000)
    assert values.dtype == np.float64
    assert values.shape == (10_000,)
    assert values.min() >= 0.0
    assert np.array_equal(values, distribution.draw(np.random.default_rng(7), 10_000))
    assert distribution.draw(np.random.default_rng(7), 0).shape == (0,)


@given(median=st.integers(1, 10_000), factor=st.floats(1.0, 1000.0))
def test_a_lognormal_goes_through_both_quantiles(median: int, factor: float) -> None:
    """`{p50, p99}` are the two quantiles, whatever they are."""
    tail = f"{median * factor:.6f}ms"
    distribution = parse_distribution({"p50": f"{median}ms", "p99": tail})
    assert isinstance(distribution, Quantiles)
    assert distribution.quantile(0.5) == pytest.approx(distribution.p50, rel=1e-12)
    assert distribution.quantile(0.99) == pytest.approx(distribution.p99, rel=1e-12)
    assert distribution.mean >= distribution.p50


@KINDS
def test_quantile_functions_invert_the_distribution_function(written: dict[str, Any], oracle: Any) -> None:
    """Where a kind has a quantile function, it agrees with scipy's."""
    distribution = parse_distribution(written)
    quantile = getattr(distribution, "quantile", oracle.ppf)
    for level in (0.01, 0.5, 0.99):
        assert quantile(level) == pytest.approx(oracle.ppf(level), rel=1e-9)


def test_a_constant_does_not_vary() -> None:
    """The simplest distribution."""
    constant = parse_distribution("5ms")
    assert constant == Constant(0.005)
    assert (constant.mean, constant.variance, constant.cv2) == (0.005, 0.0, 0.0)
    assert constant.draw(np.random.default_rng(1), 3).tolist() == [0.005] * 3
    assert Constant(0.0).cv2 == 0.0


def test_a_pareto_tail_of_index_two_or_less_has_no_variance() -> None:
    """Its mean is finite, its spread is not."""
    heavy = parse_distribution({"pareto": "1ms", "alpha": 1.5})
    assert heavy.mean == pytest.approx(0.003)
    assert heavy.variance == inf


def test_a_bell_cut_at_zero_says_its_true_mean() -> None:
    """What was written is the bell's mean; what is drawn has a higher one."""
    bell = parse_distribution({"normal": "10ms", "sd": "20ms"})
    assert isinstance(bell, Normal)
    assert bell.normal == 0.010
    assert bell.mean == pytest.approx(0.02018, rel=1e-3)
    assert bell.describe() == "normal 10ms sd 20ms cut at 0, mean 20.2ms"


def test_a_mixture_weighs_its_parts() -> None:
    """A tenth of the requests are slow: mean and variance follow the law of total variance."""
    mixture = parse_distribution(MIXTURE)
    assert isinstance(mixture, Mixture)
    assert mixture.shares == (0.9, 0.1)
    assert mixture.mean == pytest.approx(0.9 * 0.002 + 0.1 * 0.050)
    assert mixture.variance == pytest.approx(0.9 * 0.002**2 + 0.1 * 2 * 0.050**2 - mixture.mean**2)
    fast = [float(np.mean(mixture.draw(np.random.default_rng(seed), 5000) == 0.002)) for seed in range(20)]
    low, high = interval(fast)
    assert low <= 0.9 <= high


def test_a_mixture_may_hold_a_mixture() -> None:
    """Parts are distributions of any kind."""
    nested = parse_distribution({"mixture": [{"weight": 1, "of": MIXTURE}, {"weight": 1, "of": "0s"}]})
    assert nested.mean == pytest.approx(parse_distribution(MIXTURE).mean / 2)
    assert parse_distribution(nested.to_yaml()) == nested


@pytest.mark.parametrize(
    "text",
    [
        "latency\n1ms\n2ms\n3ms\n10ms\n",
        "seconds\n0.001\n0.002\n\n0.003\n0.01\n",
        "3ms\n1ms\n0.01s\n2ms\n",
        "latency_ms\n3\n1\n1e1\n2\n",
        "Latency (us)\n3000\n1ms\n10000\n2000\n",
    ],
)
def test_an_empirical_distribution_draws_the_values_of_its_file(tmp_path: Path, text: str) -> None:
    """Each with its unit, or in the unit that the header ends with, in any order."""
    (tmp_path / "sample.csv").write_text(text)
    sample = parse_distribution({"empirical": "sample.csv"}, folder=tmp_path)
    assert isinstance(sample, Empirical)
    assert sample.mean == pytest.approx(0.004)
    assert sample.variance == pytest.approx(np.var([0.001, 0.002, 0.003, 0.010]))
    assert [sample.quantile(level) for level in (0.0, 0.25, 0.5, 1.0)] == [0.001, 0.001, 0.002, 0.010]
    draws = [sample.draw(np.random.default_rng(seed), 1000) for seed in range(20)]
    assert set(np.concatenate(draws).tolist()) == {0.001, 0.002, 0.003, 0.010}
    low, high = interval([float(np.mean(values == 0.010)) for values in draws])
    assert low <= 0.25 <= high
    assert sample.describe() == "empirical sample.csv (4 values), mean 4ms"


def test_an_empirical_distribution_is_spelled_with_the_whole_path(tmp_path: Path) -> None:
    """So that a scenario that is written elsewhere still finds the file."""
    (tmp_path / "sample.csv").write_text("1ms\n")
    sample = parse_distribution({"empirical": "sample.csv"}, folder=tmp_path)
    assert parse_distribution(sample.to_yaml()) == sample


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("latency\n1ms\nfast\n", "sample.csv, line 3: 'fast' is not a duration; one is written like 5ms, 5s, 5m"),
        ("ms\n-0.5\n", "sample.csv, line 2: -0.5 is not a duration in ms"),
        ("latency_s\nnan\n", "sample.csv, line 2: nan is not a duration in s"),
        ("-0.5ms\n1ms\n", "sample.csv, line 1: -0.5ms is negative; a duration cannot be"),
        (
            "latency\n1ms\n5\n",
            "sample.csv, line 3: 5 needs a unit: write 5ms, or a first line that names it for all, such as latency_ms",
        ),
        ("a,b\n1ms,2ms\n", "sample.csv, line 1: 2 columns where one is expected"),
        ("latency\n", "sample.csv has no values"),
        ("", "sample.csv has no values"),
    ],
)
def test_a_broken_sample_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    """The header alone is forgiven."""
    (tmp_path / "sample.csv").write_text(text)
    with pytest.raises(ValidationError) as refused:
        parse_distribution({"empirical": "sample.csv"}, folder=tmp_path)
    assert problems(refused.value) == [(("empirical",), message)]


@pytest.mark.parametrize(
    "written",
    [
        {"p50": "0.000001us", "p99": "3650d"},
        {"normal": "3650d", "sd": "0.000001us"},
        {"gamma": "3650d", "cv": 1000},
        {"gamma": "3650d", "cv": 0.001},
        {"lognormal": "3650d", "cv": 1000},
        {"pareto": "0.000001us", "alpha": 0.001, "max": "3650d"},
        {"pareto": "3649d", "alpha": 1000, "max": "3650d"},
        {"weibull": "3650d", "shape": 0.1},
        {"weibull": "3650d", "shape": 1000},
        {"erlang": "3650d", "k": "1000G"},
    ],
    ids=str,
)
def test_the_most_extreme_distributions_that_can_be_written_still_have_figures(written: dict[str, Any]) -> None:
    """Nothing overflows, and no rounding makes a variance negative."""
    distribution = parse_distribution(written)
    values = distribution.draw(np.random.default_rng(1), 5000)
    assert np.isfinite(values).all()
    assert values.min() >= 0.0
    assert 0.0 < distribution.mean < inf
    assert distribution.variance >= 0.0
    assert distribution.cv2 >= 0.0
    assert "mean" in distribution.describe()


def test_a_missing_sample_is_refused_with_where_it_was_looked_for(tmp_path: Path) -> None:
    """The path is relative to the scenario's folder, which the message shows."""
    with pytest.raises(ValidationError) as refused:
        parse_distribution({"empirical": "gone.csv"}, folder=tmp_path)
    where = (tmp_path / "gone.csv").resolve()
    assert problems(refused.value) == [(("empirical",), f"there is no file {where}")]


def test_a_sample_that_never_ends_is_not_begun(tmp_path: Path) -> None:
    """A pipe that nobody writes to, or a device of endless zeros, would keep the reader for ever."""
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(ValidationError) as refused:
        parse_distribution({"empirical": "pipe.csv"}, folder=tmp_path)
    where = (tmp_path / "pipe.csv").resolve()
    assert problems(refused.value) == [(("empirical",), f"{where} is a device or a pipe, not a file of values")]


@pytest.mark.parametrize("written", ["5ms", MIXTURE, *(written for written, _ in CONTINUOUS)], ids=str)
def test_a_distribution_reads_back_hashes_and_pickles(written: Any) -> None:
    """Plain data and other processes get an equal distribution."""
    distribution = parse_distribution(written)
    for copy in (parse_distribution(distribution.to_yaml()), pickle.loads(pickle.dumps(distribution))):
        assert copy == distribution
        assert hash(copy) == hash(distribution)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("5ms", "constant 5ms"),
        ({"p50": "4ms", "p99": "20ms"}, "lognormal p50 4ms p99 20ms, mean 5.08ms"),
        ({"lognormal": "10ms", "cv": 2}, "lognormal cv 2, mean 10ms"),
        ({"exponential": "40ms"}, "exponential, mean 40ms"),
        ({"erlang": "40ms", "k": 4}, "Erlang k 4, mean 40ms"),
        ({"gamma": "10ms", "cv": 0.5}, "gamma cv 0.5, mean 10ms"),
        ({"uniform": ["1ms", "5ms"]}, "uniform 1ms to 5ms, mean 3ms"),
        ({"weibull": "10ms", "shape": 0.7}, "Weibull shape 0.7, mean 10ms"),
        ({"pareto": "1ms", "alpha": 1.5}, "Pareto from 1ms, alpha 1.5, mean 3ms"),
        ({"pareto": "1ms", "alpha": 1, "max": "1s"}, "Pareto from 1ms to 1s, alpha 1, mean 6.91ms"),
        (MIXTURE, "mixture of 90% (constant 2ms) and 10% (exponential, mean 50ms), mean 6.8ms"),
    ],
)
def test_a_distribution_describes_itself_with_its_mean(written: Any, words: str) -> None:
    """What `sim show` prints."""
    assert parse_distribution(written).describe() == words


UNKNOWN = "known: empirical, exponential, erlang, gamma, uniform, normal, weibull, pareto, p50, lognormal, mixture"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (5, [((), "5 needs a unit; a duration is written like 5ms, 5s, 5m")]),
        ({"exponential": 40}, [(("exponential",), "40 needs a unit; a duration is written like 40ms, 40s, 40m")]),
        ({"exponental": "5ms"}, [(("exponental",), "unknown distribution 'exponental'; did you mean 'exponential'?")]),
        ({"mean": "5ms", "sd": "1ms"}, [(("mean",), f"unknown distribution 'mean'; {UNKNOWN}")]),
        ({}, [((), f"an empty mapping is not a distribution; {UNKNOWN}")]),
        (["1ms", "2ms"], [((), "a list is not a distribution; an interval is written {uniform: [A, B]}")]),
        ({"p50": "9ms", "p99": "5ms"}, [((), "p99 (5ms) is below p50 (9ms)")]),
        ({"p50": "9ms"}, [((), "p99 missing in {p50: MEDIAN, p99: TAIL}")]),
        ({"p99": "9ms"}, [((), "p50 missing in {p50: MEDIAN, p99: TAIL}")]),
        ({"p50": "0s", "p99": "1s"}, [((), "p50 must be above 0")]),
        (
            {"p50": "1ms", "p95": "5", "p99": "9"},
            [
                (("p95",), "'p95' is not a part of {p50: MEDIAN, p99: TAIL}; did you mean 'p99'?"),
                (("p99",), "9 needs a unit; a duration is written like 9ms, 9s, 9m"),
            ],
        ),
        ({"normal": "5ms"}, [((), "sd missing in {normal: MEAN, sd: SD}")]),
        ({"normal": "5ms", "sd": "0s"}, [((), "sd must be above 0")]),
        ({"erlang": "5ms", "k": 0}, [(("k",), "0 must be 1 or more")]),
        ({"erlang": "5ms", "k": 2.0}, [(("k",), "2.0 is not a whole number; write 2")]),
        ({"gamma": "5ms", "cv": 1e200}, [(("cv",), "1e+200 must be at most 1000")]),
        ({"gamma": "5ms", "cv": -1}, [(("cv",), "-1 must be at least 0.001")]),
        ({"gamma": "5ms", "cv": True}, [(("cv",), "true is not a plain number; one is written like 2 or 1.5")]),
        ({"uniform": "5ms"}, [(("uniform",), "5ms is not an interval; one is written [A, B]")]),
        ({"uniform": ["5ms", "1ms"]}, [(("uniform",), "the interval ends at 1ms, below its start 5ms")]),
        (
            {"weibull": "5ms", "shape": 0.01},
            [((), "shape 0.01 is below 0.1: the mean would come from one value in millions")],
        ),
        (
            {"pareto": "1ms", "alpha": 1},
            [((), "alpha 1 without max has an infinite mean; give a max, or an alpha above 1")],
        ),
        ({"pareto": "0ms", "alpha": 2}, [((), "the least value of a pareto distribution must be above 0")]),
        ({"pareto": "5ms", "alpha": 2, "max": "5ms"}, [((), "max (5ms) is not above the least value (5ms)")]),
        (
            {"mixture": []},
            [(("mixture",), "a list is not a mixture; one is written [{weight: WEIGHT, of: DISTRIBUTION}, …]")],
        ),
        (
            {"mixture": [{"weight": 0, "of": "1ms"}, {"of": {"exponential": 3}}, "2ms", {"wieght": 1, "weight": 1}]},
            [
                (("mixture", 0, "weight"), "0 must be above 0"),
                (("mixture", 1), "weight missing in {weight: WEIGHT, of: DISTRIBUTION}"),
                (("mixture", 1, "of", "exponential"), "3 needs a unit; a duration is written like 3ms, 3s, 3m"),
                (("mixture", 2), "2ms is not a part of a mixture; one is written {weight: WEIGHT, of: DISTRIBUTION}"),
                (
                    ("mixture", 3, "wieght"),
                    "'wieght' is not a part of {weight: WEIGHT, of: DISTRIBUTION}; did you mean 'weight'?",
                ),
                (("mixture", 3), "of missing in {weight: WEIGHT, of: DISTRIBUTION}"),
            ],
        ),
        ({"empirical": 5}, [(("empirical",), "5 is not the name of a CSV file")]),
    ],
    ids=str,
)
def test_a_wrong_distribution_is_refused_with_the_place_of_every_mistake(
    written: Any, expected: list[tuple[tuple[str | int, ...], str]]
) -> None:
    """Inside a configuration the place goes on from the field."""
    with pytest.raises(ValidationError) as refused:
        Step.model_validate({"work": written})
    assert problems(refused.value) == [(("work", *place), message) for place, message in expected]


class Step(Config):
    """A configuration with both twins."""

    work: Distribution = Field(Constant(0.0), description="How long it takes.")
    size: SizeDistribution | None = Field(None, description="How large the answer is.")


def problems(error: ValidationError) -> list[tuple[tuple[str | int, ...], str]]:
    """Places and messages."""
    return [(each["loc"], each["msg"].removeprefix("Value error, ")) for each in error.errors()]


def test_a_configuration_reads_and_dumps_both_twins() -> None:
    """Sizes are in bytes and are spelled as sizes."""
    written = {"work": {"exponential": "40ms"}, "size": {"p50": "2kB", "p99": "64KiB"}}
    step = Step.model_validate(written)
    assert step.work == Exponential(0.040)
    assert step.size is not None
    assert step.size.describe() == "lognormal p50 2kB p99 64KiB, mean 6.16kB"
    assert step.model_dump(mode="json") == written
    assert Step.model_validate(step) is step
    assert Step(work=step.work) == Step.model_validate({"work": {"exponential": "40ms"}})
    assert hash(step) == hash(pickle.loads(pickle.dumps(step)))


def test_durations_are_not_sizes() -> None:
    """Neither by unit nor as an object."""
    assert Constant(1.0) != Constant(1.0, quantity=SIZE)
    with pytest.raises(ValidationError) as refused:
        Step.model_validate({"work": "64KiB", "size": Constant(1.0)})
    assert problems(refused.value) == [
        (("work",), "64KiB is a size, not a duration; one is written like 5ms, 5s, 5m"),
        (("size",), "a distribution of sizes is needed here"),
    ]


def test_the_folder_of_the_scenario_comes_with_the_validation_context(tmp_path: Path) -> None:
    """A mixture passes it on to its parts."""
    (tmp_path / "sample.csv").write_text("size_bytes\n512\n1kB\n")
    written = {"size": {"mixture": [{"weight": 1, "of": {"empirical": "sample.csv"}}]}}
    step = Step.model_validate(written, context={"folder": tmp_path})
    assert step.size is not None
    assert step.size.mean == 756.0


@pytest.mark.parametrize("twin", [Distribution, SizeDistribution])
def test_the_json_schema_knows_every_kind(twin: Any) -> None:
    """One of the kinds, each with a description, and nothing else."""
    schema = TypeAdapter(twin).json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert len(schema["oneOf"]) == 12
    assert all(kind["description"] for kind in schema["oneOf"])


def test_the_json_schema_defines_each_twin_once() -> None:
    """However many fields there are, an editor gets one definition of each."""

    class Two(Step):
        more: Distribution = Field(Constant(0.0), description="More.")
        other: SizeDistribution | None = Field(None, description="Other.")

    assert sorted(Two.model_json_schema()["$defs"]) == ["Distribution", "SizeDistribution"]


def test_the_json_schema_accepts_what_the_language_accepts() -> None:
    """Each kind matches exactly one branch; a distribution with a mistake matches none."""
    validator = jsonschema.Draft202012Validator(TypeAdapter(Distribution).json_schema())
    for written in ["5ms", MIXTURE, {"empirical": "sample.csv"}, *(written for written, _ in CONTINUOUS)]:
        assert validator.is_valid(written)
    for wrong in [5, "5", {"exponential": 5}, {"exponental": "5ms"}, {"normal": "5ms"}, {"p50": "1ms"}, {}]:
        assert not validator.is_valid(wrong)


def test_the_squared_coefficient_of_variation_of_a_lognormal() -> None:
    """exp(sigma²) - 1, sigma from the ratio of the quantiles."""
    distribution = parse_distribution({"p50": "10ms", "p99": "60ms"})
    assert distribution.cv2 == pytest.approx(expm1((log(6) / Z99) ** 2))
