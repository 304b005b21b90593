"""Queues with closed forms: M/M/c, M/M/c/K, Erlang's loss system, M/G/1, Erlang arrivals, tandem, fork-join.

Rates are per second and times in seconds throughout. Sources stand with each formula.
"""

from collections.abc import Callable
from math import comb, exp, expm1, factorial, log, prod

import numpy as np
from scipy import stats
from scipy.optimize import brentq


def quantile(tail: Callable[[float], float], level: float, longest: float) -> float:
    """The time that a share `level` stays below, from the share that takes longer than a time."""
    return float(brentq(lambda time: tail(time) - (1.0 - level), 0.0, longest, xtol=1e-12))


class ManyServers:
    """M/M/c, one queue, first come first served: Erlang C.

    Source: A. K. Erlang, 1917; L. Kleinrock, Queueing Systems 1, 1975, section 3.5.

    Args:
        arrivals: Rate of arrivals.
        service: Rate of one server.
        servers: How many there are.
    """

    def __init__(self, arrivals: float, service: float, servers: int = 1) -> None:
        offered = arrivals / service
        waiting = offered**servers / factorial(servers) / (1.0 - offered / servers)
        self.prob_wait = waiting / (sum(offered**n / factorial(n) for n in range(servers)) + waiting)
        self.service, self.spare = service, servers * service - arrivals
        self.mean_wait = self.prob_wait / self.spare
        self.mean_response = self.mean_wait + 1.0 / service

    def response_tail(self, time: float) -> float:
        """P(response > time): service alone, or an exponential wait before it."""
        service, spare = self.service, self.spare
        if abs(spare - service) < 1e-9 * service:
            with_wait = (1.0 + service * time) * exp(-service * time)
        else:
            with_wait = (spare * exp(-service * time) - service * exp(-spare * time)) / (spare - service)
        return (1.0 - self.prob_wait) * exp(-service * time) + self.prob_wait * with_wait

    def response(self, level: float) -> float:
        """A quantile of the response time."""
        return quantile(self.response_tail, level, 100.0 * self.mean_response)


def erlang_b(offered: float, servers: int) -> float:
    """The share of calls lost where nobody waits; depends on the mean service time only.

    Source: A. K. Erlang, 1917; insensitivity: B. A. Sevastyanov, 1957.
    """
    return offered**servers / factorial(servers) / sum(offered**n / factorial(n) for n in range(servers + 1))


def bounded(arrivals: float, service: float, servers: int, places: int) -> dict[str, float]:
    """M/M/c/K, with `places` for those served and those waiting: a birth-death chain.

    Source: D. Gross, C. M. Harris, Fundamentals of Queueing Theory, chapter 2.
    """
    weights = [prod(arrivals / (service * min(k, servers)) for k in range(1, n + 1)) for n in range(places + 1)]
    shares = [weight / sum(weights) for weight in weights]
    accepted = arrivals * (1.0 - shares[-1])
    return {
        "blocking": shares[-1],
        "throughput": accepted,
        "utilisation": accepted / (servers * service),
        "mean_response": sum(n * share for n, share in enumerate(shares)) / accepted,
    }


def impatient_queue(arrivals: float, service: float, patience: float) -> dict[str, float]:
    """M/M/1+D: who has waited for `patience` is dropped; who is being served by then stays to the end.

    Source: D. Y. Barrer, Operations Research 5(5), 1957; F. Baccelli, P. Boyer, G. Hebuterne, 1984. The wait that an
    arrival would have has the density arrivals P0 e^(-(service - arrivals) w) up to the patience; beyond it nobody
    joins, and the density decays at the rate of service.
    """
    spare = service - arrivals
    decayed = exp(-spare * patience)
    served_late = arrivals / spare * (1.0 - decayed)
    dropped = arrivals / service * decayed
    idle = 1.0 / (1.0 + served_late + dropped)
    waits = arrivals / spare * ((1.0 - decayed) / spare - patience * decayed)
    return {
        "dropped": dropped * idle,
        "mean_wait": waits / (1.0 + served_late),
        "goodput": arrivals * (1.0 - dropped * idle),
    }


def pollaczek_khinchine(arrivals: float, mean: float, cv2: float) -> float:
    """Mean response of M/G/1, from mean and squared coefficient of variation of the service time.

    Source: F. Pollaczek, 1930; A. Khinchine, 1932; L. Kleinrock, Queueing Systems 1, 1975, chapter 5.
    """
    load = arrivals * mean
    return mean + load * mean * (1.0 + cv2) / (2.0 * (1.0 - load))


def constant_service_response(arrivals: float, service_time: float, level: float) -> float:
    """A quantile of the response time of M/D/1.

    Source: A. K. Erlang, 1909; C. D. Crommelin, 1932.
    """
    load = arrivals * service_time

    def waits_longer(time: float) -> float:
        elapsed = [time - k * service_time for k in range(int(time / service_time) + 1)]
        terms = ((-arrivals * t) ** k / factorial(k) * exp(arrivals * t) for k, t in enumerate(elapsed))
        return 1.0 - (1.0 - load) * sum(terms)

    return service_time + quantile(waits_longer, level, 25.0 * service_time)


def constant_service_loss(load: float, places: int) -> float:
    """Share of Poisson arrivals that an M/D/1 queue with so many places (the server's included) turns away.

    The queue seen by departures is a Markov chain: from i it goes to max(i - 1, 0) plus the Poisson arrivals during one
    service. With d_0 the chance that a departure leaves nobody, the loss is 1 - 1 / (d_0 + load).

    Source: D. Gross, C. M. Harris, Fundamentals of Queueing Theory, section 5.1.
    """
    step = np.zeros((places, places))
    for i in range(places):
        first = max(i - 1, 0)
        step[i, first : places - 1] = stats.poisson.pmf(np.arange(places - 1 - first), load)
        step[i, places - 1] = 1.0 - step[i].sum()
    balance = np.vstack([step.T - np.eye(places), np.ones(places)])
    departures = np.linalg.lstsq(balance, np.append(np.zeros(places), 1.0), rcond=None)[0]
    return float(1.0 - 1.0 / (departures[0] + load))


def round_robin(arrivals: float, service: float, servers: int) -> tuple[float, float]:
    """Strict round robin over M servers: each is a queue E_n/M/1, whose arrivals are every n-th of a Poisson stream.

    Source: L. Kleinrock, Queueing Systems 1, 1975, chapter 6 (G/M/1): sigma = A*(mu - mu sigma), and the response is
    exponential with rate mu (1 - sigma).

    Returns:
        Mean response, and rate of the exponential response.
    """

    def excess(sigma: float) -> float:
        return (arrivals / (arrivals + service * (1.0 - sigma))) ** servers - sigma

    sigma = brentq(excess, 0.0, 1.0 - 1e-6, xtol=1e-14)
    rate = service * (1.0 - float(sigma))
    return 1.0 / rate, rate


def tandem_tail(rates: list[float], time: float) -> float:
    """P(sum of independent exponential times with different rates > time): a tandem of M/M/1 queues.

    Source: P. J. Burke, 1956, and E. Reich, 1963: sojourns of one customer are independent, each with rate mu - lambda.
    """
    return sum(exp(-rate * time) * prod(other / (other - rate) for other in rates if other != rate) for rate in rates)


def erlang_tail(stages: int, rate: float, time: float) -> float:
    """P(sum of so many exponential times of one rate > time)."""
    return exp(-rate * time) * sum((rate * time) ** n / factorial(n) for n in range(stages))


def fork_join(arrivals: float, service: float) -> float:
    """Mean response of two M/M/1 queues that get a part of every request each; both parts must be done.

    Source: L. Flatto, S. Hahn, 1984; R. Nelson, A. N. Tantawi, IEEE ToC 37(6), 1988.
    """
    return (12.0 - arrivals / service) / 8.0 / (service - arrivals)


def largest_exponential(mean: float, count: int, level: float | None = None) -> float:
    """Mean, or a quantile, of the largest of so many exponential times: order statistics."""
    if level is None:
        return mean * sum(1.0 / n for n in range(1, count + 1))
    return -mean * log(-expm1(log(level) / count))


def any_slow(count: int, share: float) -> float:
    """Share of requests that wait for a slow part, where each of so many parts is slow with a small probability.

    Source: J. Dean, L. A. Barroso, "The Tail at Scale", CACM 56(2), 2013.
    """
    return 1.0 - (1.0 - share) ** count


def closed(users: int, think: float, service_time: float) -> dict[str, float]:
    """A fixed number of users and one exponential server: exact mean value analysis.

    Source: M. Reiser, S. S. Lavenberg, JACM 27(2), 1980.
    """
    queue = response = throughput = 0.0
    for present in range(1, users + 1):
        response = service_time * (1.0 + queue)
        throughput = present / (think + response)
        queue = throughput * response
    return {"mean_response": response, "throughput": throughput, "utilisation": throughput * service_time}


def closed_response(users: int, think: float, service_time: float, level: float) -> float:
    """A quantile of the response time of `closed`: who arrives sees the system with one user less.

    Source: K. C. Sevcik, I. Mitrani, 1981 (arrival theorem). With k users before it a request takes k + 1 exponential
    service times; P(k) ~ (N - 1)! / (N - 1 - k)! (S / Z)^k.
    """
    others = users - 1
    weights = [comb(others, k) * factorial(k) * (service_time / think) ** k for k in range(users)]

    def tail(time: float) -> float:
        parts = (weight * erlang_tail(k + 1, 1.0 / service_time, time) for k, weight in enumerate(weights))
        return sum(parts) / sum(weights)

    return quantile(tail, level, 20.0 * users * service_time)
