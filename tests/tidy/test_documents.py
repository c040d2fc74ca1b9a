"""What the documents point at exists: relative links, and in ARCHITECTURE.md each path, module and method it names."""

import ast
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

import theta
from tests.tidy import tree
from tests.tidy.tree import Finding

FENCE = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.MULTILINE)
ELSEWHERE = re.compile(r"^[a-z][a-z0-9+.-]*:|^//", re.IGNORECASE)
FOLDERS = ("src", "web", "tests", "tools", "spec", "docs", "benches", "examples", "requirements")
# A class has a small letter in its name; FILE.theta is no method.
METHOD = re.compile(r"^([A-Z]\w*[a-z]\w*)\.([a-z_]\w*)(?:\(\))?$")
DOTTED = re.compile(r"^theta(?:\.\w+)+$")
GUIDES = (
    "docs/guide/python.md",
    "docs/guide/modelling.md",
    "docs/guide/history.md",
    "docs/guide/world.md",
    "docs/guide/state.md",
)


def documents() -> Iterator[tuple[str, str]]:
    """Path from the root and text of every Markdown file of the project."""
    for folder, folders, files in os.walk(tree.ROOT):
        folders[:] = sorted(each for each in folders if each not in tree.SKIPPED_FOLDERS and not each.startswith("."))
        for name in sorted(files):
            if name.endswith(".md"):
                path = Path(folder, name)
                yield path.relative_to(tree.ROOT).as_posix(), path.read_text(encoding="utf-8")


def without_blocks(text: str) -> str:
    """The text with its code blocks blanked, line numbers kept."""
    return FENCE.sub(lambda match: "\n" * match.group().count("\n"), text)


def anchors_of(text: str) -> set[str]:
    """The anchors that headings get: lower case, spaces to hyphens, other signs dropped."""
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(without_blocks(text)))
    return {heading.strip().replace(" ", "-") for heading in plain}


def check_links(place: str, text: str) -> list[Finding]:
    """Relative links to nothing, and anchors that no heading has."""
    found = []
    prose = CODE.sub(lambda match: " " * len(match.group()), without_blocks(text))
    for match in LINK.finditer(prose):
        target, _, anchor = match.group(1).partition("#")
        if ELSEWHERE.match(match.group(1)):
            continue
        path = (tree.ROOT / place).parent / target if target else tree.ROOT / place
        line = prose.count("\n", 0, match.start()) + 1
        if not path.exists():
            found.append(Finding(place, line, f"{match.group(1)} is not there"))
        elif anchor and anchor not in anchors_of(path.read_text(encoding="utf-8") if target else text):
            found.append(Finding(place, line, f"{match.group(1)}: no such heading"))
    return found


@cache
def members() -> dict[str, set[str]]:
    """Class name -> the names of its methods, properties and fields, over src/theta."""
    found: dict[str, set[str]] = {}
    for _, source in tree.python_files("src/theta"):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef):
                names = found.setdefault(node.name, set())
                names.update(
                    part.name for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
                )
                names.update(
                    part.target.id
                    for part in node.body
                    if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
                )
    return found


def is_path(token: str) -> bool:
    """Whether a token between backticks is written as a path of the repository."""
    return "/" in token and token.split("/", maxsplit=1)[0] in FOLDERS


def exists_as_module(dotted: str) -> bool:
    """Whether `theta.a.b` is a module or package, a name that such a one defines, or a public name of theta."""
    parts = dotted.split(".")[1:]
    if len(parts) == 1 and parts[0] in theta.__all__:
        return True
    for length in (len(parts), len(parts) - 1):
        path = tree.SOURCES.joinpath(*parts[:length])
        source = next((each for each in (path.with_suffix(".py"), path / "__init__.py") if each.is_file()), None)
        if length and source is not None:
            return length == len(parts) or parts[-1] in defined_names(source)
    return False


def defined_names(source: Path) -> set[str]:
    """What a module defines at its top level."""
    body = ast.parse(source.read_text(encoding="utf-8")).body
    names = {node.name for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)}
    return names | {
        target.id
        for node in body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def check_names(place: str, text: str) -> list[Finding]:
    """Paths, modules and methods between backticks that the repository does not have."""
    found = []
    known = members()
    prose = without_blocks(text)
    for match in CODE.finditer(prose):
        token = match.group(1)
        line = prose.count("\n", 0, match.start()) + 1
        method = METHOD.match(token)
        if is_path(token) and not (tree.ROOT / PurePosixPath(token)).exists():
            found.append(Finding(place, line, f"{token} is not there"))
        elif DOTTED.match(token) and not exists_as_module(token):
            found.append(Finding(place, line, f"{token} is no module or name of theta"))
        elif method is not None and method.group(2) not in known.get(method.group(1), set()):
            found.append(Finding(place, line, f"{token}: src/theta has no such method"))
    return found


def public_members(place: str, name: str) -> set[str]:
    """The public methods and properties of a class."""
    module = ast.parse((tree.ROOT / place).read_text(encoding="utf-8"))
    (found,) = (node for node in module.body if isinstance(node, ast.ClassDef) and node.name == name)
    methods = (node for node in found.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {method.name for method in methods if not method.name.startswith("_")}


def unmentioned(text: str, names: set[str]) -> list[str]:
    """The names that a text never says as a whole word."""
    return sorted(name for name in names if not re.search(rf"\b{re.escape(name)}\b", text))


def test_relative_links_resolve() -> None:
    assert [str(found) for place, text in documents() for found in check_links(place, text)] == []


@pytest.mark.parametrize("folder", ["docs/ARCHITECTURE.md", "docs/decisions"])
def test_what_is_named_exists(folder: str) -> None:
    chosen = [(place, text) for place, text in documents() if place.startswith(folder)]
    assert chosen
    assert [str(found) for place, text in chosen for found in check_names(place, text)] == []


def test_the_python_guides_name_the_whole_public_api() -> None:
    client = "src/theta/adapters/client"
    names = set(theta.__all__)
    for module, classes in (
        ("room_client", ["RoomClient"]),
        ("making", ["Making"]),
        ("entities", ["Entity", "Face", "Faces"]),
        ("modelling", ["Modelling"]),
        ("selecting", ["Selecting"]),
        ("undoing", ["Undoing"]),
        ("looking_back", ["LookingBack"]),
        ("branching", ["Branching"]),
        ("governing", ["Governing"]),
        ("state", ["StateVerbs"]),
        ("blocking", ["BlockingRoom", "BlockingEntity"]),
    ):
        names |= {name for each in classes for name in public_members(f"{client}/{module}.py", each)}
    text = "".join((tree.ROOT / guide).read_text(encoding="utf-8") for guide in GUIDES)
    assert unmentioned(text, names) == []


def test_the_link_check_can_fail() -> None:
    text = "# A b\n[a](LICENSE) [b](nowhere.md) ![c](docs/none.png)\n[d](#a-b) [e](#c) [f](https://x.org) `[g](h)`\n"
    assert [str(found) for found in check_links("README.md", f"{text}```\n[i](j)\n```\n")] == [
        "README.md:2: nowhere.md is not there",
        "README.md:2: docs/none.png is not there",
        "README.md:3: #c: no such heading",
    ]


@pytest.mark.parametrize(
    "token",
    ["src/theta/base/nothing.py", "theta.base.nothing", "theta.base.errors.Nothing", "theta.Nothing", "Room.nothing"],
)
def test_the_name_check_can_fail(token: str) -> None:
    assert check_names("docs/a.md", f"see `{token}`")


@pytest.mark.parametrize(
    "token",
    ["src/theta/base/errors.py", "theta.base.errors", "theta.base.errors.ThetaError", "theta.connect", "Room.invite"],
)
def test_names_that_exist_pass(token: str) -> None:
    assert check_names("docs/a.md", f"see `{token}`") == []


def test_the_guide_check_can_fail() -> None:
    assert unmentioned("`create` and recreate", {"create", "undo"}) == ["undo"]
