"""Traffic: when a client's requests come, what they ask for and who sends them. It knows nothing of the clock."""

from sim.components.traffic.access_log import AccessLog, read_access_log
from sim.components.traffic.bursty import BurstyConfig
from sim.components.traffic.closed_loop import stays, users_at
from sim.components.traffic.config import MOST_USERS, ClosedLoopConfig, TrafficConfig
from sim.components.traffic.log_format import LogFormat, Target
from sim.components.traffic.mix import BLOCK, DEFAULT_MIX, Mix, RequestBlock, RequestConfig, Row, is_idempotent
from sim.components.traffic.open_loop import ArrivalsConfig, OpenLoopConfig, arrival_times
from sim.components.traffic.population import PopulationConfig
from sim.components.traffic.rate import HIGHEST_RATE, DiurnalConfig, RateFunction, ShapePoint, Spike
from sim.components.traffic.replay import LazyKinds, Replay, ReplayConfig

__all__ = [
    "BLOCK",
    "DEFAULT_MIX",
    "HIGHEST_RATE",
    "MOST_USERS",
    "AccessLog",
    "ArrivalsConfig",
    "BurstyConfig",
    "ClosedLoopConfig",
    "DiurnalConfig",
    "LazyKinds",
    "LogFormat",
    "Mix",
    "OpenLoopConfig",
    "PopulationConfig",
    "RateFunction",
    "Replay",
    "ReplayConfig",
    "RequestBlock",
    "RequestConfig",
    "Row",
    "ShapePoint",
    "Spike",
    "Target",
    "TrafficConfig",
    "arrival_times",
    "is_idempotent",
    "read_access_log",
    "stays",
    "users_at",
]
