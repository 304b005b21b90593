"""What a queue between publishers and consumers does with messages."""

from math import exp


def drain_time(backlog: float, arrivals: float, capacity: float) -> float:
    """How long a backlog takes to be worked off, s.

    Args:
        backlog: Messages that wait.
        arrivals: 1/s.
        capacity: 1/s.
    """
    return backlog / (capacity - arrivals)


def deliveries(timeout: float, mean_work: float) -> float:
    """How often a message is delivered if there are consumers enough, each needing an exponential time.

    It is delivered for the (k+1)-th time if none of the first k consumers is done when their time-outs are over: the
    first has had k time-outs of time, the next k-1, and so on.

    Args:
        timeout: The visibility time-out, s.
        mean_work: Mean time that a consumer needs, s.
    """
    return sum(exp(-k * (k + 1) / 2.0 * timeout / mean_work) for k in range(50))
