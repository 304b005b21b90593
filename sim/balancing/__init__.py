"""Load balancing: which instance gets a request, and which instances may. Pure decisions, without a clock."""

from sim.balancing.base import Balancer
from sim.balancing.config import ALGORITHMS, Algorithm, BalancerConfig, make_balancer
from sim.balancing.eligible import eligible
from sim.balancing.endpoint import Endpoint
from sim.balancing.health import HealthCheckConfig, HealthState
from sim.balancing.load_report import LatencyByLoad
from sim.balancing.outlier import OutlierDetector, OutlierEjectionConfig
from sim.balancing.slow_start import SlowStartConfig, weight_factor
from sim.balancing.stale import LoadBoard, Stale
from sim.balancing.sticky import Affinity, Sticky, session_of
from sim.balancing.zone_aware import ZoneAware

__all__ = [
    "ALGORITHMS",
    "Affinity",
    "Algorithm",
    "Balancer",
    "BalancerConfig",
    "Endpoint",
    "HealthCheckConfig",
    "HealthState",
    "LatencyByLoad",
    "LoadBoard",
    "OutlierDetector",
    "OutlierEjectionConfig",
    "SlowStartConfig",
    "Stale",
    "Sticky",
    "ZoneAware",
    "eligible",
    "make_balancer",
    "session_of",
    "weight_factor",
]
