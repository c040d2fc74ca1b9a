"""The wheel's scales: what is too heavy, and what nobody gave a reason for."""

import json
import tomllib
from importlib import metadata

from tests.tidy import tree
from tools import check_wheel


def test_a_heavy_wheel_is_refused() -> None:
    assert check_wheel.find_overweight(check_wheel.WHEEL_BYTES_MAX) == []
    assert check_wheel.find_overweight(check_wheel.WHEEL_BYTES_MAX + 1)


def test_dependencies_are_followed_and_weighed() -> None:
    found = {each.name: each for each in check_wheel.find_dependencies(["aiohttp", "nothing; python_version < '3'"])}
    assert {"aiohttp", "yarl", "multidict", "idna"} <= set(found)
    assert "nothing" not in found
    assert found["aiohttp"].version == metadata.version("aiohttp")
    assert 1_000_000 < found["aiohttp"].size < 50_000_000


def test_extras_count_only_when_asked_for() -> None:
    plain = {each.name for each in check_wheel.find_dependencies(["coverage"])}
    assert plain == {"coverage"}
    assert {each.name for each in check_wheel.find_dependencies(["coverage[toml]"])} >= plain


def test_every_dependency_is_justified() -> None:
    why = check_wheel.read_justifications(check_wheel.JUSTIFIED.read_text(encoding="utf-8"))
    project = tomllib.loads((tree.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    here = [each.name for each in check_wheel.find_dependencies(project["dependencies"])]
    locked = check_wheel.locked_names(check_wheel.LOCK.read_text(encoding="utf-8"))
    assert len(here) > 10
    assert check_wheel.find_unjustified(here, locked, why) == []
    assert all(why.values())


def test_a_missing_reason_is_found_and_so_is_a_reason_for_nothing() -> None:
    assert check_wheel.find_unjustified(["a"], ["a"], ["a", "colorama"]) == []
    assert check_wheel.find_unjustified(["a", "b"], [], ["a"]) == ["b has no line in dependencies.md"]
    assert check_wheel.find_unjustified(["a"], ["b"], ["a"]) == ["b has no line in dependencies.md"]
    assert check_wheel.find_unjustified(["a"], [], ["a", "b"]) == ["dependencies.md lists b"]


def test_the_table_is_read_as_it_is_written() -> None:
    table = "| package | needed by | why |\n|---|---|---|\n| a-b | Theta | because |\n| c | a-b, d | also |\n"
    assert check_wheel.read_justifications(table) == {"a-b": "because", "c": "also"}
    assert check_wheel.locked_names("A.b==1 \\\n    --hash=sha256:00\nc==2 ; x \\\n") == ["a-b", "c"]


def test_the_page_and_its_builder_travel_in_the_sdist() -> None:
    text = (tree.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'artifacts = ["src/theta/page/**"]' in text
    assert '"/hatch_build.py"' in text


NOT_BUNDLED = {"react", "use-sync-external-store"}
"""zustand asks for them in its hooks for React, of which the page has none."""


def test_the_licences_of_everything_in_the_page_come_along() -> None:
    lock = json.loads((tree.ROOT / "web" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    bundled = {
        name.removeprefix("node_modules/"): each["version"]
        for name, each in lock.items()
        if name and not each.get("dev") and not each.get("devOptional")
    }
    assert {"three", "zustand"} <= set(bundled)
    models = "@webxr-input-profiles/assets"
    bundled[models] = lock[f"node_modules/{models}"]["version"]
    listed = (tree.ROOT / "web" / "public" / "third-party.txt").read_text(encoding="utf-8")
    missing = [name for name in bundled if name not in NOT_BUNDLED and f"\n{name} {bundled[name]}: " not in listed]
    assert missing == []
    assert "theta/page/third-party.txt" in check_wheel.NEEDED
