"""The units of the scenario language: durations, rates, sizes and bandwidths.

Each is an `Annotated` type: in a `Config`, `timeout: Duration` reads `500ms` and holds `0.5`. Inside, time is in
seconds, rates are per second, sizes in bytes, bandwidths in bytes per second. Dumped as JSON, they are spelled with
their units again.
"""

from fractions import Fraction
from typing import Annotated, Final

from sim.values.quantity import Quantity, Unit

_SECONDS: Final = {"d": 86_400, "h": 3600, "m": 60, "s": 1}
_PREFIXES: Final = {"M": 10**6, "k": 10**3, "": 1}

DURATION: Final = Quantity(
    name="a duration",
    units=(
        *(Unit(symbol, Fraction(seconds), whole=symbol != "s") for symbol, seconds in _SECONDS.items()),
        Unit("ms", Fraction(1, 10**3)),
        Unit("us", Fraction(1, 10**6)),
    ),
    base="s",
    examples=("5ms", "5s", "5m"),
    limit=3650 * 86_400.0,
    limit_text="ten years",
    description="A duration: a number with us, ms, s, m (minutes), h or d, such as 250us, 5ms, 2s or 3m.",
    meant=(
        ("µs", "us"),
        ("sec", "s"),
        ("secs", "s"),
        ("second", "s"),
        ("seconds", "s"),
        ("min", "m"),
        ("mins", "m"),
        ("minute", "m"),
        ("minutes", "m"),
        ("hour", "h"),
        ("hours", "h"),
        ("day", "d"),
        ("days", "d"),
    ),
)

RATE: Final = Quantity(
    name="a rate",
    units=tuple(
        Unit(f"{prefix}/{symbol}", Fraction(factor, seconds), whole=symbol != "s")
        for symbol, seconds in reversed(_SECONDS.items())
        for prefix, factor in _PREFIXES.items()
    ),
    base="/s",
    examples=("400/s", "90/m", "10/h"),
    limit=1e8,
    limit_text="100M/s",
    description="A rate: a number per s, m (minute), h or d, such as 400/s, 2k/s, 90/m or 10/h.",
    meant=(
        ("rps", "/s"),
        ("qps", "/s"),
        ("/sec", "/s"),
        ("/min", "/m"),
        ("rpm", "/m"),
        ("/hour", "/h"),
        ("/day", "/d"),
    ),
)

SIZE: Final = Quantity(
    name="a size",
    units=(
        Unit("TiB", Fraction(2**40), whole=True),
        Unit("TB", Fraction(10**12)),
        Unit("GiB", Fraction(2**30), whole=True),
        Unit("GB", Fraction(10**9)),
        Unit("MiB", Fraction(2**20), whole=True),
        Unit("MB", Fraction(10**6)),
        Unit("KiB", Fraction(2**10), whole=True),
        Unit("kB", Fraction(10**3)),
        Unit("KB", Fraction(10**3), written=False),
        Unit("B", Fraction(1)),
    ),
    base="B",
    examples=("512B", "64KiB", "2MB"),
    limit=1e15,
    limit_text="1000TB",
    description="A size: a number with B, kB, MB, GB (powers of 1000) or KiB, MiB, GiB (powers of 1024).",
)

BANDWIDTH: Final = Quantity(
    name="a bandwidth",
    units=(
        Unit("Gbit/s", Fraction(10**9, 8)),
        Unit("Mbit/s", Fraction(10**6, 8)),
        Unit("kbit/s", Fraction(10**3, 8)),
        Unit("bit/s", Fraction(1, 8)),
        Unit("GB/s", Fraction(10**9), written=False),
        Unit("MB/s", Fraction(10**6), written=False),
        Unit("kB/s", Fraction(10**3), written=False),
        Unit("B/s", Fraction(1), written=False),
    ),
    base="B/s",
    examples=("100Mbit/s", "1Gbit/s", "10MB/s"),
    limit=1e14,
    limit_text="100000GB/s",
    description="A bandwidth: a number with kbit/s, Mbit/s, Gbit/s, kB/s, MB/s or GB/s.",
    meant=(("Gbps", "Gbit/s"), ("Mbps", "Mbit/s"), ("kbps", "kbit/s"), ("bps", "bit/s")),
)


def parse_duration(value: object) -> float:
    """Reads a duration such as `5ms`; returns seconds, raises ValueError."""
    return DURATION.parse(value)


def format_duration(seconds: float) -> str:
    """A duration for people, to three digits: `0.0123` is `12.3ms`."""
    return DURATION.format(seconds)


def parse_rate(value: object) -> float:
    """Reads a rate such as `2k/s`; returns events per second, raises ValueError."""
    return RATE.parse(value)


def format_rate(per_second: float) -> str:
    """A rate for people, to three digits: `2000.0` is `2k/s`; per second unless it is less than one."""
    text = RATE.format(per_second)
    return text if per_second < 1.0 or text.endswith("/s") else RATE.format(float(f"{per_second:.2e}"))


def parse_size(value: object) -> float:
    """Reads a size such as `64KiB`; returns bytes, raises ValueError."""
    return SIZE.parse(value)


def format_size(size: float) -> str:
    """A size in bytes for people, to three digits: `65536` is `64KiB`."""
    return SIZE.format(size)


def parse_bandwidth(value: object) -> float:
    """Reads a bandwidth such as `100Mbit/s`; returns bytes per second, raises ValueError."""
    return BANDWIDTH.parse(value)


def format_bandwidth(bytes_per_second: float) -> str:
    """A bandwidth for people, to three digits: `12.5e6` is `100Mbit/s`."""
    return BANDWIDTH.format(bytes_per_second)


Duration = Annotated[float, DURATION]
"""Seconds, written like `5ms`."""

Rate = Annotated[float, RATE]
"""Events per second, written like `400/s`."""

Size = Annotated[float, SIZE]
"""Bytes, written like `64KiB`."""

Bandwidth = Annotated[float, BANDWIDTH]
"""Bytes per second, written like `100Mbit/s`."""
