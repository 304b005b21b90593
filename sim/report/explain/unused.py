"""Components that no request ever reached: a route that another one shadows, a step that nobody takes."""

from sim.report.explain.evidence import Evidence
from sim.report.explain.finding import Finding, Weight
from sim.report.explain.wording import listed


def unused(evidence: Evidence) -> list[Finding]:
    """Names the components that got no request after warm-up."""
    idle = [name for name, block in evidence.blocks() if block.get("offered") == 0 and not _waits(evidence, name)]
    if not idle:
        return []
    paper = [name for name in idle if (load := evidence.on_paper(name)) is not None and load.base.arriving > 0.0]
    if paper:
        text = f"On paper requests reach {listed(paper)}; in this run none did."
    else:
        text = "On paper none does: no route, call or miss of this traffic leads there."
    return [Finding(f"No request reached {listed(idle)}", text, {"components": idle}, Weight.CAUSE)]


def _waits(evidence: Evidence, name: str) -> bool:
    """Whether it is there for the case that another one fails: a replica, or what stands in a standby region."""
    load = evidence.on_paper(name)
    is_replica = getattr(evidence.config(name), "primary", None) is not None
    return is_replica or (load is not None and load.standby is not None)
