"""The reference path as this simulator runs it, measured in a process of its own.

python -m sim.cli.bench_path REQUESTS      prints its measurements as JSON
"""

import json
import sys
import time
from pathlib import Path

from sim.experiment import run
from sim.metrics import summarize
from sim.scenario import load

RATE = 1000.0


def measure(requests: int) -> dict[str, float]:
    """Runs the shipped scenario `reference_path` for about so many requests.

    Args:
        requests: How many are expected; the run lasts as long as they take to arrive.

    Returns:
        `requests cpu_s p50_s p99_s events memory`, the last one the most memory that the process has used, in bytes.
    """
    scenario = load("reference_path", {"duration": f"{requests / RATE:.3f}s"})
    result = run(scenario, clock=time.process_time)
    memory = most_memory()
    summary = summarize(result)
    latency = summary["latency_s"]["all"]
    return {
        "requests": len(result.requests),
        "cpu_s": result.engine["cpu_s"],
        "p50_s": latency["p50"],
        "p99_s": latency["p99"],
        "events": result.engine["events"],
        "memory": memory,
    }


def most_memory() -> int:
    """The most memory that this process has used, bytes; on Linux without what its parent had used before."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
