"""`sim validate`, `sim list` and `sim new`: before the first run."""

from pathlib import Path

from sim.scenario import shipped_scenarios


def test_a_good_scenario_is_summed_up(sim) -> None:
    """One line, with what is in it."""
    result = sim("validate", "small.yaml")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "✓ small.yaml: 1 component, 1 client, 1 objective\n"


def test_every_error_of_every_file_is_told(sim, folder: Path) -> None:
    """Also more than fit on a screen, also when the next file is fine; exit status 2."""
    parts = "\n".join(f"  c{number}: {{kind: service, wrok: 1ms}}" for number in range(40))
    (folder / "wrong.yaml").write_text(
        f"scenario: Wrong\nduration: 1s\nclients: {{a: {{traffic: {{rate: 1/s}}, to: c0}}}}\ncomponents:\n{parts}\n"
    )
    result = sim("validate", "wrong.yaml", "small.yaml")
    assert result.exit_code == 2
    for number in range(40):
        assert f"components.c{number}.wrok: 'wrok' is not known here; did you mean 'work'?" in result.stderr
    assert "wrong.yaml:5:" in result.stderr
    assert "✗ wrong.yaml: " in result.stdout
    assert "✓ small.yaml: " in result.stdout


def test_a_warning_is_told_and_is_no_error(sim, folder: Path) -> None:
    """What works but is probably not meant."""
    text = (folder / "small.yaml").read_text()
    (folder / "spare.yaml").write_text(text.replace("components:", "components:\n  spare: {kind: service, work: 1ms}"))
    result = sim("validate", "spare.yaml")
    assert result.exit_code == 0
    assert result.stderr.startswith("warning: components.spare: no client's requests ever reach it")


def test_the_list_names_what_can_be_run(sim) -> None:
    """Every shipped scenario with its title."""
    result = sim("list")
    assert result.exit_code == 0
    names = [path.stem for path in shipped_scenarios()]
    assert "quickstart" in names
    for name in names:
        assert name in result.stdout
    assert "Quickstart - a shop API through its first bad hour" in result.stdout


def test_every_shipped_scenario_is_right(sim) -> None:
    """All of them can be validated by name."""
    result = sim("validate", *(path.stem for path in shipped_scenarios()))
    assert (result.exit_code, result.stdout.count("✓")) == (0, len(shipped_scenarios()))


def test_a_folder_does_not_stand_in_the_way_of_a_shipped_scenario(sim, folder: Path) -> None:
    """After `sim run mmc --out mmc` that name still means the scenario."""
    (folder / "mmc").mkdir()
    assert sim("validate", "mmc").exit_code == 0
    assert "server" in sim("show", "mmc").stdout


def test_a_new_scenario_runs_and_meets_its_objectives(sim, folder: Path) -> None:
    """The starter is a whole scenario, and quick."""
    assert sim("new", "mine").exit_code == 0
    assert sim("validate", "mine.yaml").stderr == ""
    result = sim("run", "mine.yaml", "--no-report", "--quiet")
    assert (result.exit_code, result.output) == (0, "")


def test_new_never_overwrites(sim, folder: Path) -> None:
    """An existing file stays as it is."""
    before = (folder / "small.yaml").read_text()
    result = sim("new", "small.yaml")
    assert result.exit_code == 2
    assert "small.yaml exists already" in result.stderr
    assert (folder / "small.yaml").read_text() == before


def test_new_has_a_name_for_those_who_give_none(sim, folder: Path) -> None:
    """`sim new` alone writes scenario.yaml; a folder that is not there is one line."""
    assert "sim run scenario.yaml" in sim("new").stdout
    assert (folder / "scenario.yaml").is_file()
    result = sim("new", "nowhere/mine")
    assert (result.exit_code, result.stderr) == (2, "error: nowhere/mine.yaml: No such file or directory\n")
