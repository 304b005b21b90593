"""Load balancing: which instance gets a request, and which instances may. Pure decisions, without a clock."""

from sim.balancing.base import Balancer
from sim.balancing.config import ALGORITHMS, Algorithm, BalancerConfig, make_balancer
from sim.balancing.eligible import eligible
from sim.balancing.endpoint import Endpoint
from sim.balancing.health import HealthCheckConfig, HealthState
from sim.balancing.load_report import LatencyByLoad
from sim.balancing.outlier import OutlierDetector, OutlierEjectionConfig
from sim.balancing.slow_start import SlowStartConfig, weight_factor
from sim.balancing.zone_aware import ZoneAware

__all__ = [
    "ALGORITHMS",
    "Algorithm",
    "Balancer",
    "BalancerConfig",
    "Endpoint",
    "HealthCheckConfig",
    "HealthState",
    "LatencyByLoad",
    "OutlierDetector",
    "OutlierEjectionConfig",
    "SlowStartConfig",
    "ZoneAware",
    "eligible",
    "make_balancer",
    "weight_factor",
]
