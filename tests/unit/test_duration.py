"""How long a run lasts: what the scenario says, or until the end of its longest log and the answers that follow it."""

from pathlib import Path

import pytest

from sim.scenario import load


@pytest.mark.parametrize(
    ("said", "duration"),
    [
        ("", 61.0 + 10.0),
        ("timeout: 4s", 61.0 + 10.0),
        ("timeout: 30s", 61.0 + 60.0),
        ("traffic: {replay: access.log, speed: 2}", 30.5 + 10.0),
    ],
)
def test_a_replay_ends_ten_seconds_or_two_time_outs_after_its_log(tmp_path: Path, said: str, duration: float) -> None:
    """The log lasts from second 0 to the end of second 60."""
    lines = [f'a - - [01/Jan/2024:00:0{minute}:00 +0000] "GET / HTTP/1.1" 200 12' for minute in (0, 1)]
    (tmp_path / "access.log").write_text("\n".join(lines))
    traffic = said if "traffic" in said else f"traffic: {{replay: access.log}}, {said}"
    text = f"scenario: S\nclients: {{a: {{{traffic}, to: b}}}}\ncomponents: {{b: {{kind: external, latency: 1ms}}}}\n"
    (tmp_path / "s.yaml").write_text(text.replace(", ,", ","))
    assert load(tmp_path / "s.yaml").duration == duration
    (tmp_path / "s.yaml").write_text(f"duration: 7s\n{text.replace(', ,', ',')}")
    assert load(tmp_path / "s.yaml").duration == 7.0
