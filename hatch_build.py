"""Builds the page into the wheel and the sdist, so that whoever installs Theta needs no Node.

The page is built with npm when it is not there, or when something in web/ is newer. An sdist has the page and no web/,
so that a wheel made from it builds nothing. An editable install serves what `make` builds, and is left alone.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGE = Path("src", "theta", "page", "index.html")
NOT_SOURCES = frozenset(("node_modules", "dist", "coverage"))
NOT_SOURCE_ENDINGS = (".tsbuildinfo", ".test.ts")
INSTALLED = Path("node_modules", ".package-lock.json")

Run = Callable[[Sequence[str], Path], int]


class PageNotBuilt(RuntimeError):
    """There is no page to put into the package, and none can be built here; says what to do."""


class PageBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Sees to the page before a wheel or an sdist is put together."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page unless it is there and current; nothing for an editable install."""
        if version != "editable":
            ensure_page(Path(self.root))


def ensure_page(root: Path, run: Run | None = None) -> bool:
    """Make sure that the page is there and as new as its sources; true when it was built.

    Raises:
        PageNotBuilt: it is not, and npm is missing or failed.
    """
    if is_current(root):
        return False
    web = root / "web"
    if not web.is_dir():
        raise PageNotBuilt(f"{PAGE} is missing, and so is web/, which it is built from: take a whole sdist or clone")
    npm = shutil.which("npm")
    if npm is None:
        state = "older than its sources in web/" if (root / PAGE).exists() else "missing"
        raise PageNotBuilt(
            f"{PAGE} is {state}, and there is no npm to build it with: install Node 20.19 or newer, or build where "
            "it is and copy src/theta/page here"
        )
    run = run or _run
    if not _is_newer(web / INSTALLED, web / "package-lock.json"):
        _must(run, (npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"), web)
    _must(run, (npm, "run", "--silent", "build"), web)
    if not (root / PAGE).exists():
        raise PageNotBuilt(f"`npm run build` in web/ left no {PAGE}")
    return True


def is_current(root: Path) -> bool:
    """Whether the page is there, and nothing that it is built from is newer; without web/ it cannot be older."""
    page = root / PAGE
    return page.exists() and all(_is_newer(page, source) for source in page_sources(root / "web"))


def page_sources(web: Path) -> Iterator[Path]:
    """The files that the page is made of; none when there is no such folder."""
    for folder, folders, files in os.walk(web):
        folders[:] = sorted(each for each in folders if each not in NOT_SOURCES)
        yield from (Path(folder, name) for name in sorted(files) if _is_source(name))


def _is_source(name: str) -> bool:
    return not name.endswith(NOT_SOURCE_ENDINGS) and ".timestamp-" not in name


def _is_newer(made: Path, source: Path) -> bool:
    return made.exists() and made.stat().st_mtime_ns >= source.stat().st_mtime_ns


def _must(run: Run, command: Sequence[str], folder: Path) -> None:
    code = run(command, folder)
    if code:
        raise PageNotBuilt(f"`npm {' '.join(command[1:])}` in web/ failed (exit {code}): see above")


def _run(command: Sequence[str], folder: Path) -> int:
    return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, check=False).returncode
