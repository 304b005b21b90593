"""Which instances a balancer may pick from: the healthy ones, or all of them when too few are.

If most instances look dead, the rest would break under the whole load, and more likely the health check is what is
wrong; then it is better to ignore it and fail for some requests than to fail for all (panic).

Source: Envoy, panic threshold.
"""

from collections.abc import Sequence

from sim.balancing.endpoint import Endpoint


def eligible(
    endpoints: Sequence[Endpoint], healthy: Sequence[bool], ejected: Sequence[bool], panic_threshold: float = 0.5
) -> list[Endpoint]:
    """The endpoints that may be picked, in their order.

    Args:
        endpoints: All there are.
        healthy: For each, what its health check believes.
        ejected: For each, whether outlier ejection has taken it out.
        panic_threshold: If a smaller share than this is healthy and not ejected, all may be picked; 0: never.
    """
    usable = [endpoint for endpoint, well, out in zip(endpoints, healthy, ejected, strict=True) if well and not out]
    panic = bool(endpoints) and len(usable) / len(endpoints) < panic_threshold
    return list(endpoints) if panic else usable
