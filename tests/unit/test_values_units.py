"""Numbers with units: what is read, what is refused and how they are spelled back."""

import json
from collections.abc import Callable
from math import inf, isclose, nan
from typing import Any

import jsonschema
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from sim.values import (
    BANDWIDTH,
    DURATION,
    RATE,
    SIZE,
    Bandwidth,
    Config,
    Constant,
    Count,
    Distribution,
    Duration,
    Number,
    Rate,
    Share,
    Size,
    SpelledDefaults,
    format_bandwidth,
    format_count,
    format_duration,
    format_rate,
    format_share,
    format_size,
    parse_bandwidth,
    parse_count,
    parse_duration,
    parse_number,
    parse_rate,
    parse_share,
    parse_size,
)
from sim.values.numbers import spell_share
from sim.values.quantity import Quantity

Parse = Callable[[object], float]


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (parse_duration, "250us", 250e-6),
        (parse_duration, "5ms", 0.005),
        (parse_duration, "1.1ms", 0.0011),
        (parse_duration, "2s", 2.0),
        (parse_duration, "3m", 180.0),
        (parse_duration, "1h", 3600.0),
        (parse_duration, "1d", 86_400.0),
        (parse_duration, "0s", 0.0),
        (parse_duration, "-0s", 0.0),
        (parse_duration, ".5s", 0.5),
        (parse_duration, " 5 ms ", 0.005),
        (parse_rate, "400/s", 400.0),
        (parse_rate, "2k/s", 2000.0),
        (parse_rate, "1.5M/s", 1.5e6),
        (parse_rate, "90/m", 1.5),
        (parse_rate, "10/h", 10 / 3600),
        (parse_rate, "6/d", 6 / 86_400),
        (parse_share, "20%", 0.2),
        (parse_share, "99.9%", 0.999),
        (parse_share, 0.2, 0.2),
        (parse_share, "0.2", 0.2),
        (parse_share, 0, 0.0),
        (parse_share, 1, 1.0),
        (parse_size, "512B", 512.0),
        (parse_size, "64KiB", 65_536.0),
        (parse_size, "2MB", 2e6),
        (parse_size, "3kB", 3000.0),
        (parse_size, "3KB", 3000.0),
        (parse_bandwidth, "100Mbit/s", 12.5e6),
        (parse_bandwidth, "1Gbit/s", 125e6),
        (parse_bandwidth, "10MB/s", 1e7),
        (parse_count, 500, 500),
        (parse_count, "500", 500),
        (parse_count, "20k", 20_000),
        (parse_count, "1.5M", 1_500_000),
        (parse_count, "1.5k", 1500),
        (parse_count, 0, 0),
        (parse_number, 2, 2.0),
        (parse_number, -1.5, -1.5),
    ],
)
def test_a_quantity_is_read_in_its_base_unit(parse: Parse, text: object, value: float) -> None:
    """Seconds, per second, bytes, bytes per second: exactly the float that Python would write."""
    assert parse(text) == value


DURATIONS = "one is written like 5ms, 5s, 5m"
RATES = "one is written like 400/s, 90/m, 10/h"
SHARES = "one is written like 20% or 0.2"
COUNTS = "one is written like 500, 20k or 1.5M"


@pytest.mark.parametrize(
    ("parse", "value", "message"),
    [
        (parse_duration, 5, "5 needs a unit; a duration is written like 5ms, 5s, 5m"),
        (parse_duration, 0, "0 needs a unit; a duration is written like 0ms, 0s, 0m"),
        (parse_duration, 0.3, "0.3 needs a unit; a duration is written like 0.3ms, 0.3s, 0.3m"),
        (parse_duration, "250", "250 needs a unit; a duration is written like 250ms, 250s, 250m"),
        (parse_duration, -5, "-5 needs a unit; a duration is written like 5ms, 5s, 5m"),
        (parse_duration, "5sec", "5sec: unknown unit 'sec'; did you mean 5s?"),
        (parse_duration, "5 minutes", "5 minutes: unknown unit 'minutes'; did you mean 5m?"),
        (parse_duration, "5MS", "5MS: unknown unit 'MS'; did you mean 5ms?"),
        (parse_duration, "5 parsecs", f"5 parsecs: unknown unit 'parsecs'; {DURATIONS}"),
        (parse_duration, "-5ms", "-5ms is negative; a duration cannot be"),
        (parse_duration, "0.0000009us", "0.0000009us is next to nothing; a duration of that size makes no sense"),
        (parse_duration, "1e3s", f"1e3s has an exponent; {DURATIONS}"),
        (parse_duration, "5000d", "5000d is more than ten years; a duration of that size makes no sense"),
        (parse_duration, "soon", f"'soon' is not a duration; {DURATIONS}"),
        (parse_duration, "", f"'' is not a duration; {DURATIONS}"),
        (parse_duration, None, f"null is not a duration; {DURATIONS}"),
        (parse_duration, True, f"true is not a duration; {DURATIONS}"),
        (parse_duration, [5], f"a list is not a duration; {DURATIONS}"),
        (parse_duration, {"p50": "5ms"}, f"a mapping is not a duration; {DURATIONS}"),
        (parse_duration, nan, f"nan is not a duration; {DURATIONS}"),
        (parse_duration, inf, f"inf is not a duration; {DURATIONS}"),
        (parse_rate, 400, "400 needs a unit; a rate is written like 400/s, 400/m, 400/h"),
        (parse_rate, "400rps", "400rps: unknown unit 'rps'; did you mean 400/s?"),
        (parse_rate, "400/sec", "400/sec: unknown unit '/sec'; did you mean 400/s?"),
        (parse_rate, "2K/s", "2K/s: unknown unit 'K/s'; did you mean 2k/s?"),
        (parse_rate, "200M/s", "200M/s is more than 100M/s; a rate of that size makes no sense"),
        (parse_rate, "-1/s", "-1/s is negative; a rate cannot be"),
        (parse_rate, False, f"false is not a rate; {RATES}"),
        (parse_share, 20, "20 is more than the whole; did you mean 20%?"),
        (parse_share, "120%", f"120% is more than the whole; {SHARES}"),
        (parse_share, -0.1, f"-0.1 is negative; {SHARES}"),
        (parse_share, "-5%", f"-5% is negative; {SHARES}"),
        (parse_share, "half", f"'half' is not a share; {SHARES}"),
        (parse_share, "5k", f"5k is not a share; {SHARES}"),
        (parse_share, True, f"true is not a share; {SHARES}"),
        (parse_share, None, f"null is not a share; {SHARES}"),
        (parse_share, nan, f"nan is not a share; {SHARES}"),
        (parse_size, 64, "64 needs a unit; a size is written like 64B, 64KiB, 64MB"),
        (parse_size, "64kib", "64kib: unknown unit 'kib'; did you mean 64KiB?"),
        (parse_bandwidth, "100Mbps", "100Mbps: unknown unit 'Mbps'; did you mean 100Mbit/s?"),
        (parse_bandwidth, "100mbit/s", "100mbit/s: unknown unit 'mbit/s'; did you mean 100Mbit/s?"),
        (parse_count, 1000.0, "1000.0 is not a whole number; write 1000"),
        (parse_count, 1.5, f"1.5 is not a whole number; {COUNTS}"),
        (parse_count, "1.5", f"1.5 is not a whole number; {COUNTS}"),
        (parse_count, "1e3", f"1e3 is not a count; {COUNTS}"),
        (parse_count, "20K", "20K: unknown suffix 'K'; did you mean 20k?"),
        (parse_count, "20x", f"20x: unknown suffix 'x'; {COUNTS}"),
        (parse_count, "many", f"'many' is not a count; {COUNTS}"),
        (parse_count, -1, "-1 is negative; a count cannot be"),
        (parse_count, "-2k", "-2k is negative; a count cannot be"),
        (parse_count, "5000G", "5000G is more than 1000G, the largest count that makes sense"),
        (parse_count, inf, f"inf is not a whole number; {COUNTS}"),
        (parse_count, True, f"true is not a count; {COUNTS}"),
        (parse_count, None, f"null is not a count; {COUNTS}"),
        (parse_number, True, "true is not a plain number; one is written like 2 or 1.5"),
        (parse_number, "2", "2 is not a plain number; one is written like 2 or 1.5"),
        (parse_number, nan, "nan is not a finite number"),
        (parse_number, inf, "inf is not a finite number"),
    ],
)
def test_a_wrong_value_is_refused_with_the_right_spelling(parse: Parse, value: object, message: str) -> None:
    """One line that names the culprit and the fix."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the whole message is compared
        parse(value)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("format_", "value", "text"),
    [
        (format_duration, 0.0, "0s"),
        (format_duration, 0.0123, "12.3ms"),
        (format_duration, 0.0123456, "12.3ms"),
        (format_duration, 0.00099996, "1ms"),
        (format_duration, 250e-6, "250us"),
        (format_duration, 1e-9, "0.001us"),
        (format_duration, 0.5, "500ms"),
        (format_duration, 1.5, "1.5s"),
        (format_duration, 12.34567, "12.3s"),
        (format_duration, 60.0, "1m"),
        (format_duration, 90.0, "90s"),
        (format_duration, 7200.0, "2h"),
        (format_duration, 86_400.0, "1d"),
        (format_duration, 100_000.123, "27.8h"),
        (format_duration, -0.005, "-5ms"),
        (format_duration, inf, "inf"),
        (format_duration, nan, "nan"),
        (format_rate, 2000.0, "2k/s"),
        (format_rate, 1234.5, "1.23k/s"),
        (format_rate, 80.1234, "80.1/s"),
        (format_rate, 5968 / 60, "99.5/s"),
        (format_rate, 0.5, "30/m"),
        (format_rate, 1.5, "1.5/s"),
        (format_rate, 10 / 3600, "10/h"),
        (format_size, 65_536, "64KiB"),
        (format_size, 2e6, "2MB"),
        (format_size, 512, "512B"),
        (format_bandwidth, 12.5e6, "100Mbit/s"),
        (format_bandwidth, 125e6, "1Gbit/s"),
        (format_share, 0.2, "20%"),
        (format_share, 0.123456, "12.3%"),
        (format_share, 0.998731, "99.873%"),
        (format_share, 0.99996, "99.996%"),
        (format_share, 1.0, "100%"),
        (format_share, 0.0, "0%"),
        (format_share, nan, "nan"),
        (format_count, 0, "0"),
        (format_count, 9999, "9999"),
        (format_count, 12_345, "12.3k"),
        (format_count, 999_999, "1M"),
        (format_count, 1.5e6, "1.5M"),
        (format_count, 12.34, "12.34"),
        (format_count, -20_000, "-20k"),
        (format_count, inf, "inf"),
    ],
)
def test_people_read_three_digits_and_a_fitting_unit(format_: Callable[[float], str], value: float, text: str) -> None:
    """Rounded, but nothing that is not whole becomes 100%."""
    assert format_(value) == text


@pytest.mark.parametrize("quantity", [DURATION, RATE, SIZE, BANDWIDTH], ids=lambda quantity: quantity.name)
@given(share=st.floats(0.0, 1.0), exponent=st.integers(0, 12))
def test_what_is_spelled_reads_back_as_the_same_float(quantity: Quantity, share: float, exponent: int) -> None:
    """Writing a scenario out loses no bit."""
    amount = share * quantity.limit / 10**exponent
    assume(amount == 0.0 or amount > 1e-12)
    assert quantity.parse(quantity.spell(amount)) == amount


@pytest.mark.parametrize("quantity", [DURATION, RATE, SIZE, BANDWIDTH], ids=lambda quantity: quantity.name)
@given(share=st.floats(1e-3, 0.99), exponent=st.integers(0, 9))
def test_what_people_read_is_right_to_three_digits(quantity: Quantity, share: float, exponent: int) -> None:
    """Rounding costs at most one in a hundred (twice half a unit in the third digit)."""
    amount = share * quantity.limit / 10**exponent
    assert isclose(quantity.parse(quantity.format(amount)), amount, rel_tol=0.0101)


@given(share=st.floats(0.0, 1.0))
def test_a_spelled_share_reads_back_as_the_same_float(share: float) -> None:
    """Also where it is a third."""
    assert parse_share(spell_share(share)) == share


@given(count=st.integers(0, 9999) | st.integers(10, 999).map(lambda thousands: thousands * 1000))
def test_a_short_count_reads_back(count: int) -> None:
    """Up to three digits and a suffix, or four digits, nothing is lost."""
    assert parse_count(format_count(count)) == count


@given(
    value=st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.text()
    | st.lists(st.integers())
)
@pytest.mark.parametrize(
    "parse", [parse_duration, parse_rate, parse_share, parse_size, parse_bandwidth, parse_count, parse_number]
)
def test_whatever_yaml_gives_is_read_or_refused(parse: Parse, value: object) -> None:
    """No value ends in another exception than ValueError, and none is read as a negative or an infinite number."""
    try:
        read = parse(value)
    except ValueError:
        return
    assert isclose(read, read)
    assert read >= 0 or parse is parse_number


class Everything(Config):
    """One field of each unit."""

    duration: Duration = Field(5.0, gt=0, description="A duration.")
    rate: Rate = Field(2000.0, description="A rate.")
    share: Share = Field(0.2, description="A share.")
    size: Size | None = Field(None, description="A size.")
    bandwidth: Bandwidth = Field(12.5e6, description="A bandwidth.")
    count: Count = Field(1, ge=1, description="A count.")
    number: Number = Field(1.5, description="A number.")
    work: Distribution = Field(Constant(0.002), description="A distribution.")


WRITTEN: dict[str, Any] = {
    "duration": "250ms",
    "rate": "10/h",
    "share": "99.9%",
    "size": "64KiB",
    "bandwidth": "1Gbit/s",
    "count": 20_000,
    "number": 2.5,
    "work": {"exponential": "40ms"},
}


def test_a_configuration_holds_floats_and_is_dumped_as_it_was_written() -> None:
    """What JSON mode dumps is a scenario again."""
    config = Everything.model_validate(WRITTEN)
    assert (config.duration, config.size, config.count) == (0.25, 65_536.0, 20_000)
    assert config.model_dump(mode="json") == WRITTEN
    assert Everything.model_validate(config.model_dump(mode="json")) == config


def test_defaults_are_dumped_with_their_units() -> None:
    """A scenario that is written out is complete."""
    dumped = Everything().model_dump(mode="json")
    assert dumped == {
        "duration": "5s",
        "rate": "2k/s",
        "share": "20%",
        "size": None,
        "bandwidth": "100Mbit/s",
        "count": 1,
        "number": 1.5,
        "work": "2ms",
    }


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("duration", 5, "Value error, 5 needs a unit; a duration is written like 5ms, 5s, 5m"),
        ("duration", "0s", "Input should be greater than 0"),
        ("count", "0", "Input should be greater than or equal to 1"),
        ("size", "64", "Value error, 64 needs a unit; a size is written like 64B, 64KiB, 64MB"),
        ("number", True, "Value error, true is not a plain number; one is written like 2 or 1.5"),
    ],
)
def test_a_wrong_field_is_located(field: str, value: object, message: str) -> None:
    """The error carries the field's place and one message, optional or not."""
    with pytest.raises(ValidationError) as refused:
        Everything.model_validate({field: value})
    assert [(error["loc"], error["msg"]) for error in refused.value.errors()] == [((field,), message)]


def test_the_json_schema_accepts_what_the_language_accepts() -> None:
    """An editor that knows the schema marks a number without a unit, and no right spelling."""
    schema = Everything.model_json_schema(schema_generator=SpelledDefaults)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert list(validator.iter_errors(WRITTEN)) == []
    for field, wrong in [("duration", 5), ("duration", "5sec"), ("rate", "5rps"), ("share", 20), ("count", 1.5)]:
        assert [list(error.path) for error in validator.iter_errors({field: wrong})] == [[field]]


def test_the_json_schema_shows_defaults_with_units() -> None:
    """Hover text says 5s, not 5.0."""
    fields = Everything.model_json_schema(schema_generator=SpelledDefaults)["properties"]
    assert {name: each["default"] for name, each in fields.items()} == {
        "duration": "5s",
        "rate": "2k/s",
        "share": "20%",
        "size": None,
        "bandwidth": "100Mbit/s",
        "count": 1,
        "number": 1.5,
        "work": "2ms",
    }
    assert json.dumps(fields)
