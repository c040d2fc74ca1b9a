"""Nothing below adapters and cli touches a socket, a clock, a thread, a file or a random generator."""

import ast

import pytest

from tests.tidy import tree
from tests.tidy.tree import Finding

IMPURE_MODULES = frozenset(
    """
    aiohttp aioice aiopquic aioquic aiortc anyio asyncio concurrent ctypes fcntl ftplib getpass glob http httpx
    logging mmap multiprocessing nats opuslib_next os pathlib platform psutil queue random requests resource
    sched secrets select selectors shutil signal smtplib socket socketserver sqlite3 ssl subprocess tempfile
    threading time trio urllib urllib3 uuid uvloop websockets wsgiref
    """.split()
)
# Where a pure library has impure corners; what lies below one is meant too.
IMPURE_ORIGINS = (
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "nacl.public.PrivateKey.generate",
    "nacl.signing.SigningKey.generate",
    "nacl.utils.random",
    "numpy.fromfile",
    "numpy.genfromtxt",
    "numpy.load",
    "numpy.loadtxt",
    "numpy.memmap",
    "numpy.random",
    "numpy.save",
    "numpy.savetxt",
    "numpy.savez",
    "numpy.savez_compressed",
    "sys.stdin",
    "sys.stdout",
)
IMPURE_BUILTINS = frozenset({"open", "input", "print", "__import__"})
IMPORTERS = ("importlib.import_module",)


def _impure_origin(name: str) -> bool:
    corner = any(name == origin or name.startswith(f"{origin}.") for origin in IMPURE_ORIGINS)
    return corner or name.split(".", maxsplit=1)[0] in IMPURE_MODULES


def check_purity(place: str, source: str) -> list[Finding]:
    """Imports and calls through which a module would reach the outside world."""
    if tree.package_of(place) in tree.IMPURE_PACKAGES:
        return []
    module = ast.parse(source)
    names = tree.imported_names(module)
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found += [Finding(place, node.lineno, f"imports {a.name}") for a in node.names if _impure_origin(a.name)]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            full = [f"{node.module}.{a.name}" for a in node.names]
            found += [Finding(place, node.lineno, f"imports {name}") for name in full if _impure_origin(name)]
        elif isinstance(node, ast.Attribute) and tree.origin(node, names) in IMPURE_ORIGINS:
            found.append(Finding(place, node.lineno, f"uses {tree.origin(node, names)}"))
        elif isinstance(node, ast.Call):
            found += _check_call(place, node, names)
    return found


def _check_call(place: str, node: ast.Call, names: dict[str, str]) -> list[Finding]:
    if isinstance(node.func, ast.Name) and node.func.id in IMPURE_BUILTINS and node.func.id not in names:
        return [Finding(place, node.lineno, f"calls {node.func.id}()")]
    first = node.args[0] if node.args else None
    named = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
    if tree.origin(node.func, names) in IMPORTERS and _impure_origin(named):
        return [Finding(place, node.lineno, f"imports {named}")]
    return []


def test_nothing_below_adapters_reaches_the_outside_world() -> None:
    assert tree.run(check_purity, "src/theta") == []


@pytest.mark.parametrize(
    "source",
    [
        "import asyncio",
        "import os.path",
        "import time as clock",
        "from random import Random",
        "def f():\n    from socket import socket",
        "import os\nos.urandom(8)",
        "from os import urandom",
        "import numpy as np\nnp.random.default_rng(1)",
        "from numpy import random",
        "from numpy.random import default_rng",
        "import numpy.random",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import datetime as moment\nmoment.utcnow()",
        "from nacl.signing import SigningKey\nSigningKey.generate()",
        "open('a')",
        "__import__('time')",
        "import importlib\nimportlib.import_module('time')",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import sqlite3",
    ],
)
def test_the_purity_check_can_fail(source: str) -> None:
    assert check_purity("src/theta/mesh/topology.py", source)


def test_adapters_and_cli_may_be_impure_and_pure_code_passes() -> None:
    assert check_purity("src/theta/adapters/websocket.py", "import asyncio") == []
    assert check_purity("src/theta/cli/main.py", "import time") == []
    assert check_purity("src/theta/sim/clock.py", "import time") != []
    assert check_purity("src/theta/__init__.py", "import asyncio") != []
    pure = "import numpy as np\nfrom theta.base import random\nfrom . import time\nnp.sqrt(1.0)\nself.random.next()"
    assert check_purity("src/theta/mesh/topology.py", pure) == []
