"""How one line of an access log reads: the formats of Apache and NGINX, JSON by line, and CSV with a header.

`common` and `combined` are Apache's (httpd documentation, "Log Files"); combined adds the referrer and the browser,
which a replay has no use for, so a line that is cut off in there still counts. `json` is one object per line under
the names of NGINX's variables (`log_format … escape=json`). `csv` needs a header. Where a field is missing or `-`, its
default holds; a line without a time stamp or a path is malformed.

What a time stamp stands for differs. Apache's `%t` is "the time the request was received" (mod_log_config); NGINX's
`$time_local`, `$time_iso8601` and `$msec` are read "at the time of the log write", which is when the request has ended
(ngx_http_log_module). So:

- `common` and `combined`: the stamp is taken as it is. It is when the request came if Apache wrote it, and when it
  ended if NGINX did, whose lines do not say for how long they took.
- `json` and `csv`: with a duration (`request_time` or `duration`, s) the stamp is the end, and the request came so much
  earlier. A stamp called `start_time` or `start` is when it came, whatever it took; one without a duration is taken as
  it is.
"""

import csv
import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from math import inf, isnan, nan
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit

LogFormat = Literal["common", "combined", "json", "csv"]
FORMATS: Final[tuple[LogFormat, ...]] = ("common", "combined", "json", "csv")


class Target(NamedTuple):
    """What a request asked for.

    Args:
        method: HTTP method.
        host: Host name, or an empty string.
        path: Path, starting with `/`.
        query: What follows the question mark, or an empty string.
    """

    method: str
    host: str
    path: str
    query: str


class Entry(NamedTuple):
    """One request of a log.

    Args:
        stamp: What its line says of the time, s since 1970.
        target: What it asked for.
        client: Who made it; an empty string where the log does not say.
        size: Bytes of the answer; nan where the log does not say.
        duration: How long the answer took, s; nan where the log does not say.
        before: How long before the stamp it came, s.
    """

    stamp: float
    target: Target
    client: str
    size: float
    duration: float
    before: float = 0.0


Parser = Callable[[str], Entry]
"""Reads one line, or raises a ValueError."""

_NAMES: Final = {
    "time": ("msec", "timestamp", "time", "@timestamp", "time_iso8601", "time_local"),
    "start": ("start_time", "start"),
    "request": ("request",),
    "method": ("request_method", "method"),
    "path": ("request_uri", "uri", "path", "url"),
    "host": ("http_host", "host"),
    "client": ("remote_addr", "client", "client_ip", "ip"),
    "size": ("body_bytes_sent", "bytes_sent", "bytes", "size"),
    "duration": ("request_time", "duration"),
}
_MILLISECONDS_FROM: Final = 1e11
_LONGEST: Final = 366 * 86_400.0
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CLF_TIME: Final = r"(\d\d/[A-Z][a-z]{2}/\d{4}):([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60) ([+-]\d{4})"
_COMMON: Final = re.compile(rf'(\S+) \S+ [^\[]*\[{_CLF_TIME}\] "((?:[^"\\]|\\.)*)" (?:\d{{3}}|-) (\d+|-)')
_TIME_LOCAL: Final = re.compile(_CLF_TIME)


def parser_for(format: LogFormat, header: str) -> Parser:
    """The parser of a format.

    Args:
        format: Which one.
        header: The file's first line; only CSV looks at it.

    Raises:
        ValueError: The header of a CSV file has no column for the time or for the path.
    """
    if format == "json":
        return _json_entry
    if format == "csv":
        return _csv_parser(header)
    return _common_entry


def guess_format(lines: Sequence[str]) -> LogFormat | None:
    """The format that the first lines of a file are in, or None; there must be at least one."""
    for line in lines:
        if line.startswith("{"):
            return "json"
        match = _COMMON.match(line)
        if match is not None:
            return "combined" if line[match.end() :].startswith(' "') else "common"
    try:
        return "csv" if _has_columns(_columns(lines[0])) else None
    except ValueError:
        return None


def _common_entry(line: str) -> Entry:
    match = _COMMON.match(line)
    if match is None:
        raise ValueError("not in the common log format")
    client, day, hour, minute, second, zone, request, size = match.groups()
    time = _midnight(day, zone) + 3600 * int(hour) + 60 * int(minute) + int(second)
    return Entry(time, _request_line(request), client, nan if size == "-" else float(size), nan)


def _json_entry(line: str) -> Entry:
    record = json.loads(line)
    if not isinstance(record, dict):
        raise ValueError("not a JSON object")
    return _entry({field: _first(record, names) for field, names in _NAMES.items()})


def _first(record: dict[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        value = record.get(name)
        if value is not None and value != "":
            return str(value)
    return ""


def _csv_parser(header: str) -> Parser:
    columns = _columns(header)
    if not _has_columns(columns):
        raise ValueError(
            f"a CSV log needs a header with a column for the time ({', '.join(_NAMES['time'] + _NAMES['start'])}) "
            f"and one for the path ({', '.join(_NAMES['path'])}); its first line is {header[:80]!r}"
        )
    width = max(columns.values()) + 1

    def parse(line: str) -> Entry:
        row = _row(line)
        if len(row) < width:
            raise ValueError("too few columns")
        return _entry({field: row[column].strip() for field, column in columns.items()})

    return parse


def _row(line: str) -> list[str]:
    try:
        return next(csv.reader([line]))
    except csv.Error as error:
        raise ValueError(f"not a row of comma-separated values: {error}") from error


def _columns(header: str) -> dict[str, int]:
    titles = [title.strip().lower() for title in _row(header)]
    found = {field: [titles.index(name) for name in names if name in titles] for field, names in _NAMES.items()}
    return {field: columns[0] for field, columns in found.items() if columns}


def _has_columns(columns: dict[str, int]) -> bool:
    return ("time" in columns or "start" in columns) and ("path" in columns or "request" in columns)


def _entry(fields: dict[str, str]) -> Entry:
    get = fields.get
    if get("path"):
        target = _target((get("method") or "GET").upper(), fields["path"])
    else:
        target = _request_line(get("request") or "")
    if not target.host and (host := get("host")) and host != "-":
        target = target._replace(host=host)
    size, duration, start = _number(get("size")), _number(get("duration")), get("start")
    if duration > _LONGEST:
        raise ValueError(f"no request takes {duration} s")
    before = 0.0 if start or isnan(duration) else duration
    return Entry(_time(start or get("time") or ""), target, get("client") or "", size, duration, before)


def _number(text: str | None) -> float:
    if text is None or text in ("", "-"):
        return nan
    number = float(text)
    if not 0.0 <= number < inf:
        raise ValueError(f"{text} is not a size or a duration")
    return number


@lru_cache(maxsize=16_384)
def _request_line(line: str) -> Target:
    method, _, rest = line.partition(" ")
    target = rest.strip()
    if " " in target:
        before, _, protocol = target.rpartition(" ")
        target = before.rstrip() if protocol.startswith("HTTP/") else target
    return _target(method, target)


def _target(method: str, target: str) -> Target:
    if not (method.isascii() and method.replace("-", "").isalpha()):
        raise ValueError(f"{method!r} is not a method")
    host = ""
    if not target.startswith("/"):
        parts = urlsplit(target)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ValueError(f"{target!r} is not a path")
        host = parts.netloc
        target = target[target.index(host) + len(host) :]
        target = target if target.startswith("/") else "/" + target
    path, _, query = target.partition("?")
    return Target(method, host, path, query)


def _time(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        match = _TIME_LOCAL.fullmatch(text)
        if match is None:
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        day, hour, minute, second, zone = match.groups()
        return _midnight(day, zone) + 3600 * int(hour) + 60 * int(minute) + int(second)
    if seconds >= _MILLISECONDS_FROM:
        seconds /= 1000.0
    if not abs(seconds) < _MILLISECONDS_FROM:
        raise ValueError(f"{text} is not a time")
    return seconds


@lru_cache(maxsize=1024)
def _midnight(day: str, zone: str) -> float:
    if day[3:6] not in _MONTHS:
        raise ValueError(f"{day} is not a day")
    midnight = datetime(int(day[7:]), _MONTHS.index(day[3:6]) + 1, int(day[:2]), tzinfo=UTC).timestamp()
    offset = 3600 * int(zone[1:3]) + 60 * int(zone[3:])
    return midnight + offset if zone[0] == "-" else midnight - offset
