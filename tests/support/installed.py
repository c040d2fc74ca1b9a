"""Theta as somebody gets it who has no Node: the wheel alone, in an environment of its own."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import venv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGED = ("src", "spec", "hatch_build.py", "pyproject.toml", "README.md", "LICENSE")
LINK = re.compile(r"http://\S+#invite=\S+")


def copy_sources(folder: Path) -> Path:
    """What packages are made of, without web/: nothing here can build the page, so the one that is built is used."""
    folder.mkdir()
    for name in PACKAGED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, folder / name)
    assert (folder / "src" / "theta" / "page" / "index.html").exists(), "the page is not built: `make setup` builds it"
    return folder


def build(kind: str, sources: Path, target: Path) -> Path:
    """Make a "wheel" or an "sdist", with nothing on the PATH."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(target)]
    done = subprocess.run(command, cwd=sources, env=bare_environment(target), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (package,) = target.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return package


def bare_environment(home: Path) -> dict[str, str]:
    """No Node, no npm, nothing at all on the PATH."""
    empty = home / "nothing"
    empty.mkdir(parents=True, exist_ok=True)
    return {"HOME": str(home), "PATH": str(empty), "COLUMNS": "200", "LANG": "C.UTF-8"}


def install(wheel: Path, folder: Path) -> Path:
    """A new environment with the wheel in it, and this environment's packages to lean on; returns its `theta`.

    A path file lends those packages; path files among them are not followed, so that a Theta under development here
    stays out of sight.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    options = ("--no-deps", "--no-index", "--no-cache-dir", "--disable-pip-version-check", "--quiet")
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", *options, str(wheel)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "lent.pth").write_text(sysconfig.get_paths()["platlib"] + "\n", encoding="utf-8")
    return folder / "bin" / "theta"


@asynccontextmanager
async def serving_installed(command: Path, folder: Path) -> AsyncIterator[str]:
    """The installed `theta serve`, in a folder of its own with nothing on the PATH; gives the editors' link."""
    process = await asyncio.create_subprocess_exec(
        *(str(command), "serve", "--no-lan", "--port", "0"),
        cwd=folder,
        env=bare_environment(folder),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            found = None
            while found is None:
                line = (await process.stdout.readline()).decode()
                assert line, "theta serve ended without a link"
                found = LINK.search(line)
        yield found.group()
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        async with asyncio.timeout(30):
            await process.communicate()


def theta_of(command: Path) -> Path:
    """Where the Theta comes from that this command runs."""
    script = "import theta; print(theta.__file__)"
    python = command.with_name("python")
    done = subprocess.run(
        [str(python), "-c", script],
        cwd=command.parent,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())
