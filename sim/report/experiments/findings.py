"""What sets variants apart: the first findings about the run that was kept of each."""

from typing import Final

from sim.experiment.plan import Answer
from sim.experiment.save import series_table
from sim.experiment.study import Study
from sim.metrics import components_timeline, summarize, timeline
from sim.report.experiments.choice import names
from sim.report.explain import Finding, explain
from sim.scenario import override

_FIRST: Final = 3


def variant_findings(answer: Answer) -> dict[str, list[Finding]]:
    """The three weightiest findings about each variant's run with the scenario's own seed.

    Args:
        answer: What was found.

    Returns:
        Findings by the name of the variant; nothing for variants of which no run was kept whole.
    """
    if not isinstance(answer, Study):
        return {}
    told = {}
    for name, variant, runs in zip(names(answer), answer.variants, answer.runs, strict=True):
        result = runs[0].result
        if result is not None:
            scenario = override(answer.scenario, variant.overrides)
            frames = timeline(result), components_timeline(result)
            told[name] = explain(summarize(result), *frames, scenario, series_table(result))[:_FIRST]
    return told
