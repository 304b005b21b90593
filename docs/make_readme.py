"""Writes what is measured or counted into README.md: rows of the theory table, the benchmark's history, scenarios.

Run it with `make readme`, after `make theory-table` or `make bench`. Each place is between two comments of the README;
all else there is written by hand.
"""

import csv
import re
import sys
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
TARGET: Final = HERE.parent / "README.md"

ROWS: Final = {
    ("A1-mm1-rho0.5", "p99 response"): "M/M/1",
    ("A2-mmc-c10-rho0.8", "p99 response"): "M/M/c, Erlang C",
    ("A3-erlangB-c10-a7.0", "blocking"): "Erlang B",
    ("A4-mh2-0.7", "mean response"): "M/G/1, Pollaczek and Khinchine",
    ("A17-closed-120-1.0-0.01", "throughput"): "closed loop, machine repair model",
    ("A8-jsq2-n100-0.9", "p99 response"): "power of two choices, Mitzenmacher",
    ("A12-lru-1000-1.0-100", "hit ratio lru"): "LRU cache, Che",
}
"""The rows of docs/theory.md that the README shows, by case and figure, and what each is about."""


def theory() -> str:
    """Some rows of the theory table."""
    kept: dict[tuple[str, str], list[str]] = {}
    for line in (HERE / "theory.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if line.startswith("| `"):
            kept.setdefault((cells[0].strip("`"), cells[2]), cells)
    rows = ["| theory | given | figure | expected | simulated |", "|---|---|---|---|---|"]
    for key, name in ROWS.items():
        _, given, figure, expected, simulated, *_ = kept[key]
        rows.append(f"| {name} | {given} | {figure} | {expected} | {simulated} |")
    return "\n".join(rows)


def speed() -> str:
    """The last measurement of the benchmark in a sentence, and a row for each there is."""
    with (HERE / "bench_history.csv").open(encoding="utf-8") as file:
        history = list(csv.DictReader(file))
    last = history[-1]
    lines = [
        f"**{round(float(last['requests_per_cpu_s']), -3):,.0f} requests per CPU second** on one core, "
        f"{float(last['ratio']):.2g} times what a plain SimPy model of the same path does there.",
        "",
        "| measured | machine | requests per CPU second | plain SimPy | bytes per request | p99 | plain SimPy |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in history:
        rate, naive, memory = (
            float(row[name]) for name in ("requests_per_cpu_s", "naive_requests_per_cpu_s", "bytes_per_request")
        )
        lines.append(
            f"| {row['date']}, {row['commit']} | {row['machine']}, Python {row['python']} | {rate:,.0f} | {naive:,.0f} "
            f"| {memory:.0f} | {float(row['p99_ms']):.3g} ms | {float(row['naive_p99_ms']):.3g} ms |"
        )
    return "\n".join(lines)


def scenarios() -> str:
    """How many scenarios come with it."""
    number = len(list((HERE.parent / "scenarios").glob("*.yaml")))
    return (
        f"{number} scenarios come with it, each with a picture, a question and an answer: "
        "[docs/gallery](docs/gallery/README.md)."
    )


def lectures() -> str:
    """How many lectures there are."""
    number = len(list((HERE.parent / "notebooks").glob("[0-9][0-9]_*.py")))
    return (
        f"{number} lectures: a question, your prediction, the run, the plot, what to say in an interview. "
        "[How to open them](notebooks/README.md)."
    )


def filled(text: str) -> str:
    """The README with the figures of now."""
    for name, part in {
        "theory": theory(),
        "speed": speed(),
        "scenarios": scenarios(),
        "lectures": lectures(),
    }.items():
        place = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- end -->)", re.DOTALL)
        text, found = place.subn(lambda match, part=part: match[1] + part + match[2], text)
        if found != 1:
            raise ValueError(f"README.md has {found} places for {name}")
    return text


def main() -> int:
    """Writes the README."""
    TARGET.write_text(filled(TARGET.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
