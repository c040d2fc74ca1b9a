"""The build hook: the page is built when it is missing or old, never twice, and who cannot build it is told why."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

import hatch_build
from hatch_build import PAGE, PageBuildHook, PageNotBuilt, ensure_page, is_current, page_sources


class FakeNpm:
    """Writes a page as `npm run build` would, unless it fails."""

    def __init__(self, root: Path, failing: str = "") -> None:
        self._root = root
        self._failing = failing
        self.commands: list[str] = []

    def __call__(self, command: Sequence[str], folder: Path) -> int:
        assert folder == self._root / "web"
        self.commands.append(command[1])
        if command[1] == self._failing:
            return 7
        if command[1] == "run":
            write(self._root / PAGE, at=20)
        return 0


def write(path: Path, at: int) -> None:
    """A file that was changed at this second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("…", encoding="utf-8")
    os.utime(path, (at, at))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone whose page is current, on a machine with npm."""
    write(tmp_path / "web" / "package-lock.json", at=5)
    write(tmp_path / "web" / "packages" / "app" / "src" / "main.ts", at=8)
    write(tmp_path / "web" / "packages" / "app" / "src" / "main.test.ts", at=90)
    write(tmp_path / "web" / "tsconfig.tsbuildinfo", at=90)
    write(tmp_path / "web" / "node_modules" / ".package-lock.json", at=90)
    write(tmp_path / PAGE, at=10)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    return tmp_path


def test_a_current_page_is_left_alone(root: Path) -> None:
    npm = FakeNpm(root)
    assert not ensure_page(root, npm)
    assert npm.commands == []
    assert [path.name for path in page_sources(root / "web")] == ["package-lock.json", "main.ts"]


def test_a_page_older_than_its_sources_is_built_once(root: Path) -> None:
    write(root / "web" / "packages" / "app" / "src" / "main.ts", at=11)
    npm = FakeNpm(root)
    assert ensure_page(root, npm)
    assert npm.commands == ["run"], "what is installed needs no network"
    assert not ensure_page(root, npm)


def test_a_missing_page_is_built_and_so_is_what_it_takes(root: Path) -> None:
    (root / PAGE).unlink()
    (root / "web" / "node_modules" / ".package-lock.json").unlink()
    npm = FakeNpm(root)
    assert ensure_page(root, npm)
    assert npm.commands == ["ci", "run"]


def test_an_sdist_needs_no_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    write(tmp_path / PAGE, at=10)
    assert is_current(tmp_path)
    assert not ensure_page(tmp_path)


def test_without_npm_it_says_what_to_do(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    write(root / "web" / "packages" / "app" / "src" / "main.ts", at=11)
    with pytest.raises(PageNotBuilt, match=r"older than its sources.*no npm.*Node 20\.19"):
        ensure_page(root)
    (root / PAGE).unlink()
    with pytest.raises(PageNotBuilt, match=r"is missing, and there is no npm"):
        ensure_page(root)


def test_without_page_and_sources_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(PageNotBuilt, match="so is web/"):
        ensure_page(tmp_path)


@pytest.mark.parametrize("step", ["ci", "run"])
def test_a_failing_npm_stops_the_build(root: Path, step: str) -> None:
    (root / PAGE).unlink()
    (root / "web" / "node_modules" / ".package-lock.json").unlink()
    with pytest.raises(PageNotBuilt, match=rf"`npm {step}.*failed \(exit 7\)"):
        ensure_page(root, FakeNpm(root, failing=step))


def test_a_build_that_leaves_no_page_is_no_build(root: Path) -> None:
    (root / PAGE).unlink()
    with pytest.raises(PageNotBuilt, match="left no"):
        ensure_page(root, lambda command, folder: 0)


@pytest.mark.parametrize(("version", "looked"), [("editable", 0), ("standard", 1)])
def test_an_editable_install_builds_nothing(
    version: str, looked: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots: list[Path] = []
    monkeypatch.setattr(hatch_build, "ensure_page", roots.append)
    hook = PageBuildHook(str(tmp_path), {}, None, None, str(tmp_path), "wheel")  # type: ignore[arg-type]
    hook.initialize(version, {})
    assert roots == [tmp_path] * looked
