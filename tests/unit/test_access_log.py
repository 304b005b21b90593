"""Access logs: what is read, what is put in order, what is counted, and what a replay makes of it."""

import gzip
import json
from pathlib import Path
from time import gmtime, strftime
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from sim.components.traffic import BLOCK, AccessLog, Replay, Target, TrafficConfig, read_access_log
from sim.components.traffic.replay import OTHER, report_labels

DATA = Path(__file__).parents[3] / "shared" / "data"
NOON = 1_714_564_800.0  # 2024-05-01 12:00:00 UTC


def clf(
    second: float, request: str = "GET /a HTTP/1.1", client: str = "10.0.0.1", size: str = "120", more: str = ""
) -> str:
    stamp = strftime("%d/%b/%Y:%H:%M:%S +0000", gmtime(NOON + second))
    return f'{client} - - [{stamp}] "{request}" 200 {size}{more}'


@pytest.fixture
def log_of(tmp_path: Path) -> Any:
    """Writes lines to a file and reads it."""

    def read(*lines: str, format: Any = None, name: str = "access.log") -> AccessLog:
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        return read_access_log(tmp_path / name, format)

    return read


@pytest.fixture
def real_log() -> Any:
    """Reads one of the real logs, where they are at hand."""
    if not DATA.is_dir():
        pytest.skip("the real logs are not here")
    return lambda name: read_access_log(DATA / name)


def paths(log: AccessLog) -> list[str]:
    return [log.targets[number].path for number in log.target]


def test_whole_seconds_are_spread_evenly_in_the_order_of_the_file(log_of: Any) -> None:
    """Two requests in the first second, one in the fourth: each at the middle of its share of the second."""
    log = log_of(clf(0, "GET /a HTTP/1.1"), clf(0, "GET /b HTTP/1.1"), clf(3, "GET /c HTTP/1.1"))
    assert list(zip(log.time.tolist(), paths(log), strict=True)) == [(0.25, "/a"), (0.75, "/b"), (3.5, "/c")]
    assert log.span == 4.0
    assert log.format == "common"


def test_finer_time_stamps_are_kept(log_of: Any) -> None:
    """Fractions of a second count from the first request's whole second."""
    log = log_of("time,path", f"{NOON + 0.25},/a", f"{NOON + 0.25},/b", f"{NOON + 7.5},/c")
    assert log.time.tolist() == [0.25, 0.25, 7.5]
    assert log.span == 8.0


def test_lines_out_of_order_are_sorted(log_of: Any) -> None:
    """Servers log a request when it ends; equal stamps stay in the order of the file."""
    log = log_of(
        *(clf(second, f"GET /{second}{name} HTTP/1.1") for second, name in [(5, "a"), (2, "a"), (5, "b"), (2, "b")])
    )
    assert paths(log) == ["/2a", "/2b", "/5a", "/5b"]
    assert log.time.tolist() == [0.25, 0.75, 3.25, 3.75]
    assert log.reordered == 2
    assert log.notes() == ["access.log: 2 lines were out of order and sorted by time"]


def test_time_zones_count(log_of: Any) -> None:
    """Noon in Greenwich is two hours after noon in Berlin, and four before noon in New York."""
    noon = {"berlin": "+0200", "new_york": "-0400", "greenwich": "+0000"}
    log = log_of(
        *(f'10.0.0.1 - - [01/May/2024:12:00:00 {zone}] "GET /{city} HTTP/1.1" 200 1' for city, zone in noon.items())
    )
    assert paths(log) == ["/berlin", "/greenwich", "/new_york"]
    assert log.time.tolist() == [0.5, 2 * 3600 + 0.5, 6 * 3600 + 0.5]


def test_combined_lines_and_a_browser_that_is_cut_off(log_of: Any) -> None:
    """The referrer and the browser do not matter, not even when the line ends in the middle of them."""
    log = log_of(
        clf(0, more=' "-" "Mozilla/5.0 (\\"quoted\\")"'),
        clf(1, more=' "-" "Mozilla/5.0 (compatible; Googlebot/2.1; +http'),
    )
    assert (len(log), log.format, log.malformed) == (2, "combined", 0)


@pytest.mark.parametrize(
    ("request_line", "target"),
    [
        ("GET /a/b?x=1&y=2 HTTP/1.1", Target("GET", "", "/a/b", "x=1&y=2")),
        ("GET /old", Target("GET", "", "/old", "")),
        ("GET /two words.html HTTP/1.0", Target("GET", "", "/two words.html", "")),
        ("GET http://shop.example:8080/cart?id=7 HTTP/1.1", Target("GET", "shop.example:8080", "/cart", "id=7")),
        ("GET http://shop.example HTTP/1.1", Target("GET", "shop.example", "/", "")),
        ("PROPFIND /dav HTTP/1.1", Target("PROPFIND", "", "/dav", "")),
    ],
)
def test_request_lines(log_of: Any, request_line: str, target: Target) -> None:
    """Old protocols, blanks and a proxy's absolute addresses are understood."""
    assert log_of(clf(0, request_line)).targets == (target,)


@pytest.mark.parametrize(
    "line",
    [
        "garbage",
        clf(0, "-"),
        clf(0, ""),
        clf(0, "\\x16\\x03\\x01"),
        clf(0, "OPTIONS * HTTP/1.0"),
        clf(0).replace("01/May", "31/Feb"),
        clf(0).replace("May", "Mai"),
        clf(0).replace(":12:", ":25:"),
        "\x00\x00\x00",
    ],
)
def test_a_line_that_is_no_request_is_counted_and_shown(log_of: Any, line: str) -> None:
    """It does not stop the reading."""
    log = log_of(clf(0), "", line, clf(1))
    assert (len(log), log.malformed) == (2, 1)
    assert log.samples == ((3, line[:80]),)


def test_only_the_first_three_bad_lines_are_shown(log_of: Any) -> None:
    """The number says how many there were; three tell what they look like."""
    log = log_of(clf(0), *(f"bad {number}" for number in range(5)))
    assert log.malformed == 5
    assert log.notes() == [
        "access.log: 5 lines could not be read as common (line 2: 'bad 0'; line 3: 'bad 1'; line 4: 'bad 2')"
    ]


def test_callers_and_targets_are_numbered_once(log_of: Any) -> None:
    """Columns hold numbers; each address and each target is kept once."""
    log = log_of(clf(0, client="a"), clf(1, client="b"), clf(2, client="a", size="-"))
    assert log.caller.tolist() == [0, 1, 0]
    assert log.callers == 2
    assert log.target.tolist() == [0, 0, 0]
    assert np.array_equal(log.size, [120.0, 120.0, np.nan], equal_nan=True)


@pytest.mark.parametrize(
    "record",
    [
        {"time_iso8601": "2024-05-01T12:00:00+00:00", "request": "POST /pay?x=1 HTTP/1.1"},
        {"time_local": "01/May/2024:12:00:00 +0000", "request_method": "POST", "request_uri": "/pay?x=1"},
        {"msec": "1714564800.000", "time_iso8601": "ignored", "request_method": "POST", "uri": "/pay?x=1"},
        {"timestamp": 1714564800000, "method": "post", "path": "/pay?x=1"},
        {"timestamp": "2024-05-01T12:00:00Z", "method": "POST", "path": "/pay?x=1"},
    ],
)
def test_json_by_the_names_of_nginx(log_of: Any, record: dict[str, Any]) -> None:
    """Several ways to say when and what; the rest is optional."""
    extra = {
        "remote_addr": "::1",
        "status": "200",
        "body_bytes_sent": "512",
        "request_time": "0.25",
        "http_host": "pay.example",
    }
    second = json.dumps({"msec": NOON + 1.5, "uri": "/x", "request_time": "-"})
    log = log_of(json.dumps(record | extra), second, "{broken", '["no object"]')
    assert log.targets == (Target("POST", "pay.example", "/pay", "x=1"), Target("GET", "", "/x", ""))
    assert log.time.tolist() == [0.75, 2.5]
    assert (log.size[0], log.duration[0]) == (512.0, 0.25)
    assert np.isnan(log.duration[1])
    assert (log.format, log.malformed) == ("json", 2)


def test_csv_by_its_header(log_of: Any) -> None:
    """Columns may come in any order, with quotes; short rows and impossible numbers are malformed."""
    log = log_of(
        "Client,Duration,Method,Path,Timestamp,Bytes",
        'a,0.5,GET,"/a,b",2024-05-01T12:00:00.5Z,10',
        "b,,put,/c,1714564801.25,",
        "b,1,GET",
        "b,-1,GET,/c,1714564801,1",
        "b,1,GET,/c,nan,1",
        "b,1,GET,/c,1e300,1",
    )
    assert log.format == "csv"
    assert log.time.tolist() == [0.0, 1.25]
    assert log.targets == (Target("GET", "", "/a,b", ""), Target("PUT", "", "/c", ""))
    assert np.array_equal(log.duration, [0.5, np.nan], equal_nan=True)
    assert log.malformed == 4


def test_a_stamp_at_the_end_of_a_request_is_taken_back_to_its_beginning(log_of: Any) -> None:
    """NGINX writes when all is sent: what took four seconds came before what was written two seconds earlier."""
    lines = [("/quick", 8.5, 0.25), ("/slow", 10.5, 4.0), ("/unknown", 11.0, "-")]
    log = log_of(*(json.dumps({"msec": NOON + end, "uri": path, "request_time": took}) for path, end, took in lines))
    assert list(zip(paths(log), log.time.tolist(), strict=True)) == [
        ("/slow", 0.5),
        ("/quick", 2.25),
        ("/unknown", 5.0),
    ]
    assert (log.reordered, log.span) == (0, 6.0)
    assert np.array_equal(log.duration, [4.0, 0.25, np.nan], equal_nan=True)


def test_whole_seconds_at_the_end_are_spread_before_they_are_taken_back(log_of: Any) -> None:
    """Two requests ended in a second, at a quarter and at three quarters of it."""
    record = {"time_local": "01/May/2024:12:00:05 +0000", "uri": "/"}
    log = log_of(*(json.dumps(record | {"request_time": took}) for took in (1.5, 0.5)))
    assert log.time.tolist() == [0.75, 2.25]


def test_a_stamp_at_the_start_stays(log_of: Any) -> None:
    """A column that says so by its name, and Apache's lines, which have no duration."""
    log = log_of("start_time,path,duration", f"{NOON + 2},/a,1.5", f"{NOON + 2.25},/b,")
    assert log.time.tolist() == [0.0, 0.25]
    assert log_of(clf(0), clf(2)).time.tolist() == [0.5, 2.5]


def test_nothing_takes_longer_than_a_year(log_of: Any) -> None:
    """Such a line is malformed: it would move the beginning of the log there."""
    log = log_of("time,path,duration", f"{NOON},/a,1", f"{NOON},/b,1e12")
    assert (len(log), log.malformed) == (1, 1)


def test_a_replay_sends_what_took_long_when_it_came(log_of: Any) -> None:
    """Not when it was answered: one request in each of three seconds, though all three ended in the last."""
    ends = [json.dumps({"msec": NOON + 9.5, "uri": "/", "request_time": took}) for took in (3.0, 2.0, 1.0)]
    [(times, _)] = Replay(log_of(*ends)).blocks()
    assert times.tolist() == [0.5, 1.5, 2.5]


def test_gzip_is_seen_by_its_content(tmp_path: Path) -> None:
    """A compressed log needs no particular name."""
    (tmp_path / "log").write_bytes(gzip.compress(clf(0).encode()))
    assert len(read_access_log(tmp_path / "log")) == 1


def test_a_damaged_gzip_is_an_error(tmp_path: Path) -> None:
    """A download that was cut off must not pass for a shorter log."""
    whole = gzip.compress("\n".join(clf(second) for second in range(500)).encode())
    (tmp_path / "log.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"log\.gz is damaged: "):
        read_access_log(tmp_path / "log.gz")


@pytest.mark.parametrize(
    ("lines", "format", "complaint"),
    [
        ([""], None, "access.log is empty"),
        (["Dear diary,", "nothing"], None, "(tried common, combined, json, csv); its first line is 'Dear diary,'"),
        ([clf(0)], "json", "reads as json; it looks like common; its first line is '10.0.0.1 - - ["),
        (["when,where", "1,/a"], "csv", "a CSV log needs a header with a column for the time (msec, timestamp, time"),
        (["time,path", "noon,/a"], None, "no line of"),
    ],
)
def test_a_file_that_is_no_log_is_an_error(log_of: Any, lines: list[str], format: Any, complaint: str) -> None:
    """When nothing at all can be read, the message says what was tried and how the file begins."""
    with pytest.raises(ValueError, match=r"access\.log") as refusal:
        log_of(*lines, format=format)
    assert complaint in str(refusal.value)


def test_a_missing_file_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    """The scenario's own folder is where the path starts; the error stands at `replay`."""
    (tmp_path / "nasa.log.gz").touch()
    with pytest.raises(ValidationError) as refusal:
        TrafficConfig.model_validate({"replay": "nasa.lgo.gz"}, context={"folder": tmp_path})
    [error] = refusal.value.errors()
    assert error["loc"] == ("replay",)
    assert error["msg"].endswith("nasa.lgo.gz; did you mean 'nasa.log.gz'?")
    with pytest.raises(ValueError, match="there is no folder"):
        read_access_log(tmp_path / "no" / "log")
    with pytest.raises(ValueError, match="is a folder, not an access log"):
        read_access_log(tmp_path)


def test_the_nasa_log(real_log: Any) -> None:
    """30,969 requests from 02:00:00 to 14:52:01, in order and without a bad line."""
    log = real_log("nasa.log.gz")
    assert (len(log), log.format, log.malformed, log.reordered) == (30_969, "common", 0, 0)
    assert log.span == 12 * 3600 + 52 * 60 + 2
    assert np.all(np.diff(log.time) > 0.0)
    labels = {kind.label for kind in map(Replay(log).kinds.__getitem__, range(len(Replay(log).kinds)))}
    assert len(labels) == 21
    assert {"GET /images/**", "GET /shuttle/**", "GET /ksc.html", OTHER} <= labels


def test_the_log_with_strange_lines(real_log: Any) -> None:
    """10,000 requests, most of them out of order, one of them cut off: all are read, and sorted."""
    log = real_log("access.log.gz")
    assert (len(log), log.format, log.malformed) == (10_000, "combined", 0)
    assert log.reordered > 9_000
    assert np.all(np.diff(log.time) > 0.0)


def test_a_replay_keeps_moments_callers_and_sizes(log_of: Any) -> None:
    """At four times the speed, 8 s become 2 s."""
    log = log_of(clf(0, client="a"), clf(4, client="b", size="-"), clf(7, client="a"))
    replay = Replay(log, speed=4.0)
    [(times, block)] = replay.blocks()
    assert times.tolist() == [0.125, 1.125, 1.875]
    assert block.caller.tolist() == [0, 1, 0]
    assert block.response_size.tolist() == [120.0, 0.0, 120.0]
    assert replay.span == 2.0
    [(times, _)] = replay.blocks(until=1.125)
    assert times.tolist() == [0.125]


def test_a_replay_comes_in_blocks(log_of: Any) -> None:
    """A long log is handed out block by block."""
    log = log_of(*(clf(second) for second in range(BLOCK + 10)))
    assert [len(times) for times, _ in Replay(log).blocks()] == [BLOCK, 10]


def test_the_query_is_part_of_the_item_not_of_the_kind(log_of: Any) -> None:
    """Rules match the path alone; caches tell the queries apart by the key."""
    log = log_of(*(clf(0, f"GET {path} HTTP/1.1") for path in ["/a?x=1", "/a?x=2", "/a", "/a?x=1", "/b"]))
    replay = Replay(log)
    [(_, block)] = replay.blocks()
    assert block.kind.tolist() == [0, 0, 0, 0, 1]
    assert block.key.tolist() == [0, 1, 2, 0, 3]
    assert len(replay.kinds) == 2
    kind = replay.kinds[1]
    assert (kind.path, kind.idempotent) == ("/b", True)
    assert replay.kinds[1] is kind


def test_a_replayed_request_is_reported_by_its_group(log_of: Any) -> None:
    """Method and first path segment; a path of one segment stands for itself."""
    replay = Replay(log_of(clf(0, "GET /a/b/c HTTP/1.1"), clf(1, "POST /a HTTP/1.1")))
    assert [replay.kinds[number].label for number in range(2)] == ["GET /a/**", "POST /a"]
    assert replay.kinds.labels == ["GET /a/**", "POST /a"]


def test_reports_name_the_twenty_most_frequent_groups() -> None:
    """Paths are grouped by their first segment; what is rarer than the 20 most frequent is `other`."""
    kinds = [("GET", "", f"/{number}/{page}") for number in range(30) for page in ("a", "b")]
    labels = report_labels([*kinds, ("GET", "", "/"), ("PUT", "", "/top")], [*range(60), 1000, 2000])
    assert len(set(labels)) == 21
    assert labels[-2:] == ["GET /", "PUT /top"]
    assert labels[58:60] == ["GET /29/**"] * 2
    assert labels[:2] == [OTHER] * 2
