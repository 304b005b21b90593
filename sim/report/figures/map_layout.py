"""Where regions stand on a map that is drawn from latencies: those that are far from each other in time are far apart.

Classical multidimensional scaling finds places in the plane from distances. They are square roots of latencies, so that
regions close to each other keep some room. Scaling leaves open which way is up: if the names are those of
known places, the map is turned and mirrored until it lies as the world does (orthogonal Procrustes).

Sources: W. S. Torgerson, Multidimensional scaling: I. Theory and method, Psychometrika 17, 1952; P. H. Schönemann, A
generalized solution of the orthogonal Procrustes problem, Psychometrika 31, 1966.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

PLACES: Final = {
    "us east": (-77.0, 39.0),
    "us west": (-121.0, 44.0),
    "us central": (-94.0, 41.0),
    "us": (-95.0, 39.0),
    "america": (-95.0, 39.0),
    "americas": (-95.0, 39.0),
    "ca": (-73.0, 45.0),
    "sa": (-47.0, -23.0),
    "eu west": (-6.0, 53.0),
    "eu central": (9.0, 50.0),
    "eu north": (18.0, 59.0),
    "eu south": (9.0, 45.0),
    "eu": (8.0, 50.0),
    "me": (50.0, 26.0),
    "africa": (20.0, -10.0),
    "af": (20.0, -30.0),
    "ap south": (73.0, 19.0),
    "ap southeast": (104.0, 1.0),
    "ap northeast": (140.0, 36.0),
    "ap east": (114.0, 22.0),
    "ap": (110.0, 25.0),
    "au": (149.0, -34.0),
    "australia": (149.0, -34.0),
}
"""Longitude and latitude of what clouds and people call their regions, degrees; the longest name that fits counts."""

_SAME: Final = {"europe": "eu", "asia": "ap"}


def layout(regions: Sequence[str], distances: Mapping[frozenset[str | None], float]) -> NDArray[np.float64]:
    """Places regions on a map.

    Args:
        regions: Their names.
        distances: One-way latency of each two, s; they stand together where none is known.

    Returns:
        A row x, y for each region, the centre at 0, 0 and the outermost ones 1 away from it in x.
    """
    if not regions:
        return np.zeros((0, 2))
    far = np.array([distances.get(frozenset((one, other)), 0.0) for one in regions for other in regions])
    places = scaled(np.sqrt(far).reshape(len(regions), len(regions)))
    known = [number for number, name in enumerate(regions) if place_of(name) is not None]
    world = np.array([place_of(regions[number]) for number in known], dtype=np.float64).reshape(-1, 2)
    if len(np.unique(world, axis=0)) > 1:
        centred = places[known] - places[known].mean(axis=0)
        left, _, right = np.linalg.svd(centred.T @ (world - world.mean(axis=0)))
        places = places @ (left @ right)
    places = places - (places.max(axis=0) + places.min(axis=0)) / 2.0
    return np.asarray(places / (np.abs(places[:, 0]).max() or 1.0))


def scaled(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points in the plane whose distances are as close as can be to those of a symmetric matrix."""
    centring = np.eye(len(distances)) - 1.0 / len(distances)
    values, vectors = np.linalg.eigh(-0.5 * centring @ distances**2 @ centring)
    places = np.zeros((len(distances), 2))
    for axis, number in enumerate(np.argsort(values)[::-1][:2]):
        vector = vectors[:, number] * np.sqrt(max(float(values[number]), 0.0))
        places[:, axis] = vector if vector[np.argmax(np.abs(vector))] > 0.0 else -vector
    return places


def place_of(name: str) -> tuple[float, float] | None:
    """Longitude and latitude of a region with a well-known name, degrees; None for any other."""
    words = " ".join(_SAME.get(word, word) for word in re.findall("[a-z]+", name.lower()))
    fitting = [known for known in PLACES if f" {words} ".find(f" {known} ") >= 0]
    return PLACES[max(fitting, key=len)] if fitting else None
