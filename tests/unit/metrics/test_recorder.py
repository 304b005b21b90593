"""The recorder: a row for every request in the order of arrival, however many there are and whenever they end."""

import mmap

import numpy as np
import pytest

from sim.metrics import IN_FLIGHT, Recorder
from sim.request import Outcome, Request, RequestKind

NUMBER = 40_000


def recorded(number, spill_after):
    """Many requests, sent a second apart; half of them end in order, half in reverse, and every tenth never does."""
    recorder = Recorder(["web", "app"], warmup=10.0, spill_after=spill_after)
    kinds = [RequestKind(path="/a"), RequestKind(path="/b")]
    requests = []
    for n in range(number):
        request = Request(n, kinds[n % 2], ["web", "app"][n % 2], float(n))
        request.attempts = 1 + n % 3
        request.service = request.work = 0.5
        recorder.open(request)
        requests.append(request)
    for n in (*range(number // 2), *reversed(range(number // 2, number))):
        if n % 10:
            recorder.close(requests[n], n % 2, 0.5, Outcome.OK)
    return recorder


@pytest.mark.parametrize("spill_after", [10_000_000, 20_000, 0])
def test_rows_are_the_same_in_memory_and_in_a_file(spill_after):
    """Beyond so many rows the columns live in a file, and nobody can tell."""
    recorder = recorded(NUMBER, spill_after)
    assert isinstance(recorder._rows, mmap.mmap) == (spill_after < NUMBER)
    rows, numbers = recorder.rows(), np.arange(NUMBER)
    assert len(rows) == NUMBER
    assert np.array_equal(rows["arrived"], numbers)
    assert np.array_equal(rows["outcome"], np.where(numbers % 10, Outcome.OK, IN_FLIGHT))
    assert np.array_equal(rows["latency"], np.where(numbers % 10, 0.5, 0.0))
    assert np.array_equal(rows["attempts"], 1 + numbers % 3)
    assert np.array_equal(rows["client"], numbers % 2)
    assert [recorder.routes[route] for route in rows["route"][:3]] == ["GET /a", "GET /b", "GET /a"]


def test_work_is_useful_or_wasted_and_counts_after_warm_up():
    """Of a hundred seconds ten are warm-up; of the rest each tenth request has not ended, and its work is neither."""
    recorder = recorded(100, 10_000_000)
    each = [0.5 * 36, 0.5 * 45]
    assert recorder.useful == pytest.approx(each)
    assert recorder.wasted == [0.0, 0.0]
    abandoned, early = (Request(0, RequestKind(), "web", arrived) for arrived in (50.0, 5.0))
    for request in (abandoned, early):
        request.work = 3.0
        recorder.waste_part(request, 1.0)
        recorder.waste(request)
        recorder.use(request)
    assert recorder.wasted == pytest.approx([3.0, 0.0])
    assert recorder.useful == pytest.approx(each)


def test_a_row_is_62_bytes():
    """A million requests take 62 MB, whatever happened to them."""
    assert recorded(10, 100).rows().itemsize == 62
