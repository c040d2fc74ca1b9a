"""Wheel and sdist: made without Node where the page is built already, alike, and whole when installed alone."""

import asyncio
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import aiohttp
import pytest

import theta
from tests.support import installed

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What packages are made of."""
    return installed.copy_sources(tmp_path_factory.mktemp("copy") / "sources")


@pytest.fixture(scope="module")
def packages(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An sdist, and the wheel made from it; nothing is on the PATH meanwhile."""
    folder = tmp_path_factory.mktemp("packages")
    sdist = installed.build("sdist", sources, folder / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    assert not (unpacked / "web").exists()
    return sdist, installed.build("wheel", unpacked, folder / "wheel")


@pytest.fixture(scope="module")
def command(packages: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `theta` of an environment that holds the wheel."""
    return installed.install(packages[1], tmp_path_factory.mktemp("environment") / "venv")


def test_a_wheel_from_the_sdist_is_the_wheel_from_the_sources(
    packages: tuple[Path, Path], sources: Path, tmp_path: Path
) -> None:
    direct = installed.build("wheel", sources, tmp_path)
    assert direct.read_bytes() == packages[1].read_bytes()


def test_packages_are_the_same_each_time(packages: tuple[Path, Path], sources: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(sources, tmp_path / "elsewhere")
    assert installed.build("sdist", moved, tmp_path / "sdist").read_bytes() == packages[0].read_bytes()


def test_the_wheel_is_what_runs(command: Path, tmp_path: Path) -> None:
    assert installed.theta_of(command).is_relative_to(command.parent.parent)
    done = subprocess.run(
        [command, "--version"], cwd=tmp_path, env=installed.bare_environment(tmp_path), capture_output=True, text=True
    )
    assert done.stdout.strip() == f"theta {theta.__version__}"


async def test_it_serves_its_own_page(command: Path, tmp_path: Path) -> None:
    page = installed.theta_of(command).parent / "page"
    async with installed.serving_installed(command, tmp_path) as link, aiohttp.ClientSession() as http:
        url = link.partition("#")[0]
        async with http.get(url) as answer:
            assert answer.status == 200
            index = await answer.text()
        assert index == (page / "index.html").read_text(encoding="utf-8")
        assets = re.findall(r'(?:src|href)="\.?/?(assets/[^"]+)"', index)
        assert assets
        for asset in assets:
            async with http.get(f"{url.rstrip('/')}/{asset}") as answer:
                assert (answer.status, await answer.read()) == (200, (page / asset).read_bytes())


async def test_the_demo_runs_from_the_wheel(command: Path, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(str(command), "demo", "--no-lan", "--port", "0", "--seconds", "1", "--exit"),
        cwd=tmp_path,
        env=installed.bare_environment(tmp_path),
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(40):
        said, _ = await process.communicate()
    assert process.returncode == 0
    assert "Done: 39 objects" in said.decode()
