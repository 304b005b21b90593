"""The answer of an experiment in a terminal: the numbers are those of the study, and ties are called ties."""

import io
from dataclasses import replace
from itertools import pairwise

import pytest
from rich.console import Console

from sim.experiment.bottleneck import Bottleneck
from sim.experiment.capacity import Capacity
from sim.experiment.comparison import Comparison
from sim.experiment.executors import InProcess
from sim.experiment.run_many import Runner
from sim.experiment.statistics import compare_all
from sim.experiment.sweep import Sweep, sweep
from sim.metrics import Measure
from sim.report import units
from sim.report.experiments import print_experiment, summary_lines
from sim.report.experiments.sheets import make_sheets
from sim.report.experiments.spelling import fold, plus_minus, relative, signed
from sim.report.print_sheet import blocks
from tests.report.experiment_studies import (
    RATE,
    STUDIES,
    balancers,
    failed,
    fewest_workers,
    largest_rate,
    made_up,
    never,
    one_is_enough,
    queue,
    rates,
    rates_and_workers,
    vary,
)

P99 = Measure("p99", None, "p99")


def printed(study: Comparison | Sweep | Capacity, width: int = 80, encoding: str = "utf-8") -> str:
    """What a terminal shows."""
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
    print_experiment(study, Console(file=out, width=width, highlight=False))
    return out.buffer.getvalue().decode(encoding)


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.parametrize(("width", "encoding"), [(80, "utf-8"), (60, "ascii"), (160, "utf-8")])
def test_every_answer_fits_its_terminal(name: str, width: int, encoding: str) -> None:
    """No line is too long and no letter cannot be shown, however strange the names are."""
    text = printed(STUDIES[name](), width, encoding)
    assert max(map(len, text.splitlines())) <= width
    assert "\x07" not in text
    assert "\x1b" not in text


def test_the_numbers_of_the_table_are_those_of_the_study() -> None:
    """Mean and half-width of every figure are what the study's own table says."""
    study = balancers()
    (sheet,) = make_sheets(study)
    table = study.table()
    for label, row in zip(study.labels, sheet.rows, strict=True):
        assert row[0].text == label
        for metric in ("p99", "mean", "p50", "p95"):
            mean, lo, hi = (table.loc[label, f"{metric}{end}"] for end in ("", "_lo", "_hi"))
            expected = f"{units.duration(mean)} ± {units.duration((hi - lo) / 2.0)}"
            assert row[sheet.columns.index(metric)].text == expected
        assert row[sheet.columns.index("runs")].text == "4"


def test_the_difference_to_the_first_is_the_paired_one_widened_for_all_comparisons() -> None:
    """Value, half-width and verdict are those of Holm's procedure over all pairs of variants."""
    study = balancers()
    (sheet,) = make_sheets(study)
    values = [[run.summary["latency_s"]["all"]["p99"] for run in runs] for runs in study.runs]
    expected = compare_all([*((values[0], other) for other in values[1:]), (values[1], values[2])])[:2]
    for difference, row in zip(expected, sheet.rows[1:], strict=True):
        interval = difference.interval
        cell = row[sheet.columns.index("difference to first")].text
        assert cell.startswith(f"−{units.duration(-interval.mean)} ± {units.duration(interval.half_width)}, −")
        assert row[sheet.columns.index("verdict")].text == ("✓ better" if interval.hi < 0.0 else "= tie")
    assert sheet.rows[0][sheet.columns.index("difference to first")].text == "the first"


def test_the_best_is_marked_and_what_may_be_as_good_is_tied() -> None:
    """b is a tenth better than a for sure; c is as good as b as far as these runs show."""
    study = made_up({"a": [1.0, 1.1, 1.2], "b": [0.9, 1.0, 1.1], "c": [0.91, 0.99, 1.11]})
    (sheet,) = make_sheets(study)
    assert [row[sheet.columns.index("rank")].text for row in sheet.rows] == ["", "best", "tied"]
    assert [row[sheet.columns.index("verdict")].text for row in sheet.rows] == ["", "✓ better", "✓ better"]


def test_a_clear_winner_is_named_with_its_lead() -> None:
    """The lead is spelled as an amount and a share, with an interval."""
    study = made_up({"a": [0.100, 0.110, 0.120], "b": [0.051, 0.055, 0.059]})
    assert summary_lines(study) == [
        "b is best: its p99 is 55ms ± 9.94ms, the lowest of 2 variants.",
        "That is 55ms (50%) less than a, the first (95% interval 40.1ms to 69.9ms).",
    ]


def test_where_the_first_is_best_the_next_is_named() -> None:
    """What is twice as much is called so."""
    study = made_up({"a": [0.1, 0.1, 0.1], "b": [0.4, 0.4, 0.4], "c": [0.2, 0.2, 0.2]})
    assert summary_lines(study) == [
        "a is best: its p99 is 100ms ± 0s, the lowest of 3 variants.",
        "The next, c, has 100ms more, ×2 (interval 100ms to 100ms, widened for 3 comparisons).",
    ]


def test_a_precision_that_was_not_reached_is_said() -> None:
    """In the last sentence, with the variants it is about; nothing is said where it was."""
    noise = [0.001 * (number % 5) for number in range(12)]
    study = made_up({"a": [0.1] * 12, "b": [0.05 + each for each in noise], "c": [0.2 + each for each in noise]})
    assert summary_lines(replace(study, precision=0.01))[-1] == (
        "The precision asked for was not reached: after 12 seeds, the most allowed, p99 is not known within 1% with b."
    )
    assert summary_lines(replace(study, precision=0.1)) == summary_lines(study)


def test_variants_in_which_nothing_ended_are_named() -> None:
    """In the first sentence of a sweep; and a sweep of single runs explains no ±."""
    patient = queue().with_({"components.server.queue": "unbounded"})
    variations = vary("components.server.work=20ms,1h")
    study = sweep(patient, variations, Runner(InProcess()), replications=1)
    assert summary_lines(study)[0].endswith("; nothing ended with work 1h.")
    assert "±" not in printed(study)
    assert "nothing ended" not in summary_lines(rates())[0]


def test_a_tie_is_called_a_tie() -> None:
    """Neither of two variants is called better when the interval of their difference holds zero."""
    study = made_up({"a": [0.1, 0.2, 0.3], "b": [0.2, 0.1, 0.25]})
    (line,) = summary_lines(study)
    assert line.startswith("It is a tie: b has the lowest p99, 183ms ±")
    assert line.endswith("but no difference to a is sure.")


def test_who_is_quick_because_it_gives_up_is_not_praised_without_a_warning() -> None:
    """The success ratio stands beside the latency when it is surely lower."""
    study = made_up(
        {"patient": [1.0, 1.1, 1.2], "hasty": [0.1, 0.1, 0.1]},
        {"patient": [0.9, 0.91, 0.92], "hasty": [0.5, 0.51, 0.52]},
    )
    assert summary_lines(study)[-1] == (
        "Mind that it succeeds less often: 51% ± 2.48% of its requests do, against 91% ± 2.48% with patient."
    )


def test_without_a_figure_nothing_is_called_best() -> None:
    """A recovery that never came reads `never`, and no variant is marked."""
    study = never()
    assert summary_lines(study) == [
        "No variant has a figure of slow recovery in every run, so none can be called the best."
    ]
    (sheet,) = make_sheets(study)
    assert [row[1].text for row in sheet.rows] == ["never", "never"]
    assert {row[sheet.columns.index("rank")].text for row in sheet.rows} == {""}


def test_failed_runs_are_named() -> None:
    """Seed and reason of each, and how many are left of a variant's."""
    study = failed()
    assert summary_lines(study)[-1] == "2 of 12 runs failed and are left out."
    text = printed(study, width=160)
    assert "failed: round_robin, seed 1: ValueError: <b>no</b> & so on" in text
    assert "failed: least_response_time, seed 4: ValueError" in text
    (sheet,) = make_sheets(study)
    assert [row[sheet.columns.index("runs")].text for row in sheet.rows] == ["3 of 4", "4", "3 of 4"]


def test_a_sweep_says_where_it_saturates() -> None:
    """The sentence and the table hold the study's own saturation points."""
    (found,) = rates().saturations()
    assert summary_lines(rates())[1] == f"server saturates (95% busy) at {found.line.spell(found.value)}."
    first, second = rates_and_workers().saturations()
    line = summary_lines(rates_and_workers())[1]
    assert f"{first.line.spell(first.value)} with workers 2 and" in line
    assert f"{second.line.spell(second.value)} with workers 4." in line
    sheet = make_sheets(rates_and_workers())[0]
    assert [[cell.text for cell in row] for row in sheet.rows] == [
        [found.line.others, found.line.spell(found.value), "server"] for found in (first, second)
    ]


def test_a_line_that_is_saturated_from_the_start_is_named() -> None:
    """Two workers carry 50/s: at 80/s and more they have no saturation point, only saturation."""
    variations = vary(f"{RATE}=80/s..120/s:2", "components.server.workers=2,4")
    lines = summary_lines(sweep(queue(), variations, Runner(InProcess()), replications=1))
    assert lines[1].startswith("server saturates (95% busy) at ")
    assert lines[1].endswith("/s with workers 4.")
    assert lines[2] == "It is saturated throughout with workers 2."


def test_the_numbers_of_a_sweep_are_those_of_the_study() -> None:
    """A row for each pair of values, with the busiest component."""
    study = rates_and_workers()
    sheet = make_sheets(study)[-1]
    assert sheet.columns[:3] == ("rate", "workers", "p99")
    for number, row in enumerate(sheet.rows):
        interval = study.interval(number, P99)
        assert interval is not None
        assert row[2].text == f"{units.duration(interval.mean)} ± {units.duration(interval.half_width)}"
        assert row[3].text.startswith(f"server {units.share(study.busiest(number)[1])}")


def test_a_search_says_how_sure_it_is_and_what_gave_out() -> None:
    """The answer, the sure values on both sides of it, and the bottleneck."""
    study = fewest_workers()
    assert study.met is not None
    assert study.missed is not None
    assert summary_lines(study)[0] == (
        "The smallest components.server.workers that meets p99 < 300ms and availability >= 99% is "
        f"{study.met.value}: {study.met.value} meets them for sure, {study.missed.value} does not."
    )
    assert "server" in summary_lines(study)[1]
    lines = summary_lines(largest_rate())
    assert lines[0].startswith("The largest clients.source.traffic.rate that meets p99 < 300ms is about ")
    assert (
        lines[2] == f"It took {sum(p.runs for p in largest_rate().points)} runs at {len(largest_rate().points)} values."
    )


def test_a_search_whose_ends_both_meet_says_so_and_what_was_measured() -> None:
    """The harder end is enough, or is the least that can be done; what limits it is not known."""
    enough = one_is_enough()
    figure = plus_minus(P99, enough.points[0].readings[0].interval)
    assert summary_lines(enough) == [
        "components.server.speed 2 is enough for p99 < 1s (the smallest asked about).",
        f"At 2 p99 is {figure}.",
        "It took 4 runs at 2 values.",
    ]
    most = replace(enough, largest=True)
    assert summary_lines(most)[0] == (
        "The largest components.server.speed that meets p99 < 1s is at least 8 (the top of the range; ask for a wider "
        "range to find the limit)."
    )


@pytest.mark.parametrize(
    ("bottleneck", "words"),
    [
        (
            Bottleneck("web", (2,), 31.2, 0.97),
            "What gives out first is web[2]: saturated for 31.2s of a run at 4, 97% …",
        ),
        (Bottleneck("db", (), 0.0, 0.88), "What gives out first is db: 88% busy on average at 4."),
        (Bottleneck("db", (), 0.0, 0.3), "Nothing gives out at 4: the busiest is db, 30% busy on average."),
    ],
)
def test_what_gave_out_is_told_as_far_as_it_did(bottleneck: Bottleneck, words: str) -> None:
    """By the seconds that it was saturated; by its utilization where it only came near; or nothing gave out."""
    study = fewest_workers()
    points = tuple(
        replace(each, value=4, bottleneck=bottleneck) if each == study.missed else each for each in study.points
    )
    assert summary_lines(replace(study, points=points))[1].startswith(words.rstrip("…"))


def test_every_tried_value_stands_in_the_table_with_its_verdict() -> None:
    """Word and sign, not colour alone."""
    study = fewest_workers()
    (sheet,) = make_sheets(study)
    signs = {"met": "✓", "missed": "✗", "unsure": "?"}
    for point, row in zip(study.points, sheet.rows, strict=True):
        interval = point.readings[0].interval
        assert interval is not None
        assert row[0].text == str(point.value)
        assert row[1].text == f"{signs[point.verdict]} {point.verdict}"
        assert row[2].text.startswith(f"{signs[point.readings[0].verdict]} {units.duration(interval.mean)} ± ")


def test_columns_are_laid_out_in_blocks_that_fit() -> None:
    """Each block repeats the columns that name the rows; a column too wide for any stands alone with them."""
    assert blocks([10, 10, 10, 10], keys=1, room=80) == [[0, 1, 2, 3]]
    assert blocks([10, 10, 10, 10], keys=1, room=34) == [[0, 1, 2], [0, 3]]
    assert blocks([5, 5, 10, 90, 10], keys=2, room=40) == [[0, 1, 2], [0, 1, 3], [0, 1, 4]]
    assert all(block[:2] == [0, 1] for block in blocks([5] * 40, keys=2, room=30))
    assert all(before[-1] < after[-1] for before, after in pairwise(blocks([5] * 40, keys=2, room=30)))


def test_figures_and_differences_are_spelled_for_people() -> None:
    """Signs are real minus signs, shares differ by points, what doubles is a multiple."""
    assert signed(P99, -0.0125) == "−12.5ms"
    assert signed(Measure("success_ratio", None, "success_ratio"), 0.032) == "+3.2 points"
    assert [relative(change, 1.0) for change in (-0.98, -0.041, 0.35, 1.0, 25.7)] == [
        "−98%",
        "−4.1%",
        "+35%",
        "×2",
        "×27",
    ]
    assert relative(1.0, 0.0) == ""
    assert fold("least_response_time", 11) == "least_\nresponse_\ntime"
    assert fold("one two three four", 5, lines=2) == "one\ntwo …"
