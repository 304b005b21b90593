"""What is available when parts fail, and when users of a dead address hear of another one."""

from math import prod


def series(availabilities: list[float]) -> float:
    """Availability of what needs all of its independent parts.

    Args:
        availabilities: Of the parts, 0..1.
    """
    return prod(availabilities)


def parallel(availabilities: list[float]) -> float:
    """Availability of what needs one of its independent parts.

    Args:
        availabilities: Of the parts, 0..1.
    """
    return 1.0 - prod(1.0 - availability for availability in availabilities)


def on_dead_address(time: float, detection: float, ttl: float) -> float:
    """The share of the users who still call a dead address, if what is left of a record is uniform in its TTL.

    Args:
        time: Since it died, s.
        detection: How long until no record names it any more, s.
        ttl: s.
    """
    return min(1.0, max(0.0, 1.0 - (time - detection) / ttl))


def mean_switch(detection: float, ttl: float) -> float:
    """How long users call a dead address on average, s; see `on_dead_address`."""
    return detection + ttl / 2.0
