"""Modules, adapters and functions stay small enough to be read in one sitting."""

import ast

from tests.tidy import tree
from tests.tidy.tree import Finding

MODULE_LINES_MAX = 650
ADAPTER_LINES_MAX = 300
FUNCTION_LINES_MAX = 70


def function_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function's body, its docstring left out."""
    body = function.body[1:] if ast.get_docstring(function, clean=False) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def check_sizes(place: str, source: str) -> list[Finding]:
    """Modules and functions over their limit."""
    lines = source.count("\n") + 1
    limit = ADAPTER_LINES_MAX if tree.package_of(place) == "adapters" else MODULE_LINES_MAX
    found = [Finding(place, lines, f"{lines} lines, at most {limit}")] if lines > limit else []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and function_lines(node) > FUNCTION_LINES_MAX:
            problem = f"{node.name} has {function_lines(node)} lines, at most {FUNCTION_LINES_MAX}"
            found.append(Finding(place, node.lineno, problem))
    return found


def test_modules_and_functions_are_small() -> None:
    assert tree.run(check_sizes, "src/theta", "tools", "tests", "benches", "examples") == []


def test_the_size_check_can_fail() -> None:
    assert check_sizes("src/theta/node/room.py", "x = 1\n" * 650)
    assert not check_sizes("src/theta/node/room.py", "x = 1\n" * 649)
    assert check_sizes("src/theta/adapters/http.py", "x = 1\n" * 300)
    assert not check_sizes("src/theta/adapters/http.py", "x = 1\n" * 299)
    assert check_sizes("src/theta/ecs/world.py", "def f():\n" + "    x = 1\n" * 71)
    assert not check_sizes(
        "src/theta/ecs/world.py", 'def f():\n    """Says.\n\n    More.\n    """\n' + "    x = 1\n" * 70
    )
    assert check_sizes("src/theta/ecs/world.py", "class A:\n    async def f(self):\n" + "        x = 1\n" * 71)
