"""A scenario's architecture for a terminal: a tree from each client down, then the load on each component.

Figures that are only approximate begin with `≈`, upper bounds with `≤`.
"""

from collections.abc import Iterator
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from sim.experiment.offered_load import Certainty, ComponentLoad, EdgeLoad, Load, OfferedLoad
from sim.report.explain.wording import listed
from sim.report.terminal import terminal_text
from sim.report.units import HOT
from sim.scenario import Scenario
from sim.values import format_count, format_duration

OVERLOADED: Final = 1.0 + 1e-9
_WIDE: Final = 110
_GUIDE: Final = "dim"


def print_topology(scenario: Scenario, load: OfferedLoad, console: Console) -> None:
    """Prints the tree and the table.

    Args:
        scenario: What is shown.
        load: Its load.
        console: Where to.
    """
    console.print(terminal_text(scenario.document.scenario, "bold", console))
    shown: set[str] = set()
    for name in load.clients:
        console.print()
        console.print(_client_tree(name, load, shown), soft_wrap=False)
    console.print()
    console.print(_table(load, console.width >= _WIDE))
    console.print()
    for words in _remarks(scenario, load):
        console.print(Text(words, style="dim"))


def rate(per_second: float, certainty: Certainty = Certainty.EXACT) -> str:
    """A rate for people: `236/s`, `≈36.6/s`."""
    return f"{certainty.sign}{format_count(float(f'{per_second:.3g}'))}/s"


def rates(base: float, peak: float, certainty: Certainty, varies: bool) -> str:
    """A rate and, where it varies, its peak."""
    first = rate(base, certainty)
    return f"{first} → {rate(peak, certainty)}" if varies and rate(base) != rate(peak) else first


def percent(share: float) -> str:
    """A share in whole per cent, as exactly as an estimate deserves: `<1%`, `42%`, `99.6%`."""
    if 0.0 < share < 0.01:
        return "<1%"
    return f"{100.0 * share:.3g}%" if 0.99 < share < 1.0 else f"{100.0 * share:.0f}%"


def size(component: ComponentLoad) -> str:
    """Instances and workers: `6 × 8`, or `4` where any number of requests are worked on at a time; empty for one."""
    if component.workers is not None:
        return f"{component.instances} × {component.workers}"
    return f"{component.instances}" if component.instances > 1 else ""


# -- the tree


def _client_tree(name: str, load: OfferedLoad, shown: set[str]) -> Tree:
    base, peak, certainty = load.clients[name]
    where = f" in {load.homes[name]}" if name in load.homes else ""
    head = Text.assemble(
        (name, "bold magenta"), f"  client{where}  ", (rates(base, peak, certainty, load.varies), "cyan")
    )
    tree = Tree(head, guide_style=_GUIDE)
    _grow(tree, name, load, shown)
    return tree


def _grow(tree: Tree, caller: str, load: OfferedLoad, shown: set[str]) -> None:
    for edge in load.edges:
        if edge.caller != caller:
            continue
        component = load.components[edge.callee]
        again = edge.callee in shown
        branch = tree.add(_branch(edge, component, load, again))
        if not again:
            shown.add(edge.callee)
            _grow(branch, edge.callee, load, shown)


def _branch(edge: EdgeLoad, component: ComponentLoad, load: OfferedLoad, again: bool) -> Text:
    text = Text()
    if edge.label:
        text.append(f"{edge.label} → ", style="dim")
    text.append(edge.callee, style="bold")
    text.append(f"  {component.kind}  ")
    text.append(rates(edge.base, edge.peak, edge.certainty, load.varies), style="cyan")
    if component.base.hit_ratio is not None:
        sign = Certainty.ABOUT.sign if component.keyed else ""
        text.append(f"  {sign}{percent(component.base.hit_ratio)} hits", style="green")
    if component.standby is not None:
        text.append(f"  {component.standby} standby", style="yellow")
    if again:
        text.append("  (shown above)", style="dim")
    return text


# -- the table


def _table(load: OfferedLoad, wide: bool) -> Table:
    table = Table(box=None, padding=(0, 2 if wide else 1, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("component", style="bold", overflow="fold", min_width=12)
    table.add_column("workers", justify="right", no_wrap=True)
    table.add_column("service time" if wide else "mean", justify="left" if wide else "right")
    peaks = () if not load.varies else ("at peak", "busy") if wide else ("peak",)
    for heading in ("held", "arriving", "capacity", "busy", *peaks):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for component in load.components.values():
        table.add_row(*_row(component, load, wide))
    return table


def _row(component: ComponentLoad, load: OfferedLoad, wide: bool) -> Iterator[str | Text]:
    base, peak = component.base, component.peak
    region = load.homes.get(component.name)
    where = f" in {region}" if region is not None and "@" not in component.name else ""
    yield Text.assemble(component.name, (f"  {component.kind}{where}", "not bold dim")) if wide else component.name
    yield size(component)
    mean = "" if component.work is None else format_duration(component.work)
    yield (component.service or (mean and f"mean {mean}")) if wide else mean
    yield "" if base.hold is None else format_duration(base.hold)
    yield rate(base.arriving, base.certainty)
    yield "" if base.capacity is None else rate(base.capacity)
    yield _busy(base)
    if load.varies and wide:
        yield rate(peak.arriving, peak.certainty)
    if load.varies:
        yield _busy(peak)
    waits = Text(f"{component.standby} standby", style="yellow")
    yield waits if component.standby is not None else _verdict(peak if load.varies else base)


def _busy(load: Load) -> Text:
    if load.utilization is None:
        return Text("")
    words = percent(load.utilization)
    return Text(words if words.startswith("<") else f"{load.certainty.sign}{words}", style=_colour(load))


def _verdict(load: Load) -> Text:
    busy = load.utilization or 0.0
    bound = load.certainty is Certainty.AT_MOST
    if busy > OVERLOADED:
        return Text("◀ overloaded", style="bold red")
    if busy > HOT:
        return Text("◀ hot" if not bound else "◀ may be hot", style="yellow")
    return Text("")


def _colour(load: Load) -> str:
    busy = load.utilization or 0.0
    return "bold red" if busy > OVERLOADED else "yellow" if busy > HOT else "green"


# -- below the table


def _remarks(scenario: Scenario, load: OfferedLoad) -> Iterator[str]:
    """What the words and signs of this table mean, and what its figures leave out."""
    document = scenario.document
    yield "held: how long a request keeps its worker if nobody waits, calls included"
    if load.varies:
        yield "peak: at the moment that is worst for the component"
    marks = {edge.certainty for edge in load.edges}
    if Certainty.ABOUT in marks:
        yield "≈ approximate: caches with keys, rate limits, steering by latency or capacity"
    if Certainty.AT_MOST in marks:
        yield "≤ at most: users who wait for answers"
    data = document.model_dump()
    retries = any(_says(data, "retry"))
    faults = any(event.verb != "spike" for event in document.events)
    again = any(_says(data, "poison"))
    if retries or faults or again:
        left = ["retries"] * retries + ["faults"] * faults + ["messages that are delivered again"] * again
        yield f"left out: {listed(left)}"


def _says(data: Any, key: str) -> Iterator[bool]:
    """Something for every place of a scenario that gives this key a value, other than none or zero."""
    if isinstance(data, dict):
        if data.get(key):
            yield True
        for value in data.values():
            yield from _says(value, key)
    elif isinstance(data, list):
        for value in data:
            yield from _says(value, key)
