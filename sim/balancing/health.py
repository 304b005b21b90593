"""A health check asks an instance at intervals whether it can serve, and believes only what it hears repeatedly.

A run of failures takes the instance out of the balancer's choice, a run of successes brings it back. Between the crash
and the verdict requests still go there: with n failures needed, between (n-1) and n intervals plus the time-out.

Source: Kubernetes readiness probes, whose defaults these are (periodSeconds, timeoutSeconds, failureThreshold,
successThreshold).
"""

from typing import ClassVar, Self

from pydantic import Field, model_validator

from sim.values import Config, Count, Duration, format_duration, wrong_key


class HealthCheckConfig(Config):
    """How the instances of a service are probed."""

    shorthand: ClassVar[str | None] = "interval"

    interval: Duration = Field(10.0, ge=0.001, description="Time from one probe of an instance to the next.")
    timeout: Duration = Field(1.0, gt=0, description="How long a probe may take before it counts as failed.")
    unhealthy_after: Count = Field(
        3, ge=1, description="How many probes in a row must fail until the instance gets no more requests."
    )
    healthy_after: Count = Field(
        1, ge=1, description="How many probes in a row must succeed until the instance gets requests again."
    )
    work: Duration = Field(0.001, ge=0, description="How long a probe occupies a worker of the instance.")

    @model_validator(mode="after")
    def _one_probe_at_a_time(self) -> Self:
        if self.timeout > self.interval:
            raise wrong_key(
                "timeout" if "timeout" in self.model_fields_set else "interval",
                f"a probe that may take {format_duration(self.timeout)} (timeout) is not over when the next begins "
                f"after {format_duration(self.interval)} (interval)",
            )
        return self


class HealthState:
    """What the probes of one instance have shown so far.

    Args:
        config: The thresholds.
        healthy: What is believed before the first probe.
    """

    __slots__ = ("_against", "_config", "healthy")

    def __init__(self, config: HealthCheckConfig, healthy: bool = True) -> None:
        self._config = config
        self._against = 0  # how many probes in a row have contradicted what is believed
        self.healthy = healthy

    def probe_result(self, ok: bool) -> bool:
        """Takes note of a probe.

        Args:
            ok: Whether the instance answered in time that it can serve.

        Returns:
            Whether `healthy` has changed.
        """
        if ok == self.healthy:
            self._against = 0
            return False
        self._against += 1
        needed = self._config.healthy_after if ok else self._config.unhealthy_after
        if self._against < needed:
            return False
        self.healthy, self._against = ok, 0
        return True
