"""The regularised incomplete beta function: what Student's t and the binomial distribution have in common.

I_x(a, b) is the distribution function of a beta variable. It is computed from its continued fraction by Lentz's method
(W. H. Press et al., "Numerical Recipes", 3rd edition, 2007, sections 5.2 and 6.4; the fraction is 26.5.8 in
M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions", 1964), in a number of steps that grows with the root
of the larger parameter.
"""

from itertools import count
from math import exp, lgamma, log

_PRECISION = 1e-15
"""How little a step may still change of the fraction, relative to it."""
_TINY = 1e-300
"""Stands for a partial denominator that happens to be zero."""


def regularised_beta(a: float, b: float, x: float, y: float) -> float:
    """I_x(a, b), the probability that a beta variable with parameters a and b is at most x.

    Args:
        a: Positive.
        b: Positive.
        x: 0..1.
        y: 1 - x, which near 1 cannot be had from x without loss.

    Returns:
        0..1; for parameters up to 10^6 eight digits are right, for small ones thirteen.
    """
    if x <= 0.0:
        return 0.0
    if y <= 0.0:
        return 1.0
    scale = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(y))
    if x < (a + 1.0) / (a + b + 2.0):
        return scale * _fraction(a, b, x) / a
    return 1.0 - scale * _fraction(b, a, y) / b


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction, which converges fast for x below the mean of the distribution."""
    numerators, denominators = 1.0, 1.0 / _not_zero(1.0 - (a + b) * x / (a + 1.0))
    fraction = denominators
    for m in count(1):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        for term in (even, odd):
            denominators = 1.0 / _not_zero(1.0 + term * denominators)
            numerators = _not_zero(1.0 + term / numerators)
            fraction *= numerators * denominators
        if abs(numerators * denominators - 1.0) < _PRECISION:
            break
    return fraction


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
