"""What a YAML value can be: quantities with units, distributions, keys and match patterns, as pydantic types."""

from sim.values.blame import WrongKey, wrong_key, wrong_values
from sim.values.config import Config, Unknown, chosen, known, one_of, parts
from sim.values.distribution import Constant, Distribution, SizeDistribution, means_distribution, parse_distribution
from sim.values.empirical import Empirical
from sim.values.families import (
    Erlang,
    Exponential,
    Gamma,
    Normal,
    Pareto,
    Uniform,
    Weibull,
)
from sim.values.files import find_file
from sim.values.json_schema import SpelledDefaults
from sim.values.keys import KeyDistribution, UniformKeys, Zipf
from sim.values.lognormal import Lognormal, Quantiles
from sim.values.match import METHODS, Match, Matchable
from sim.values.mixture import Mixture, Part
from sim.values.nearest import did_you_mean, nearest
from sim.values.numbers import (
    Count,
    Number,
    Share,
    format_count,
    format_share,
    parse_count,
    parse_number,
    parse_share,
)
from sim.values.quantity import shown
from sim.values.units import (
    BANDWIDTH,
    DURATION,
    RATE,
    SIZE,
    Bandwidth,
    Duration,
    Rate,
    Size,
    format_bandwidth,
    format_duration,
    format_rate,
    format_size,
    parse_bandwidth,
    parse_duration,
    parse_rate,
    parse_size,
)

__all__ = [
    "BANDWIDTH",
    "DURATION",
    "METHODS",
    "RATE",
    "SIZE",
    "Bandwidth",
    "Config",
    "Constant",
    "Count",
    "Distribution",
    "Duration",
    "Empirical",
    "Erlang",
    "Exponential",
    "Gamma",
    "KeyDistribution",
    "Lognormal",
    "Match",
    "Matchable",
    "Mixture",
    "Normal",
    "Number",
    "Pareto",
    "Part",
    "Quantiles",
    "Rate",
    "Share",
    "Size",
    "SizeDistribution",
    "SpelledDefaults",
    "Uniform",
    "UniformKeys",
    "Unknown",
    "Weibull",
    "WrongKey",
    "Zipf",
    "chosen",
    "did_you_mean",
    "find_file",
    "format_bandwidth",
    "format_count",
    "format_duration",
    "format_rate",
    "format_share",
    "format_size",
    "known",
    "means_distribution",
    "nearest",
    "one_of",
    "parse_bandwidth",
    "parse_count",
    "parse_distribution",
    "parse_duration",
    "parse_number",
    "parse_rate",
    "parse_share",
    "parse_size",
    "parts",
    "shown",
    "wrong_key",
    "wrong_values",
]
