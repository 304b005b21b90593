"""An access log as a notebook sees it: a frame with a row for each request."""

import os
from pathlib import Path

import pandas as pd

from sim.components import traffic
from sim.components.traffic import LogFormat


def read_access_log(path: str | os.PathLike[str], format: LogFormat | None = None) -> pd.DataFrame:
    """Reads an access log as a replay does: plain or gzipped, sorted by time.

    Args:
        path: The file.
        format: How its lines read: `common`, `combined`, `json` or `csv`; found out from the first lines if absent.
            With a duration (JSON, CSV) a time stamp is the end of a request, which came so much earlier, unless it is
            called `start_time`; without one it is taken as it is: Apache's is when a request came, NGINX's when it
            ended.

    Returns:
        A row for each request, in the order in which they came: `time` (s; the second of the first one is 0), `method`,
        `host` (empty where the log does not say), `path`, `query`, `client` (a number for each that occurs), `size`
        (bytes of the answer) and `duration` (s), both NaN where the log does not say. `attrs` tell of the log: its
        `span` (s), how many lines were `malformed` and the first of them (`samples`: line number and text), and how
        many were out of order (`reordered`).

    Raises:
        ValueError: There is no such file, it is damaged, or not one line can be read.
    """
    log = traffic.read_access_log(Path(path), format)
    targets = pd.DataFrame(log.targets, columns=["method", "host", "path", "query"])
    frame = targets.iloc[log.target].reset_index(drop=True)
    frame.insert(0, "time", log.time)
    frame = frame.assign(client=log.caller, size=log.size, duration=log.duration)
    frame.attrs = {name: getattr(log, name) for name in ("span", "malformed", "samples", "reordered")}
    return frame
