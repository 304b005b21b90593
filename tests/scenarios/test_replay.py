"""replay: the shipped log, its recipe, and real logs from elsewhere."""

import gzip
import re
import runpy
from collections import Counter
from datetime import datetime

import numpy as np
import pytest

from sim.components.traffic import read_access_log
from sim.experiment import run
from sim.metrics import timeline
from sim.scenario import find, load

DATA = find("replay").parent / "data"
STAMP = re.compile(r'\[(\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d) [+-]\d{4}\] "[A-Z]+ ')


def requests_per_minute(path):
    """How many requests a log has in each minute after the second of its earliest; lines without a time are none."""
    with gzip.open(path, "rt", errors="replace") as file:
        stamps = [match[1] for line in file if (match := STAMP.search(line))]
    times = [datetime.strptime(stamp, "%d/%b/%Y:%H:%M:%S") for stamp in stamps]
    first = min(times)
    return Counter(int((time - first).total_seconds()) // 60 for time in times)


class TestShippedLog:
    """The project's own small log."""

    def test_its_recipe_makes_it(self, tmp_path, monkeypatch):
        """The script in its README makes the same lines again."""
        script = tmp_path / "make_access_log.py"
        script.write_text(re.search(r"```python\n(.*?)```", (DATA / "README.md").read_text(), re.S)[1])
        monkeypatch.chdir(tmp_path)
        runpy.run_path(str(script))
        made, kept = (gzip.decompress((place / "access.log.gz").read_bytes()) for place in (tmp_path, DATA))
        assert made == kept

    def test_it_has_what_real_logs_have(self):
        """3,000 requests of 60 addresses in ten minutes; some lines out of order, four that are no requests."""
        log = read_access_log(DATA / "access.log.gz")
        assert (len(log), log.callers, log.span) == (3000, 60, 600.0)
        assert log.malformed == 4
        assert log.reordered > 500

    def test_its_addresses_are_for_documentation(self):
        """No address belongs to anybody (RFC 5737)."""
        lines = gzip.decompress((DATA / "access.log.gz").read_bytes()).decode().splitlines()
        addresses = {line.split()[0] for line in lines if line[0].isdigit()}
        assert all(re.fullmatch(r"(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+", address) for address in addresses)


class TestReplay:
    """What to look for."""

    def test_the_rush(self, runs):
        """The minute of the rush (60 to 72 s at this speed) brings more than three times the requests of any other."""
        for each in runs("replay"):
            minutes = np.histogram(each.result.requests["arrived"], np.arange(0, 121, 12))[0]
            others = np.delete(minutes, 5)
            assert minutes.sum() == 3000
            assert minutes[5] > 3 * others.max()

    def test_the_cdn_answers(self, runs):
        """The CDN answers 63% of the requests."""
        for each in runs("replay"):
            edge = each.summary["components"]["edge"]
            assert edge["hits"] / edge["offered"] == pytest.approx(0.63, abs=0.01)

    def test_a_few_addresses_send_most(self, runs):
        """One instance serves twice as many as the other, because a few addresses send most of the requests."""
        for each in runs("replay"):
            less, more = sorted(each.instances("web", "served"))
            assert more / less == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize(
    ("file", "format", "speed"), [("nasa.log.gz", "common", 300), ("access.log.gz", "combined", 600)]
)
def test_a_real_log_arrives_minute_by_minute_as_it_was_written(shared, tmp_path, file, format, speed):
    """Real logs are replayed: each minute of the log brings as many requests as it had, sped up or not."""
    log = shared / "data" / file
    scenario = tmp_path / "real.yaml"
    scenario.write_text(
        f"scenario: A real log\n"
        f"clients: {{visitors: {{traffic: {{replay: {log}, format: {format}, speed: {speed}}}, to: web}}}}\n"
        f"components: {{web: {{kind: service, workers: 100, work: 5ms}}}}\n"
    )
    result = run(load(scenario))
    arrived = (result.requests["arrived"] * speed + 1e-6).astype(int) // 60
    expected = requests_per_minute(log)
    assert Counter(arrived.tolist()) == expected
    assert timeline(result).offered.sum() == expected.total()


@pytest.mark.parametrize(("file", "speed"), [("nasa.log.gz", 60), ("access.log.gz", 60)])
def test_the_time_line_of_a_real_log(shared, tmp_path, file, speed):
    """Sixty times as fast, each second of the time line is a minute of the log."""
    log = shared / "data" / file
    scenario = tmp_path / "real.yaml"
    scenario.write_text(
        f"scenario: A real log\n"
        f"clients: {{visitors: {{traffic: {{replay: {log}, speed: {speed}}}, to: web}}}}\n"
        f"components: {{web: {{kind: service, workers: 100, work: 5ms}}}}\n"
    )
    seconds = timeline(run(load(scenario)))
    offered = {int(row.t_s): int(row.offered) for row in seconds.itertuples() if row.offered}
    assert offered == dict(requests_per_minute(log))
