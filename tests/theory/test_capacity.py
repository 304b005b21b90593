"""A capacity search finds what theory says: the load at which an M/M/1 queue's p95 reaches its limit."""

from math import log
from pathlib import Path

from sim.experiment.capacity_search import capacity
from sim.experiment.executors import InProcess
from sim.experiment.run_many import Runner
from sim.scenario import load

QUEUE = """\
scenario: One server
duration: 40s
warmup: 5s
clients:
  app: {traffic: {rate: 50/s}, to: server}
components:
  server: {kind: service, workers: 1, queue: unbounded, work: {exponential: 10ms}}
"""


def test_the_load_at_which_p95_is_60_ms(tmp_path: Path) -> None:
    """Response times of M/M/1 are exponential with rate mu - lambda: p95 is ln(20) / (mu - lambda) (Kleinrock 1975).

    So with mu = 100/s the limit of 60 ms is met up to 100 - ln(20) / 60 ms = 50.07 requests a second. Of five searches
    with seeds of their own, each names an interval; of a 95% interval, five of five or four hold the true value.
    """
    (tmp_path / "queue.yaml").write_text(QUEUE)
    truth = 100.0 - log(20.0) / 0.06
    held = 0
    answers = []
    for seed in range(0, 5000, 1000):
        scenario = load(tmp_path / "queue.yaml", {"seed": seed})
        answer = capacity(
            scenario, "clients.app.traffic.rate=20/s..95/s", Runner(InProcess()), ("p95 < 60ms",), precision=0.05
        )
        assert answer.met is not None
        assert answer.missed is not None
        assert answer.number is not None
        held += answer.met.number <= truth <= answer.missed.number
        answers.append(answer.number)
        assert answer.missed.number - answer.met.number < 0.2 * truth
    assert held >= 4
    assert abs(sum(answers) / len(answers) - truth) < 0.02 * truth
