"""Where the tidy checks look, and what a finding is.

A checker is a function from a path and a source to findings, so that each can be shown to fail on a made-up source.
"""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "src" / "theta"
IMPURE_PACKAGES = ("adapters", "cli")
SKIPPED_FOLDERS = frozenset(
    {"node_modules", "dist", "page", "coverage", "build", "artifacts", "test-results", "__pycache__"}
)


class Finding(NamedTuple):
    """One thing to mend: where it is and what is wrong with it."""

    place: str
    line: int
    problem: str

    def __str__(self) -> str:
        return f"{self.place}:{self.line}: {self.problem}"


Checker = Callable[[str, str], list[Finding]]


def python_files(*folders: str) -> Iterator[tuple[str, str]]:
    """Path from the root and source of each Python file below these folders, sorted."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not SKIPPED_FOLDERS.intersection(path.relative_to(ROOT).parts):
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def text_files(folder: str, *suffixes: str) -> Iterator[tuple[str, str]]:
    """Path from the root and text of each file with one of these suffixes below a folder, sorted."""
    for path in sorted((ROOT / folder).rglob("*")):
        parts = path.relative_to(ROOT).parts
        if path.is_file() and path.suffix in suffixes and not SKIPPED_FOLDERS.intersection(parts):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def package_of(place: str) -> str:
    """The folder below src/theta that a path lies in; '' for a module of the root."""
    parts = place.removeprefix("src/theta/").split("/")
    return parts[0] if len(parts) > 1 else ""


def run(checker: Checker, *folders: str) -> list[str]:
    """Every finding of a checker below these folders, as lines."""
    return [str(finding) for place, source in python_files(*folders) for finding in checker(place, source)]


def imported_names(tree: ast.AST) -> dict[str, str]:
    """Local name -> dotted origin of everything a module imports: {'np': 'numpy', 'sin': 'math.sin'}."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def origin(node: ast.expr, names: dict[str, str]) -> str:
    """The dotted origin of a name or attribute chain, as far as imports tell; '' where they do not."""
    if isinstance(node, ast.Name):
        return names.get(node.id, "")
    if isinstance(node, ast.Attribute):
        base = origin(node.value, names)
        return f"{base}.{node.attr}" if base else ""
    return ""
