"""Users who wait for answers before they ask again."""

import pytest

from tests.theory.formulas.queueing import closed, closed_response
from tests.theory.protocol import Study


def users(count, think, service, seconds, warmup):
    """A closed loop of users at one exponential server; times in seconds."""
    text = f"""
duration: {seconds + warmup:g}s
warmup: {warmup:g}s
clients:
  user: {{traffic: {{users: {count}, think: {{exponential: {1e3 * think:.6g}ms}}}}, to: server}}
components:
  server: {{kind: service, queue: unbounded, work: {{exponential: {1e3 * service:.6g}ms}}}}
"""
    return Study(text, surplus=lambda run: float(run.rows["service"].mean()) - service)


@pytest.mark.parametrize(
    ("count", "think", "service", "seconds", "warmup"),
    [(50, 1.0, 0.01, 70, 7), (120, 1.0, 0.01, 110, 15), (10, 1.145, 0.1, 450, 20)],
)
def test_users_who_wait(theory, count, think, service, seconds, warmup):
    """A closed loop slows down with its server: queues stay short even at 99% utilisation.

    Source: M. Reiser, S. S. Lavenberg, JACM 27(2), 1980 (mean value analysis); machine-repairman model.
    """
    study, exact = users(count, think, service, seconds, warmup), closed(count, think, service)
    case = f"A17-closed-{count}-{think}-{service:g}"
    given = f"{count} users, think {think:g} s, exponential {1e3 * service:g} ms, both exponential"
    theory.agrees(case, "mean response", study, lambda run: run.latency(), 1e3 * exact["mean_response"], given)
    theory.agrees(
        case, "throughput", study, lambda run: run.summary["rates"]["goodput_rps"], exact["throughput"], given
    )
    theory.agrees(
        case, "utilisation", study, lambda run: run.component("server", "utilization"), exact["utilisation"], given
    )


def test_a_closed_loop_hides_the_tail(theory):
    """The same server and nominal load: p99 is 230 ms with an open loop, 94 ms with ten users, 46 ms with one.

    Source: M. Brooker, "Open and Closed, Omission and Collapse", 2023, scaled from 0.1 ms to 10 ms; exact by the
    arrival theorem (K. C. Sevcik, I. Mitrani, 1981). The open loop is among the walks.
    """
    case = "B8-open-closed"
    think = 0.2 * 0.01
    one = users(1, think, 0.01, 40, 0)
    expected = 1e3 * closed_response(1, think, 0.01, 0.99)
    theory.agrees(case, "closed 1 p99", one, lambda run: run.latency(0.99), expected, "1 user, think 2 ms, 10 ms")
    think = 0.2 * 0.01 + 9 * 0.01 / 0.8
    ten, given = users(10, think, 0.01, 55, 2), "10 users, think 114.5 ms, 10 ms"
    mean, p99 = closed(10, think, 0.01)["mean_response"], closed_response(10, think, 0.01, 0.99)
    theory.agrees(case, "closed 10 mean", ten, lambda run: run.latency(), 1e3 * mean, given)
    theory.agrees(case, "closed 10 p99", ten, lambda run: run.latency(0.99), 1e3 * p99, given)
