"""An access log as columns of numbers: when each request came, what it asked for, and who sent it.

The file is read as a stream, plain or gzipped. Servers write a line when a request *ends*, so lines may be out of
order: they are sorted. A time stamp of whole seconds says nothing about the order of events within the second: the m
requests of one second are spread evenly over it. Where the stamp is the request's end and the log says how long it
took, the request came so much earlier (`log_format` says which formats do). Lines that cannot be read are counted and
shown, never fatal.
"""

import gzip
import zlib
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from io import TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.components.traffic.log_format import FORMATS, LogFormat, Parser, Target, guess_format, parser_for
from sim.values import find_file

_GZIP_MAGIC: Final = b"\x1f\x8b"
_LINES_TO_GUESS: Final = 20
_SAMPLES: Final = 3
_SAMPLE_LENGTH: Final = 80


@dataclass(frozen=True, eq=False, slots=True)
class AccessLog:
    """The requests of a log, in the order of time.

    Args:
        path: The file.
        format: How its lines read.
        time: When each request came, s; the second of the first one is 0.
        target: What it asked for: an index into `targets`.
        caller: Who made it: a number below `callers`.
        size: Bytes of its answer; nan where the log does not say.
        duration: How long its answer took, s; nan where the log does not say.
        targets: Every method, host, path and query that occurs, once.
        callers: How many different clients occur.
        malformed: How many lines could not be read.
        samples: The first three of them: line number and text.
        reordered: How many requests stood after one with a later stamp in the file.
        span: From 0 to the end of the last request's second, s.
    """

    path: Path
    format: LogFormat
    time: NDArray[np.float64]
    target: NDArray[np.int32]
    caller: NDArray[np.int32]
    size: NDArray[np.float32]
    duration: NDArray[np.float32]
    targets: tuple[Target, ...]
    callers: int
    malformed: int
    samples: tuple[tuple[int, str], ...]
    reordered: int
    span: float

    def __len__(self) -> int:
        return len(self.time)

    def notes(self) -> list[str]:
        """What a reader of the results should know about the log, in sentences."""
        notes = []
        if self.malformed:
            shown = "; ".join(f"line {number}: {text!r}" for number, text in self.samples)
            lines = "1 line" if self.malformed == 1 else f"{self.malformed:,} lines"
            notes.append(f"{self.path.name}: {lines} could not be read as {self.format} ({shown})")
        if self.reordered:
            lines = "1 line was" if self.reordered == 1 else f"{self.reordered:,} lines were"
            notes.append(f"{self.path.name}: {lines} out of order and sorted by time")
        return notes


def read_access_log(path: Path, format: LogFormat | None = None) -> AccessLog:
    """Reads an access log; one that has been read shortly before and has not changed is not read again.

    Args:
        path: The file, plain or gzipped.
        format: How its lines read; guessed from the first lines if absent.

    Raises:
        ValueError: There is no such file, it is damaged, or not one line can be read.
    """
    find_file(path, "an access log")
    try:
        status = path.stat()
        return _read_once(path, format, (status.st_ino, status.st_mtime_ns, status.st_size))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error


@lru_cache(maxsize=2)
def _read_once(path: Path, format: LogFormat | None, version: tuple[int, int, int]) -> AccessLog:
    with _open(path) as file:
        return _read(path, file, format)


@contextmanager
def _open(path: Path) -> Iterator[TextIOWrapper]:
    with path.open("rb") as file:
        binary = gzip.GzipFile(fileobj=file) if file.peek(2)[:2] == _GZIP_MAGIC else file
        with TextIOWrapper(binary, encoding="utf-8-sig", errors="backslashreplace", newline="\n") as text:
            yield text


def _read(path: Path, file: TextIOWrapper, format: LogFormat | None) -> AccessLog:
    lines = ((number, line) for number, line in enumerate((line.strip() for line in file), start=1) if line)
    head = list(islice(lines, _LINES_TO_GUESS))
    if not head:
        raise ValueError(f"{path} is empty")
    first = head[0][1]
    guessed = guess_format([line for _, line in head])
    chosen = format or guessed
    if chosen is None:
        raise ValueError(
            f"{path} is not an access log that can be read (tried {', '.join(FORMATS)}); "
            f"its first line is {first[:_SAMPLE_LENGTH]!r}"
        )
    try:
        parse = parser_for(chosen, first)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    columns = _Columns()
    columns.fill(chain(head[1:] if chosen == "csv" else head, lines), parse)
    if not columns.stamps:
        hint = f"; it looks like {guessed}" if guessed not in (None, chosen) else ""
        raise ValueError(f"no line of {path} reads as {chosen}{hint}; its first line is {first[:_SAMPLE_LENGTH]!r}")
    return columns.finish(path, chosen)


class _Columns:
    """Columns that grow line by line."""

    def __init__(self) -> None:
        self.stamps = array("d")
        self.before = array("d")
        self.target = array("i")
        self.caller = array("i")
        self.sizes = array("f")
        self.durations = array("f")
        self.targets: dict[Target, int] = {}
        self.callers: dict[str, int] = {}
        self.malformed = 0
        self.samples: list[tuple[int, str]] = []

    def fill(self, lines: Iterator[tuple[int, str]], parse: Parser) -> None:
        targets, callers = self.targets, self.callers
        for number, line in lines:
            try:
                stamp, target, client, size, duration, before = parse(line)
            except (ValueError, RecursionError):
                self.malformed += 1
                if len(self.samples) < _SAMPLES:
                    self.samples.append((number, line[:_SAMPLE_LENGTH]))
                continue
            self.stamps.append(stamp)
            self.before.append(before)
            self.target.append(targets.setdefault(target, len(targets)))
            self.caller.append(callers.setdefault(client, len(callers)))
            self.sizes.append(size)
            self.durations.append(duration)

    def finish(self, path: Path, format: LogFormat) -> AccessLog:
        stamps, before = (np.frombuffer(column, dtype=np.float64) for column in (self.stamps, self.before))
        reordered = int(np.count_nonzero(stamps < np.maximum.accumulate(stamps)))
        order = np.argsort(stamps, kind="stable")
        times = _spread(stamps[order] - np.floor(stamps.min())) - before[order]
        if before.any():
            earlier = np.argsort(times, kind="stable")
            order, times = order[earlier], times[earlier] - np.floor(times.min())
        return AccessLog(
            path=path,
            format=format,
            time=times,
            target=np.frombuffer(self.target, dtype=np.int32)[order],
            caller=np.frombuffer(self.caller, dtype=np.int32)[order],
            size=np.frombuffer(self.sizes, dtype=np.float32)[order],
            duration=np.frombuffer(self.durations, dtype=np.float32)[order],
            targets=tuple(self.targets),
            callers=len(self.callers),
            malformed=self.malformed,
            samples=tuple(self.samples),
            reordered=reordered,
            span=float(np.floor(times[-1]) + 1.0),
        )


def _spread(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Spreads the requests of each second evenly over it, if no time stamp is finer than a second."""
    if np.any(times != np.floor(times)):
        return times
    _, firsts, counts = np.unique(times, return_index=True, return_counts=True)
    places = np.arange(len(times)) - np.repeat(firsts, counts)
    spread: NDArray[np.float64] = times + (places + 0.5) / np.repeat(counts, counts)
    return spread
