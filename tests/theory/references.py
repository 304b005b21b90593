"""Reference values: for each case a tolerance and figures that were computed by independent programs.

Times are in milliseconds, rates per second, the rest are ratios and counts. A test computes its expected values from a
formula; that they equal these guards against a wrong formula. Where there is none, the reference is a simulation.
"""

from typing import Final

REFERENCES: Final[dict[str, tuple[float, dict[str, float]]]] = {
    "A1-mm1-rho0.5": (0.02, {"mean response": 20.0, "p99 response": 92.103, "probability to wait": 0.5}),
    "A1-mm1-rho0.8": (
        0.02,
        {
            "mean response": 50.0,
            "p50 response": 34.657,
            "p95 response": 149.79,
            "probability to wait": 0.8,
        },
    ),
    "A2-mmc-c4-rho0.8": (0.02, {"mean response": 17.455, "p95 response": 47.38, "probability to wait": 0.59643}),
    "A2-mmc-c10-rho0.8": (0.02, {"mean response": 12.046, "p99 response": 49.461, "probability to wait": 0.40918}),
    "A3-erlangB-c10-a7.0": (0.03, {"blocking": 0.078741, "utilisation": 0.64488}),
    "A3-mmck-c4-K12-l3.8": (
        0.03,
        {"blocking": 0.067481, "throughput": 354.36, "mean response": 17.768, "utilisation": 0.88589},
    ),
    "A4-md1-0.8": (0.03, {"mean response": 30.0, "p95 response": 76.203}),
    "A4-me4-0.8": (0.03, {"mean response": 35.0}),
    "A4-mh2-0.7": (0.03, {"mean response": 68.333}),
    "A4-mh2c-4-0.8": (0.03, {"mean response": 27.176, "probability to wait": 0.61018}),
    "A7-mm1-late": (0.02, {"probability to be late": 0.13534, "utilisation": 0.8}),
    "A8-rr-10-0.8": (0.03, {"mean response": 29.223, "p95 response": 87.543}),
    "A8-random-10-0.8": (0.02, {"mean response": 50.0}),
    "A8-jsq-n2-0.8": (0.02, {"mean response": 29.557, "probability to find one idle": 0.30584}),
    "A8-jsq2-n100-0.9": (0.02, {"mean response": 26.473, "p95 response": 64.941, "p99 response": 89.155}),
    "A9-tandem3": (0.03, {"mean response": 88.131, "p95 response": 197.95}),
    "A9-feedback-retry": (0.03, {"attempts": 75.0, "utilisation": 0.75, "mean response": 50.0}),
    "A10-fj2-0.5": (0.03, {"mean response": 28.75}),
    "A10-fj2-0.8": (0.03, {"mean response": 70.0}),
    "A10-fanout-100-0.01": (0.03, {"probability to be slow": 0.63397}),
    "A10-fanout-10-0.01": (0.03, {"probability to be slow": 0.095618}),
    "A10-maxexp-10": (0.02, {"mean response": 29.29, "p50 response": 27.036, "p99 response": 69.032}),
    "A10-maxexp-100": (0.02, {"mean response": 51.874, "p50 response": 49.752, "p99 response": 92.054}),
    "A10-serial3": (0.02, {"mean response": 30.0, "p99 response": 84.059}),
    "A12-lru-1000-1.0-100": (0.01, {"hit ratio lru": 0.57652, "hit ratio fifo": 0.52025}),
    "A12-ttl-1.0-10.0": (0.02, {"hit ratio": 0.90909, "origin rate": 0.090909}),
    "A12-ttl-0.2-30.0": (0.02, {"hit ratio": 0.85714, "origin rate": 0.028571}),
    "A12-stampede-20.0-5.0-0.1": (
        0.02,
        {"hit ratio": 0.97087, "fetches per expiry": 3.0, "fetches per expiry, coalesced": 1.0},
    ),
    "A15-hc-2x3-0": (0.02, {"mean detection": 5.0}),
    "A15-hc-10x3-1": (0.02, {"mean detection": 26.0}),
    "A16-retry-0.3-4": (0.01, {"attempts per request": 1.417, "success": 0.9919}),
    "A16-retry-0.5-4": (0.01, {"attempts per request": 1.875, "success": 0.9375}),
    "A16-layers-3x4-1.0": (0.02, {"attempts per request": 64.0}),
    "A16-layers-3x4-0.9": (0.02, {"attempts per request": 9.9882, "success": 0.99882}),
    "A16-layers-3x4-0.5": (0.02, {"attempts per request": 2.0, "success": 1.0}),
    "A16-budget-0.5-0.2": (0.02, {"attempts per request": 1.2, "success": 0.6}),
    "A16-budget-0.5-0.1": (0.02, {"attempts per request": 1.1, "success": 0.55}),
    "A16-budget-0.1-0.2": (0.02, {"attempts per request": 1.111, "success": 0.9999}),
    "A16-timeout-retry": (0.02, {"attempts per request": 1.1537, "mean response": 107.44}),
    "A16-hidden-capacity": (0.02, {"attempts at 160/s": 320.0, "attempts at 280/s": 560.0}),
    "A16-drain": (
        0.01,
        {
            "backlog": 8000.0,
            "time to drain": 40.0,
            "requests delayed": 40_000.0,
            "longest delay": 10.0,
            "mean delay of the delayed": 5.0,
        },
    ),
    "A17-closed-50-1.0-0.01": (0.02, {"mean response": 18.962, "throughput": 49.069, "utilisation": 0.49069}),
    "A17-closed-120-1.0-0.01": (0.02, {"mean response": 206.87, "throughput": 99.431, "utilisation": 0.99431}),
    "A17-closed-10-1.145-0.1": (0.02, {"mean response": 241.96, "throughput": 7.21, "utilisation": 0.721}),
    "A17-mmpp-120-40": (0.03, {"mean response": 117.11, "probability to find it idle": 0.13422}),
    "B2-brooker-retries": (
        0.01,
        {
            "load none 0.05": 1.0,
            "success none 0.05": 0.95,
            "load three 0.05": 1.052625,
            "success three 0.05": 0.99999375,
            "load budget 0.05": 1.052632,
            "success budget 0.05": 1,
            "load none 0.1": 1.0,
            "success none 0.1": 0.9,
            "load three 0.1": 1.111,
            "success three 0.1": 0.9999,
            "load budget 0.1": 1.1,
            "success budget 0.1": 0.99,
            "load none 0.3": 1.0,
            "success none 0.3": 0.7,
            "load three 0.3": 1.417,
            "success three 0.3": 0.9919,
            "load budget 0.3": 1.1,
            "success budget 0.3": 0.77,
            "load none 0.5": 1.0,
            "success none 0.5": 0.5,
            "load three 0.5": 1.875,
            "success three 0.5": 0.9375,
            "load budget 0.5": 1.1,
            "success budget 0.5": 0.55,
        },
    ),
    "B7-tail-amplification": (0.02, {"probability to be slow": 0.095618, "variance ratio": 21.29}),
    "B8-open-closed": (
        0.03,
        {"open p99": 230.26, "closed 1 p99": 46.05, "closed 10 mean": 24.196, "closed 10 p99": 94.3},
    ),
    "B10-linkerd": (0.001, {"success, round robin": 0.95455, "success, least connections": 0.99586}),
    "B11-hotos21": (
        0.1,
        {
            "recovery at 100/s, s": 15.0,
            "recovery at 140/s, s": 108.0,
            "growth of the queue at 160/s": 20.0,
            "growth of the queue at 280/s": 260.0,
            "goodput": 12.0,
        },
    ),
    "B20-mitzenmacher-n100": (0.01, {"mean response": 26.38}),
}

APPROXIMATE: Final = frozenset(
    {
        ("A8-jsq2-n100-0.9", "mean response"),
        ("A8-jsq2-n100-0.9", "p95 response"),
        ("A8-jsq2-n100-0.9", "p99 response"),
        ("A12-stampede-20.0-5.0-0.1", "hit ratio"),
        ("B8-open-closed", "closed 10 p99"),
        ("B11-hotos21", "recovery at 100/s, s"),
        ("B11-hotos21", "recovery at 140/s, s"),
        ("B20-mitzenmacher-n100", "mean response"),
    }
)
"""References that are simulations, or of a slightly different model: a formula is within the tolerance of them."""
