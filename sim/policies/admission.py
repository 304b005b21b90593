"""Admission policies stand in a gateway's list and let a request pass or refuse it, in order, before any upstream work.

Each is a config and a check: `check(request, now)` returns None to let the request pass, or the refusal. Its own time
is added to the request's pending delay, as `policy` time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from pydantic import Field

from sim.kernel import Demand, Streams
from sim.policies.rate_limit import RateLimitConfig
from sim.request import ANSWERS, Outcome, Request, Response
from sim.values import Config, Constant, Distribution, Share, one_of


class Admission(Protocol):
    """Lets requests pass or refuses them.

    Attributes:
        needs_time: Whether `check` has to be called in the order in which requests get there.
        varies: Whether it takes longer for some requests than for others.
    """

    needs_time: ClassVar[bool]
    varies: bool

    def check(self, request: Request, now: float) -> Response | None:
        """None to let it pass, or the refusal."""
        ...


class AuthenticateConfig(Config):
    """Checks who is calling."""

    latency: Distribution = Field(Constant(0.0), description="How long the check takes; default none.")
    reject: Share = Field(0.0, description="Share of requests without valid credentials; default none.")


class SchemaConfig(Config):
    """Checks the body against a schema."""

    reject: Share = Field(0.0, description="Share of requests that do not conform; default none.")


class ValidateConfig(Config):
    """Checks whether the request makes sense."""

    latency: Distribution = Field(Constant(0.0), description="How long the check takes; default none.")
    reject: Share = Field(0.0, description="Share of requests that are invalid; default none.")
    schema_: SchemaConfig | None = Field(None, alias="schema", description="The check of the body against a schema.")


class ShareCheck:
    """Takes its time and refuses a share of requests: the same ones however often they are tried.

    Args:
        latency: Time of a check by request and call, s.
        coin: A number in [0, 1) by request.
        reject: The share.
        refusal: The answer to those.
        varies: See `Admission`.
    """

    needs_time: ClassVar[bool] = False

    def __init__(self, latency: Demand, coin: Demand, reject: float, refusal: Response, varies: bool) -> None:
        self.latency = latency
        self.coin = coin
        self.reject = reject
        self.refusal = refusal
        self.varies = varies

    def check(self, request: Request, now: float) -> Response | None:
        """See `Admission.check`."""
        seconds = self.latency.at(request.id, request.call)
        request.owe_policy(seconds)
        return self.refusal if self.coin.at(request.id) < self.reject else None


class RateLimit:
    """Refuses what exceeds a rate.

    Args:
        config: The limit.
    """

    needs_time: ClassVar[bool] = True
    varies = False

    def __init__(self, config: RateLimitConfig) -> None:
        self.limiter = config.limiter()
        self.refusal = ANSWERS[Outcome.RATE_LIMITED]

    def check(self, request: Request, now: float) -> Response | None:
        """See `Admission.check`."""
        return None if self.limiter.allows(request, now) else self.refusal


def _authenticate(config: AuthenticateConfig, streams: Streams, name: str) -> Admission:
    return _share_check(config.latency, config.reject, Outcome.UNAUTHORIZED, streams, name)


def _validate(config: ValidateConfig, streams: Streams, name: str) -> Admission:
    schema = 0.0 if config.schema_ is None else config.schema_.reject
    reject = 1.0 - (1.0 - config.reject) * (1.0 - schema)
    return _share_check(config.latency, reject, Outcome.INVALID, streams, name)


def _share_check(latency: Distribution, reject: float, outcome: Outcome, streams: Streams, name: str) -> ShareCheck:
    return ShareCheck(
        streams.demand(f"{name}.latency", latency.draw),
        streams.demand(f"{name}.verdict", lambda rng, n: rng.random(n)),
        reject,
        ANSWERS[outcome],
        varies=not isinstance(latency, Constant),
    )


@dataclass(frozen=True)
class AdmissionKind:
    """One kind of policy: what YAML may say, and how it is made."""

    config: type[Config]
    description: str
    make: Callable[[Any, Streams, str], Admission]


ADMISSION = {
    "authenticate": AdmissionKind(AuthenticateConfig, "Refuses callers without valid credentials.", _authenticate),
    "rate_limit": AdmissionKind(
        RateLimitConfig, "Refuses what exceeds a rate.", lambda config, streams, name: RateLimit(config)
    ),
    "validate": AdmissionKind(ValidateConfig, "Refuses requests that make no sense.", _validate),
}

AdmissionConfig: Any = one_of(
    "AdmissionConfig",
    "One check of a gateway.",
    {name: (kind.config, kind.description) for name, kind in ADMISSION.items()},
)
