"""What retries do to load and success: geometric sums, budgets, layers, and the storm that outlives its cause."""

from math import exp


def amplification(failing: float, attempts: int) -> float:
    """Attempts per request where each fails with probability `failing`, independently: a geometric sum."""
    return sum(failing**n for n in range(attempts))


def success(failing: float, attempts: int) -> float:
    """Share of requests of which one attempt succeeds."""
    return 1.0 - failing**attempts


def layered_amplification(failing: float, attempts: int, layers: int) -> float:
    """Attempts at the bottom per request at the top, where each layer retries what the layer below has given up.

    Independent failures do not multiply: the product telescopes. If everything fails it is attempts^layers: 4^3 = 64.
    Source for that: B. Beyer et al., Site Reliability Engineering, 2016, chapter 22.
    """
    whole = attempts**layers
    return float(whole) if failing == 1.0 else (1.0 - failing**whole) / (1.0 - failing)


def budgeted_amplification(failing: float, attempts: int, ratio: float) -> float:
    """Attempts per request with a budget: the geometric sum, but never more than 1 + ratio.

    Source: Twitter, "Retry Budgets", Finagle, 2016; M. Brooker, "Fixing retries with token buckets and circuit
    breakers", 2022.
    """
    return min(amplification(failing, attempts), 1.0 + ratio)


def impatient(mean: float, timeout: float, attempts: int, backoff: float) -> dict[str, float]:
    """An exponential delay, given up after `timeout` and tried again after `backoff`: a truncated exponential."""
    late = exp(-timeout / mean)
    per_request = amplification(late, attempts)
    pauses = per_request - 1.0
    return {
        "attempts": per_request,
        "failures": late**attempts,
        "mean_latency": per_request * mean * (1.0 - late) + pauses * backoff,
    }


def storm_recovery(rate: float, capacity: float, freeze: float, timeout: float) -> float | None:
    """How long after a freeze of the servers answers are in time again, with one retry after a time-out; None: never.

    A fluid model: while answers are late every request is sent twice. When the freeze ends rate x (2 freeze - timeout)
    wait, at most capacity x timeout may, and capacity - 2 rate is left to work that off.

    Source: N. Bronson et al., "Metastable Failures in Distributed Systems", HotOS 2021.
    """
    spare = capacity - 2.0 * rate
    return (rate * (2.0 * freeze - timeout) - capacity * timeout) / spare if spare > 0.0 else None
