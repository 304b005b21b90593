"""A scenario's architecture as the text of a diagram, a Mermaid flowchart or a Graphviz digraph: rates on the edges."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from sim.cli.topology import OVERLOADED, percent, rates, size
from sim.experiment.offered_load import ComponentLoad, EdgeLoad, OfferedLoad
from sim.report.units import HOT
from sim.values import format_duration

_MERMAID_SHAPES: Final = {
    "client": ('(["', '"])'),
    "database": ('[("', '")]'),
    "cache": ('[("', '")]'),
    "queue": ('[["', '"]]'),
}
_MERMAID_SHAPES_ELSE: Final = ('["', '"]')
_DOT_SHAPES: Final = {"client": "oval", "database": "cylinder", "cache": "cylinder"}
_FILLS: Final = {"hot": "#fff3c4", "overloaded": "#f8c9c4"}


def mermaid(title: str, load: OfferedLoad) -> str:
    """A Mermaid flowchart.

    Args:
        title: Of the scenario.
        load: What it shows.
    """
    ids = {name: f"n{number}" for number, name in enumerate([*load.clients, *load.components])}
    lines = ["---", f"title: {_quoted(title)}", "---", "flowchart LR"]
    nodes = {name: f"{ids[name]}{_node('client', [name])}" for name in load.clients}
    for name, component in load.components.items():
        nodes[name] = f"{ids[name]}{_node(component.kind, _lines(component, load))}"
    lines += _by_region(nodes, load, lambda number, region: f'subgraph r{number}["{_escaped(region, " ")}"]', "end")
    for edge in load.edges:
        label = _escaped(_edge_label(edge, load), "<br/>")
        lines.append(f'  {ids[edge.caller]} -->|"{label}"| {ids[edge.callee]}')
    for verdict, fill in _FILLS.items():
        marked = [ids[name] for name, component in load.components.items() if _verdict(component) == verdict]
        if marked:
            lines += [f"  classDef {verdict} fill:{fill}", f"  class {','.join(marked)} {verdict}"]
    return "\n".join(lines) + "\n"


def graphviz(title: str, load: OfferedLoad) -> str:
    """A Graphviz digraph in the DOT language.

    Args:
        title: Of the scenario.
        load: What it shows.
    """
    lines = [
        "digraph scenario {",
        f'  graph [rankdir=LR, label={_quoted(title)}, labelloc=t, fontname="sans-serif"];',
        '  node [shape=box, style="rounded,filled", fillcolor=white, fontname="sans-serif"];',
        '  edge [fontname="sans-serif", fontsize=10];',
    ]
    nodes = {name: f"{_quoted(name)} [shape={_DOT_SHAPES['client']}];" for name in load.clients}
    for name, component in load.components.items():
        attributes = [f"label={_quoted(chr(10).join(_lines(component, load)))}"]
        if component.kind in _DOT_SHAPES:
            attributes.append(f"shape={_DOT_SHAPES[component.kind]}, style=filled")
        verdict = _verdict(component)
        if verdict:
            attributes.append(f'fillcolor="{_FILLS[verdict]}"')
        nodes[name] = f"{_quoted(name)} [{', '.join(attributes)}];"
    lines += _by_region(
        nodes, load, lambda number, region: f"subgraph cluster_{number} {{ label={_quoted(region)};", "}"
    )
    for edge in load.edges:
        ends = f"{_quoted(edge.caller)} -> {_quoted(edge.callee)}"
        lines.append(f"  {ends} [label={_quoted(_edge_label(edge, load))}];")
    return "\n".join([*lines, "}"]) + "\n"


FORMATS: Final[dict[str, Callable[[str, OfferedLoad], str]]] = {"mermaid": mermaid, "graphviz": graphviz}


def _by_region(
    nodes: Mapping[str, str], load: OfferedLoad, begin: Callable[[int, str], str], end: str
) -> Iterator[str]:
    """The lines of all nodes; those in a region together."""
    yield from (f"  {node}" for name, node in nodes.items() if name not in load.homes)
    for number, region in enumerate(dict.fromkeys(load.homes[name] for name in nodes if name in load.homes)):
        yield f"  {begin(number, region)}"
        yield from (f"    {node}" for name, node in nodes.items() if load.homes.get(name) == region)
        yield f"  {end}"


def _lines(component: ComponentLoad, load: OfferedLoad) -> list[str]:
    lines = [component.name, f"{component.kind} {size(component)}".strip()]
    if component.work is not None:
        lines.append(f"mean {format_duration(component.work)}")
    if component.standby is not None:
        lines.append(f"{component.standby} standby")
    if component.base.utilization is not None:
        busy, peak = percent(component.base.utilization), percent(component.peak.utilization or 0.0)
        lines.append(f"{busy} → {peak} busy" if load.varies and peak != busy else f"{busy} busy")
    return lines


def _edge_label(edge: EdgeLoad, load: OfferedLoad) -> str:
    figure = rates(edge.base, edge.peak, edge.certainty, load.varies)
    return f"{edge.label}\n{figure}" if edge.label else figure


def _verdict(component: ComponentLoad) -> str:
    busy = component.peak.utilization or 0.0
    return "overloaded" if busy > OVERLOADED else "hot" if busy > HOT else ""


def _node(kind: str, lines: list[str]) -> str:
    before, after = _MERMAID_SHAPES.get(kind, _MERMAID_SHAPES_ELSE)
    return before + "<br/>".join(_escaped(line, " ") for line in lines) + after


def _escaped(text: str, newline: str) -> str:
    """Text inside Mermaid's quotes, where entities stand for what has a meaning."""
    for letter, entity in (("#", "#35;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;"), ("`", "#96;")):
        text = text.replace(letter, entity)
    return text.replace("\n", newline)


def _quoted(text: str) -> str:
    """A quoted string of DOT; as it has no line breaks of its own, of YAML too."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
