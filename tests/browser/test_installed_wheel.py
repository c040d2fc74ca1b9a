"""The wheel alone, in an environment of its own, with no Node anywhere on the PATH, serves a page that works."""

from pathlib import Path

import pytest

from tests.browser.stage import chromium, visit
from tests.support import installed

pytestmark = pytest.mark.browser


async def test_a_wheel_without_node_serves_a_page_that_comes_online(tmp_path: Path) -> None:
    wheel = installed.build("wheel", installed.copy_sources(tmp_path / "sources"), tmp_path / "wheel")
    command = installed.install(wheel, tmp_path / "venv")
    assert installed.theta_of(command).is_relative_to(tmp_path / "venv")
    (tmp_path / "room").mkdir()
    async with installed.serving_installed(command, tmp_path / "room") as link, chromium() as browser:
        ana = await visit(browser, link, "Ana")
        await ana.press("c")
        await ana.until("entities", "1")
        await ana.settled()
        assert ana.complaints == []
