"""How results and experiments look in a notebook: the same tables as on a terminal, as HTML."""

from collections.abc import Callable, Mapping
from io import StringIO
from typing import Any, Final

from rich.console import Console

from sim import metrics

_WIDTH: Final = 100
_STYLE: Final = "font-family:Menlo,Consolas,'DejaVu Sans Mono',monospace;line-height:1.25;font-size:12px;margin:0"


def as_html(write: Callable[[Console], None]) -> str:
    """What is written to a console, as an HTML fragment with its colours.

    Args:
        write: Writes to the console it is given.
    """
    console = Console(record=True, width=_WIDTH, file=StringIO(), force_jupyter=False, highlight=False)
    write(console)
    return console.export_html(inline_styles=True, code_format=f'<pre style="{_STYLE}">{{code}}</pre>')


def summary_html(result: metrics.Result, summary: Mapping[str, Any]) -> str:
    """A run's summary."""
    from sim.report.tables import print_summary
    from sim.scenario.answers import question_and_answer

    return as_html(lambda console: print_summary(summary, console, *question_and_answer(result, summary)))


def experiment_html(study: Any) -> str:
    """The answer of a comparison, a sweep or a capacity search."""
    from sim.report.experiments import print_experiment

    return as_html(lambda console: print_experiment(study, console))
