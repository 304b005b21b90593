"""Outlier ejection takes an instance out of the choice when its answers, not its health checks, show that it fails.

After so many failures in a row it is ejected for a while: the base time multiplied by how often that has happened
lately, up to a maximum. Each interval that it then stays in service takes one from that multiplier. Only a share of
the instances may be out at a time, so that a fault that all of them have does not leave the service without any; one
may always be.

Source: Envoy, outlier detection (consecutive 5xx; `always_eject_one_host`).
"""

from typing import ClassVar

from pydantic import Field

from sim.balancing.endpoint import Endpoint
from sim.values import Config, Count, Duration, Share


class OutlierEjectionConfig(Config):
    """When and for how long a failing instance gets no requests."""

    shorthand: ClassVar[str | None] = "consecutive_failures"

    consecutive_failures: Count = Field(
        5, ge=1, description="How many requests in a row must fail until the instance is ejected."
    )
    base_ejection_time: Duration = Field(
        30.0, gt=0, description="How long the first ejection lasts; each further one lasts this much longer."
    )
    max_ejection_time: Duration = Field(
        300.0, gt=0, description="How long an ejection lasts at most, unless the base time is longer."
    )
    max_ejected: Share = Field(
        0.1, description="The share of the instances that may be ejected at a time; one always may."
    )
    interval: Duration = Field(
        10.0, gt=0, description="Time in service after which the next ejection is one base ejection time shorter."
    )


class _Record:
    __slots__ = ("ejected", "ejections", "failures", "readmitted")

    def __init__(self) -> None:
        self.failures = 0  # in a row
        self.ejections = 0  # the multiplier
        self.ejected = False
        self.readmitted = 0.0  # when it last came back, s


class OutlierDetector:
    """Counts one caller's failures on each instance of a service and says who is ejected.

    Args:
        config: The thresholds.
        size: How many instances the service has; may be set anew when it changes.
    """

    def __init__(self, config: OutlierEjectionConfig, size: int) -> None:
        self._config = config
        self._records: dict[int, _Record] = {}
        self.size = size

    @property
    def ejected_count(self) -> int:
        """How many instances are out."""
        return sum(record.ejected for record in self._records.values())

    def ejected(self, endpoint: Endpoint) -> bool:
        """Whether the instance is out."""
        record = self._records.get(endpoint.index)
        return record is not None and record.ejected

    def observe(self, endpoint: Endpoint, success: bool, now: float) -> float | None:
        """Takes note of an answer, or of its absence.

        Args:
            endpoint: Who was asked.
            success: Whether the instance did what it should; an error that is the caller's fault (4xx) is no failure.
            now: The current time, s.

        Returns:
            If this ejects the instance, the time at which `readmit` is due, s; otherwise None.
        """
        record = self._records.get(endpoint.index)
        if record is None:
            record = self._records[endpoint.index] = _Record()
        if record.ejected:
            return None
        if success:
            record.failures = 0
            return None
        record.failures += 1
        if record.failures < self._config.consecutive_failures or not self._may_eject():
            return None
        return now + self._eject(record, now)

    def _may_eject(self) -> bool:
        out = self.ejected_count
        return out == 0 or (out + 1) / self.size <= self._config.max_ejected

    def _eject(self, record: _Record, now: float) -> float:
        config = self._config
        forgiven = int((now - record.readmitted) / config.interval)
        record.ejections = max(0, record.ejections - forgiven) + 1
        record.ejected = True
        record.failures = 0
        longest = max(config.base_ejection_time, config.max_ejection_time)
        return min(config.base_ejection_time * record.ejections, longest)

    def readmit(self, endpoint: Endpoint, now: float) -> None:
        """Puts an ejected instance back into the choice.

        Args:
            endpoint: The instance.
            now: The current time, s.
        """
        record = self._records[endpoint.index]
        record.ejected = False
        record.readmitted = now
