"""Holm's procedure keeps many comparisons honest: of twenty variants no better than the first, one would seem to be.

The smallest of m p-values is judged at level alpha / m, the next at alpha / (m - 1), and so on; the first that is not
rejected ends it. A false alarm among all of them then has a probability of at most alpha, whatever their dependence
(S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6(2), 1979).
"""

from collections.abc import Sequence

from numpy.typing import ArrayLike

from sim.experiment.statistics.paired import Difference, paired_difference, paired_p_value


def holm_levels(p_values: Sequence[float], alpha: float = 0.05) -> list[float]:
    """The level at which each hypothesis is judged: it is rejected if its p-value is at most that.

    The k-th smallest of m is judged at alpha / (m - k + 1). All that follow the first that is not rejected are judged
    at the level of that one, and so are not rejected either.

    Args:
        p_values: One of each hypothesis, in any order.
        alpha: The probability of any false rejection among them, between 0 and 1.

    Returns:
        The levels, in the order of the p-values.

    Raises:
        ValueError: With an impossible alpha.
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha lies between 0 and 1, such as 0.05, not at {alpha:g}")
    levels = [0.0] * len(p_values)
    level, rejecting = alpha, True
    for rank, which in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if rejecting:
            level = alpha / (len(p_values) - rank)
            rejecting = p_values[which] <= level
        levels[which] = level
    return levels


def compare_all(pairs: Sequence[tuple[ArrayLike, ArrayLike]], alpha: float = 0.05) -> list[Difference]:
    """The paired differences of one family of comparisons, such as those of several variants to a first one.

    Each interval has the confidence 1 - the level at which Holm judges it, so it excludes zero just when Holm rejects
    that there is no difference. The p-values are those of the single tests. The probability of any false "better" or
    "worse" is at most alpha. That all intervals hold their true differences at once is not promised: for that, each
    would have to be as wide as at level alpha / m.

    Args:
        pairs: A figure of one variant and the same figure of another, in the same order of the seeds that both have.
        alpha: The probability of any false verdict, between 0 and 1.

    Returns:
        The differences, in the order of the pairs.

    Raises:
        ValueError: As `paired_difference` and `holm_levels` do.
    """
    levels = holm_levels([paired_p_value(*pair) for pair in pairs], alpha)
    return [paired_difference(*pair, 1.0 - level) for pair, level in zip(pairs, levels, strict=True)]
