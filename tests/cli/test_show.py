"""`sim show`: the architecture as a tree, a table and diagrams, with the load on every part."""

import re

import yaml

SHOP = (
    "components.edge={kind: cdn, hit_ratio: 40%, to: shop}",
    "clients.people.to=edge",
    "components.shop.steps=[{work: 5ms}, {call: db}]",
    "components.shop.work=null",
    "components.db={kind: database, connections: 1, work: 15ms}",
)


def shown(sim, *arguments: str, sets: tuple[str, ...] = SHOP, warning: str = "") -> str:
    """What the command prints; of a scenario without warnings, or with one."""
    result = sim("show", "small.yaml", *(word for change in sets for word in ("--set", change)), *arguments)
    assert result.exit_code == 0
    assert warning in result.stderr
    assert result.stderr.count("\n") == bool(warning)
    return result.stdout


def test_the_tree_goes_from_the_client_down(sim) -> None:
    """Each component stands below what calls it, with what reaches it."""
    tree = shown(sim).split("\n\n")[1]
    assert [line.rstrip() for line in tree.splitlines()] == [
        "people  client  100/s",
        "└── edge  cdn  100/s  40% hits",
        "    └── shop  service  60/s",
        "        └── db  database  60/s",
    ]


def test_the_table_flags_what_is_hot(sim) -> None:
    """60 requests a second of 15 ms on one connection keep it busy 90% of the time; the shop waits for it."""
    lines = shown(sim).splitlines()
    db = next(line for line in lines if line.startswith("db "))
    assert db.split() == ["db", "1", "×", "1", "15ms", "15ms", "60/s", "66.7/s", "90%", "◀", "hot"]
    shop = next(line for line in lines if line.startswith("shop "))
    assert shop.split() == ["shop", "2", "×", "2", "5ms", "20ms", "60/s", "200/s", "30%"]


def test_a_spike_shows_what_it_overloads(sim) -> None:
    """The worst moment stands beside the average."""
    text = shown(sim, sets=(*SHOP, "events=[{at: 2s, for: 1s, spike: people, factor: 2}]"))
    assert "people  client  100/s → 200/s" in text
    db = next(line for line in text.splitlines() if line.startswith("db "))
    assert db.split()[-4:] == ["90%", "180%", "◀", "overloaded"]
    assert "peak: at the moment that is worst for the component" in text


def test_it_fits_80_columns(sim, monkeypatch) -> None:
    """On a narrow terminal nothing is broken over lines but the remarks."""
    monkeypatch.setenv("COLUMNS", "80")
    result = sim("show", "quickstart")
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert re.search(r"^card_processor ", result.stdout, re.MULTILINE)


def test_a_wide_terminal_gets_the_distributions(sim, monkeypatch) -> None:
    """With their means."""
    monkeypatch.setenv("COLUMNS", "150")
    assert "lognormal p50 5ms p99 25ms, mean 6.35ms" in sim("show", "quickstart").stdout


def test_mermaid_is_a_flowchart(sim) -> None:
    """Every node is declared before an edge uses it, and every edge has a rate."""
    lines = shown(sim, "--format", "mermaid").splitlines()
    assert lines[:4] == ["---", 'title: "A small shop"', "---", "flowchart LR"]
    declared = {match[1] for line in lines if (match := re.match(r'  (n\d+)[\[(]+".*"[\])]+$', line))}
    edges = [match for line in lines if (match := re.match(r'  (n\d+) -->\|"(.*)"\| (n\d+)$', line))]
    assert len(declared) == 4
    assert [(edge[1], edge[3]) for edge in edges] == [("n0", "n2"), ("n2", "n1"), ("n1", "n3")]
    assert {edge[2] for edge in edges} == {"100/s", "60/s"}
    assert "  class n3 hot" in lines


def test_graphviz_is_a_digraph(sim) -> None:
    """Names, labels and a title, all of them quoted."""
    text = shown(sim, "--format", "graphviz", sets=(*SHOP, 'scenario=A "small" shop'))
    assert text.startswith("digraph scenario {\n")
    assert text.endswith("}\n")
    assert r'label="A \"small\" shop"' in text
    assert '"shop" -> "db" [label="60/s"];' in text
    for line in text.splitlines()[4:-1]:
        assert re.fullmatch(r'  "[^"]+"( -> "[^"]+")? \[.*\];', line), line


ODD = (
    'scenario=A "b" <c>#d `e` \\f',
    "components.edge={kind: gateway, routes: [{match: '/a\"<b>#c`d\\e', to: shop}]}",
    "clients.people.to=edge",
)


def test_what_has_a_meaning_to_mermaid_is_written_as_an_entity(sim) -> None:
    """But in the title, which is YAML."""
    lines = shown(sim, "--format", "mermaid", sets=ODD, warning="never reached: no client sends").splitlines()
    assert lines[1] == r'title: "A \"b\" <c>#d `e` \\f"'
    assert yaml.safe_load(lines[1]) == {"title": ODD[0].partition("=")[2]}
    label = next(line for line in lines if "n2 -->" in line)
    assert label.startswith(r'  n2 -->|"/a#quot;#lt;b#gt;#35;c#96;d\e<br/>')


def test_what_has_a_meaning_to_graphviz_is_escaped(sim) -> None:
    """Quotes and backslashes."""
    text = shown(sim, "--format", "graphviz", sets=ODD, warning="never reached: no client sends")
    assert r'label="A \"b\" <c>#d `e` \\f"' in text
    assert r'"edge" -> "shop" [label="/a\"<b>#c`d\\e\n' in text


def test_pictures_have_the_mean_service_times_of_the_table(sim) -> None:
    """On the components that have one."""
    mermaid, dot = (shown(sim, "--format", name) for name in ("mermaid", "graphviz"))
    assert '[("db<br/>database 1 × 1<br/>mean 15ms<br/>90% busy")]' in mermaid
    assert '["edge<br/>cdn"]' in mermaid
    assert r'label="shop\nservice 2 × 2\nmean 5ms\n30% busy"' in dot


def test_a_wrong_scenario_is_exit_status_2(sim) -> None:
    """As everywhere."""
    assert sim("show", "nowhere.yaml").exit_code == 2
