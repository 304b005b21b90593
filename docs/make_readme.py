"""Writes the measured figures into README.md: rows of the theory table, and the last line of the benchmark's history.

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
    """The last measurement of the benchmark in a sentence."""
    with (HERE / "bench_history.csv").open(encoding="utf-8") as file:
        last = list(csv.DictReader(file))[-1]
    rate, ratio, memory = (float(last[name]) for name in ("requests_per_cpu_s", "ratio", "bytes_per_request"))
    machine = f"{last['machine']}, Python {last['python']}"
    return (
        f"**{round(rate, -3):,.0f} requests per CPU second** on one core ({machine}) with {memory:.0f} bytes of memory "
        f"each:\n{ratio:.2g} times what a plain SimPy model of the same path does there, whose p99 is "
        f"{float(last['naive_p99_ms']):.3g} ms (here {float(last['p99_ms']):.3g} ms)."
    )


def filled(text: str) -> str:
    """The README with the figures of now."""
    for name, part in (("theory", theory()), ("speed", speed())):
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
