"""Saturation: three full seconds in a row, of a component or of some of its instances."""

import pandas as pd
import pytest

from sim.metrics.saturation import Strain, saturations, strains

END = 20


def second_by_second(**instances: list[float]) -> pd.DataFrame:
    """The rows of a component's instances, by name and number (`api_0`): utilization of each second, then 0.5."""
    return pd.DataFrame(
        [
            {"t_s": second, "component": name.partition("_")[0], "instance": int(name.partition("_")[2])}
            | {"up": 1, "utilization": ([*busy] + [0.5] * END)[second], "queue": 2.0, "outstanding": 3.0}
            for second in range(END)
            for name, busy in instances.items()
        ]
    )


def test_two_full_seconds_are_a_moment_and_three_are_saturation() -> None:
    """From the first of them on; full is 95% busy."""
    rows = second_by_second(api_0=[0.5, 0.95, 0.99, 0.5, 1.0, 0.96, 0.95, 0.94])
    (found,) = saturations(rows, END)
    assert (found.spells, found.full_seconds, found.to_the_end) == ([(4, 7)], 5, False)
    assert strains(rows, 0, END)["api"].saturated == 3.0


def test_warm_up_does_not_count() -> None:
    """A spell that began before counts from its end on, and so does utilization."""
    rows = second_by_second(api_0=[1.0] * 10)
    assert strains(rows, 4, END) == {"api": Strain(6.0, pytest.approx((6 * 1.0 + 10 * 0.5) / 16))}


def test_a_hot_instance_is_named_until_most_of_the_others_are_full_too() -> None:
    """Of three instances the second is full for ten seconds, the first for six of them, the third never."""
    rows = second_by_second(api_0=[1.0] * 6, api_1=[1.0] * 10, api_2=[0.2] * 6)
    assert strains(rows, 0, END)["api"] == Strain(10.0, pytest.approx((6 + 10 + 0.5 * 24) / 40), (0, 1))
    rows = second_by_second(api_0=[1.0] * 6, api_1=[1.0] * 10, api_2=[1.0] * 6)
    assert strains(rows, 0, END)["api"].instances == ()


def test_an_instance_that_is_down_is_not_busy() -> None:
    """The mean is over the time up."""
    rows = second_by_second(api_0=[1.0] * 20, api_1=[0.0] * 20)
    rows.loc[rows["instance"] == 1, "up"] = 0
    assert strains(rows, 0, END)["api"] == Strain(20.0, 1.0)
