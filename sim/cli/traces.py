"""What `sim show` says about the traces in a results folder: which requests they are of, and one of them drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sim.cli.terminal import Wrong, console

if TYPE_CHECKING:
    from sim.metrics.trace import Trace


def show_traces(folder: Path, request: int | None) -> None:
    """Lists the traces in a results folder, or draws one of them.

    Args:
        folder: The results folder.
        request: The number of a request; None lists all that were traced.

    Raises:
        Wrong: There are no traces, or not of this request.
    """
    traces = _read(folder)
    out = console()
    if request is None:
        from sim.report.trace.listing import print_traces

        print_traces(traces, out)
        out.print(
            f"\nsim show {folder} --request {traces[0].request} draws the first of them", style="dim", soft_wrap=True
        )
        return
    from sim.report.trace.waterfall import print_waterfall

    print_waterfall(_find(traces, request, folder), out)


def _read(folder: Path) -> list[Trace]:
    from sim.report.trace import read_traces

    try:
        traces = read_traces(folder)
    except FileNotFoundError:
        if not (folder / "summary.json").is_file():
            raise Wrong(f"{folder} is not the results folder of a run: it has no summary.json") from None
        raise Wrong(f"{folder} has no traces; sim run SCENARIO --trace 50 keeps those of 50 requests") from None
    except OSError as error:
        raise Wrong(f"{error.filename} cannot be read: {(error.strerror or str(error)).lower()}") from None
    except ValueError as error:
        raise Wrong(str(error)) from None
    if not traces:
        raise Wrong(f"{folder} has no traces: no request ended in this run")
    return traces


def _find(traces: list[Trace], request: int, folder: Path) -> Trace:
    for trace in traces:
        if trace.request == request:
            return trace
    nearest = sorted(traces, key=lambda trace: abs(trace.request - request))[:3]
    numbers = ", ".join(str(number) for number in sorted(trace.request for trace in nearest))
    raise Wrong(f"request {request} was not traced; near it are {numbers} (sim show {folder} lists all)")
