"""A retry sends a failed request again: cheap where failures are rare, and fuel where the failure is an overload.

Bounded by a number of attempts, spread out by backoff and jitter, kept in proportion by a budget. Sources: Google SRE
book, chapters 21 and 22; Envoy's retry policies; M. Brooker, "Exponential Backoff And Jitter", AWS, 2015.
"""

from collections.abc import Generator
from typing import Annotated, Any, ClassVar, Final, Literal, get_args

from pydantic import Field, StrictInt, WithJsonSchema, field_validator

from sim.kernel import Uniform
from sim.metrics import Recorder
from sim.policies.backoff import BackoffConfig
from sim.policies.retry_budget import RetryBudget
from sim.policies.timeout import Attempt
from sim.request import BACKOFF, QUEUE, Request, Response
from sim.values import Config, Share

Condition = Literal["timeout", "429", "5xx", "connect_failure", "reset"]
Method = Literal["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "POST", "PATCH"]


_CONDITIONS: Final[Any] = {
    "anyOf": [{"enum": [429, *get_args(Condition)]}, {"type": "array", "items": {"enum": [429, *get_args(Condition)]}}]
}


class RetryConfig(Config):
    """When a failed request is sent again, how often and how soon."""

    shorthand: ClassVar[str | None] = "attempts"

    attempts: StrictInt = Field(2, ge=1, le=100, description="How many attempts there may be, the first one counted.")
    backoff: BackoffConfig = Field(
        default_factory=lambda: BackoffConfig.model_validate("none"),
        description="The pause before each retry; none means at once.",
    )
    on: Annotated[list[Condition], WithJsonSchema(_CONDITIONS)] = Field(
        default=["timeout", "5xx", "connect_failure", "reset"],
        min_length=1,
        description="Which failures are tried again: timeout, 429, 5xx (as in Envoy, a reset or refused connection "
        "counts as one), connect_failure, reset.",
    )
    budget: Share | None = Field(None, description="Retries allowed as a share of requests; none means no limit.")
    methods: list[Method] | None = Field(
        None,
        min_length=1,
        description="Methods that may be tried again; by default the idempotent ones and what has an idempotency key.",
    )

    @field_validator("on", mode="before")
    @classmethod
    def _words(cls, value: Any) -> Any:
        if isinstance(value, list):
            return [str(word) if isinstance(word, int) and not isinstance(word, bool) else word for word in value]
        return [str(value)] if isinstance(value, str | int) and not isinstance(value, bool) else value

    def conditions(self) -> frozenset[str]:
        """The conditions of responses that are tried again."""
        extra = {"connect_failure", "reset"} if "5xx" in self.on else set()
        return frozenset({*self.on, *extra})


class Retry:
    """Repeats an attempt while it fails in the ways named.

    Args:
        config: The policy.
        attempt: Makes one attempt.
        recorder: Told of the work of attempts that were thrown away.
        uniform: For the jitter.
    """

    def __init__(self, config: RetryConfig, attempt: Attempt, recorder: Recorder, uniform: Uniform) -> None:
        self.attempt = attempt
        self.attempts = config.attempts
        self.conditions = config.conditions()
        self.methods = None if config.methods is None else frozenset(config.methods)
        self.backoff = config.backoff.build()
        self.budget = None if config.budget is None else RetryBudget(config.budget)
        self.recorder = recorder
        self.uniform = uniform

    def handle(self, request: Request) -> Generator[Any, Any, Response]:
        """Makes attempts until one succeeds or no more are allowed."""
        if self.budget is not None:
            self.budget.first_try()
        work = request.work
        response = yield from self.attempt.handle(request)
        return (yield from self.go_on(request, response, work))

    def go_on(self, request: Request, response: Response, work: float = 0.0) -> Generator[Any, Any, Response]:
        """Makes further attempts after a first one.

        Args:
            request: What was asked for; its ledger and work are those of the first attempt.
            response: What came of that.
            work: The request's work before the first attempt, s.
        """
        pause, budget = 0.0, self.budget
        for number in range(1, self.attempts):
            if response.success or not self._may_repeat(request, response):
                break
            if budget is not None and not budget.allows():
                break
            self.recorder.waste_part(request, request.work - work)
            pause = self.backoff.pause(number, pause, self.uniform)
            if pause:
                request.backoff += pause
                request.doing = BACKOFF
                yield pause
                request.doing = QUEUE
            response = yield from self.attempt.handle(request, again=True)
        return response

    def _may_repeat(self, request: Request, response: Response) -> bool:
        if response.condition not in self.conditions:
            return False
        if self.methods is None:
            return request.kind.idempotent
        return request.kind.method in self.methods
