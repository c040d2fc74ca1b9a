"""Every numbered rule of spec/ is carried by a test that names it, in pytest or in vitest.

A rule is a line of spec/*.md that starts with its id in bold (`**CMD-12**`, also as a list item), or a heading that
holds one. A pytest carries it as `test_cmd_12_…`, a vitest as `CMD-12` in its title.
"""

import ast
import re
from collections.abc import Iterable

from tests.tidy import tree
from tests.tidy.tree import Finding

RULE = re.compile(r"^(?:[-*] )?\*\*([A-Z]{2,8}-\d+)\b|^#{1,6} .*?\b([A-Z]{2,8}-\d+)\b", re.MULTILINE)
VITEST_TITLE = re.compile(
    r"(?:\b(?:it|test|describe)(?:\.\w+)*|\)|`)\(\s*(?P<quote>[\"'`])(?P<title>.*?)(?P=quote)", re.DOTALL
)
PYTEST_RULE = re.compile(r"(?:^|_)([a-z]{2,8})_(\d+)(?=_|$)")
TITLE_RULE = re.compile(r"\b([A-Z]{2,8}-\d+)\b")


def rules_of(place: str, text: str) -> list[tuple[str, Finding]]:
    """The rules a specification states, each with its place."""
    return [
        (rule := match.group(1) or match.group(2), Finding(place, text.count("\n", 0, match.start()) + 1, rule))
        for match in RULE.finditer(text)
    ]


def rules_in_pytest(source: str) -> set[str]:
    """The rule ids in the names of a module's test functions."""
    names = (
        node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )
    return {f"{prefix.upper()}-{number}" for name in names for prefix, number in PYTEST_RULE.findall(name[4:])}


def rules_in_vitest(source: str) -> set[str]:
    """The rule ids in the titles of a file's tests."""
    return {rule for match in VITEST_TITLE.finditer(source) for rule in TITLE_RULE.findall(match.group("title"))}


def find_gaps(stated: Iterable[tuple[str, Finding]], carried: set[str]) -> list[str]:
    """Rules without a test, rules stated twice, and tests that name a rule which their specification doesn't state."""
    found: list[str] = []
    seen: set[str] = set()
    for rule, place in stated:
        if rule in seen:
            found.append(f"{place.place}:{place.line}: {rule} is stated twice")
        elif rule not in carried:
            found.append(f"{place.place}:{place.line}: {rule} has no test")
        seen.add(rule)
    prefixes = {rule.split("-")[0] for rule in seen}
    found += [
        f"a test names {rule}, which no specification states"
        for rule in sorted(carried - seen)
        if rule.split("-")[0] in prefixes
    ]
    return found


def test_every_rule_has_a_test() -> None:
    stated = [rule for place, text in tree.text_files("spec", ".md") for rule in rules_of(place, text)]
    carried: set[str] = set()
    for place, source in tree.python_files("tests"):
        if not place.startswith("tests/tidy/"):
            carried |= rules_in_pytest(source)
    for place, source in tree.text_files("web", ".ts", ".tsx"):
        if ".test." in place or ".spec." in place:
            carried |= rules_in_vitest(source)
    assert find_gaps(stated, carried) == []


def test_rules_are_found_where_they_are_stated() -> None:
    text = "# CMD\n**CMD-1** A packet…\n- **CMD-2** Its size…\n## REP-3 Baselines\nas CMD-9 says\n**Note** CMD-8\n"
    assert [rule for rule, _ in rules_of("spec/a.md", text)] == ["CMD-1", "CMD-2", "REP-3"]
    assert rules_of("spec/a.md", text)[2][1].line == 4


def test_rules_are_found_where_they_are_tested() -> None:
    assert rules_in_pytest("def test_cmd_1_size(): ...\nasync def test_a_cmd_12(): ...\ndef help_cmd_3(): ...") == {
        "CMD-1",
        "CMD-12",
    }
    titles = 'it("CMD-1 holds", f); test.each([g("a")])("REP-3: %s", f); describe.skip(\n  `MSH-2`, f); // it was CMD-9'
    assert rules_in_vitest(titles) == {"CMD-1", "REP-3", "MSH-2"}


def test_the_rule_check_can_fail() -> None:
    stated = rules_of("spec/a.md", "**CMD-1** a\n**CMD-12** b\n")
    assert find_gaps(stated, {"CMD-1"}) == ["spec/a.md:2: CMD-12 has no test"]
    assert find_gaps([*stated, stated[0]], {"CMD-1", "CMD-12"}) == ["spec/a.md:1: CMD-1 is stated twice"]
    assert find_gaps(stated, {"CMD-1", "CMD-12", "CMD-3", "UTF-8"}) == [
        "a test names CMD-3, which no specification states"
    ]
