"""The index of dispersion: how many times as much counts vary as those of independent events would.

Source: D. R. Cox, P. A. W. Lewis, The Statistical Analysis of Series of Events, 1966, section 4.5.
"""

import numpy as np
from numpy.typing import ArrayLike


def dispersion(counts: ArrayLike) -> float:
    """Variance over mean of the counts in equal stretches of time; at least 1, and 1 where there are too few to tell.

    Args:
        counts: Shape (stretches,).
    """
    numbers = np.asarray(counts, dtype=float)
    if len(numbers) < 2 or not numbers.any():
        return 1.0
    return max(1.0, float(numbers.var(ddof=1) / numbers.mean()))
