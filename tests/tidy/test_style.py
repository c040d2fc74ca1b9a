"""Public names are documented, errors assign fault, notes have an owner, and tests wait for events, not for time."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator

import pytest

from tests.tidy import tree
from tests.tidy.tree import Finding

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
UNOWNED_NOTE = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b(?!\([a-z][\w.-]*\))")
SCRIPT_COMMENT = re.compile(r"//.*|/\*.*?\*/", re.DOTALL)
# These decorators mark a second half of something documented elsewhere.
ECHOES = frozenset({"overload", "override", "setter", "deleter"})
FAULTLESS = frozenset({"Exception", "BaseException"})
DETERMINISTIC_TESTS = (
    "tests/unit",
    "tests/property",
    "tests/sim",
    "tests/simulation",
    "tests/contract",
    "tests/conformance",
)


def _public_definitions(body: list[ast.stmt]) -> Iterator[Definition]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from _public_definitions(node.body)
        elif isinstance(node, ast.If | ast.Try):
            yield from _public_definitions(node.body)
            yield from _public_definitions(node.orelse)


def _is_echo(node: Definition) -> bool:
    names = {
        d.attr if isinstance(d, ast.Attribute) else d.id if isinstance(d, ast.Name) else "" for d in node.decorator_list
    }
    return bool(names & ECHOES)


def check_documented(place: str, source: str) -> list[Finding]:
    """Modules and public names without a docstring."""
    module = ast.parse(source)
    found = [] if ast.get_docstring(module) or not module.body else [Finding(place, 1, "the module has no docstring")]
    return found + [
        Finding(place, node.lineno, f"{node.name} has no docstring")
        for node in _public_definitions(module.body)
        if not ast.get_docstring(node) and not _is_echo(node)
    ]


def check_errors(place: str, source: str) -> list[Finding]:
    """Errors caught or raised without saying which: `except:`, `except BaseException` swallowed, `raise Exception`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.id if isinstance(node.type, ast.Name) else ""
            raises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
            if node.type is None:
                found.append(Finding(place, node.lineno, "a bare except"))
            elif caught == "BaseException" and not raises:
                found.append(Finding(place, node.lineno, "swallows BaseException"))
            elif caught == "Exception" and all(isinstance(inner, ast.Pass) for inner in node.body):
                found.append(Finding(place, node.lineno, "swallows Exception in silence"))
        elif isinstance(node, ast.Raise):
            raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if isinstance(raised, ast.Name) and raised.id in FAULTLESS:
                found.append(Finding(place, node.lineno, f"raises {raised.id}, which assigns no fault"))
    return found


def check_notes(place: str, source: str) -> list[Finding]:
    """Comments that promise later work and name nobody, in Python or in TypeScript."""
    if place.endswith(".py"):
        tokens = tokenize.generate_tokens(io.StringIO(source).readline)
        comments = [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]
    else:
        comments = [(source.count("\n", 0, m.start()) + 1, m.group()) for m in SCRIPT_COMMENT.finditer(source)]
    return [
        Finding(place, line, f"a note without an owner: {text.strip()}")
        for line, text in comments
        if UNOWNED_NOTE.search(text)
    ]


def check_sleeps(place: str, source: str) -> list[Finding]:
    """Real sleeps; asyncio.sleep(0), which only yields, is none."""
    module = ast.parse(source)
    names = tree.imported_names(module)
    return [
        Finding(place, node.lineno, "sleeps: wait for the event, with a deadline")
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
        and tree.origin(node.func, names) in ("time.sleep", "asyncio.sleep", "trio.sleep")
        and not (node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0)
    ]


def test_public_names_are_documented() -> None:
    assert tree.run(check_documented, "src/theta", "tools") == []


def test_errors_say_which() -> None:
    assert tree.run(check_errors, "src/theta", "tools", "tests", "benches", "examples") == []


def test_notes_have_an_owner() -> None:
    assert tree.run(check_notes, "src/theta", "tools", "tests", "benches", "examples") == []
    scripts = tree.text_files("web", ".ts", ".tsx", ".css", ".js", ".mjs")
    assert [str(found) for place, source in scripts for found in check_notes(place, source)] == []


def test_deterministic_tests_do_not_sleep() -> None:
    assert tree.run(check_sleeps, *DETERMINISTIC_TESTS) == []


@pytest.mark.parametrize(
    "source",
    [
        "x = 1",
        '"""M."""\ndef f(): ...',
        '"""M."""\nclass A: ...',
        '"""M."""\nclass A:\n    """A."""\n    def f(self): ...',
        '"""M."""\nif x:\n    async def f(): ...',
    ],
)
def test_the_documentation_check_can_fail(source: str) -> None:
    assert check_documented("src/theta/base/errors.py", source)


def test_documented_and_private_names_pass() -> None:
    source = '"""M."""\ndef _f(): ...\ndef f():\n    """Does."""\n    def inner(): ...\n@overload\ndef g(): ...'
    assert check_documented("src/theta/base/errors.py", source) == []


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    f()\nexcept:\n    raise",
        "raise Exception('x')",
        "raise BaseException",
        "try:\n    f()\nexcept Exception:\n    pass",
        "try:\n    f()\nexcept BaseException:\n    g()",
    ],
)
def test_the_error_check_can_fail(source: str) -> None:
    assert check_errors("src/theta/base/errors.py", source)


def test_errors_that_say_which_pass() -> None:
    source = "try:\n    f()\nexcept (ValueError, KeyError):\n    pass\nexcept BaseException:\n    g()\n    raise\n"
    assert check_errors("src/theta/base/errors.py", f"{source}raise PeerError()") == []


def test_the_note_check_can_fail() -> None:
    word = "TO" + "DO"
    assert check_notes("src/theta/a.py", f"x = 1  # {word}: later")
    assert check_notes("web/a.ts", f"const a = 1; // {word} later")
    assert check_notes("web/a.ts", f"/* a\n {word} b */")
    assert not check_notes("src/theta/a.py", f"x = 1  # {word}(ada): later")
    assert not check_notes("src/theta/a.py", f"x = '{word}'")


@pytest.mark.parametrize("source", ["import time\ntime.sleep(1)", "from asyncio import sleep\nsleep(0.1)"])
def test_the_sleep_check_can_fail(source: str) -> None:
    assert check_sleeps("tests/unit/test_a.py", source)
    assert not check_sleeps("tests/unit/test_a.py", "import asyncio\nasyncio.sleep(0)")
