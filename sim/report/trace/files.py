"""The traces in a results folder: `trace.json` for Perfetto, `trace.otlp.json` for Jaeger and OpenTelemetry."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sim.metrics.trace import Trace
from sim.report.trace.otlp import from_otlp, to_otlp
from sim.report.trace.perfetto import to_perfetto

PERFETTO: Final = "trace.json"
OTLP: Final = "trace.otlp.json"


def write_traces(traces: Sequence[Trace], scenario: str, seed: int, folder: Path, version: str, epoch: float) -> None:
    """Writes both files.

    Args:
        traces: Of one run.
        scenario: Short name of the scenario.
        seed: Of the run.
        folder: Where to.
        version: Of the simulator.
        epoch: What simulated time 0 is, seconds since 1970.
    """
    _write(folder / PERFETTO, to_perfetto(traces, scenario, seed))
    _write(folder / OTLP, to_otlp(traces, scenario, seed, version, epoch))


def _write(path: Path, data: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n", "utf-8")


def read_traces(folder: Path) -> list[Trace]:
    """Reads the traces back.

    Args:
        folder: A results folder.

    Raises:
        FileNotFoundError: It has none.
        OSError: They cannot be read.
        ValueError: The file is damaged; the message says how.
    """
    path = folder / OTLP
    try:
        return from_otlp(json.loads(path.read_text("utf-8")))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}:{error.lineno}:{error.colno} is damaged: {error.msg.lower()}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is damaged: {error}") from None
