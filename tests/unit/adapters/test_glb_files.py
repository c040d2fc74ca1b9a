from pathlib import Path

import pytest

from theta.adapters.glb_files import check_replaceable, check_target, write_glb_file
from theta.base.errors import InvalidValue, StoreUnavailable


def test_only_a_glb_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "out.glb"
    check_replaceable(target)
    write_glb_file(target, b"glTF 1")
    check_replaceable(target)
    write_glb_file(target, b"glTF 2")
    assert target.read_bytes() == b"glTF 2"
    target.write_bytes(b"SQLite format 3")
    with pytest.raises(InvalidValue, match="older GLB"):
        check_replaceable(target)
    with pytest.raises(InvalidValue, match="folder"):
        check_target(tmp_path)


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="cannot write"):
        write_glb_file(tmp_path / "none" / "out.glb", b"glTF")
    with pytest.raises(StoreUnavailable, match="cannot write"):
        check_replaceable(tmp_path / ("x" * 300))
    folder = tmp_path / "taken.glb"
    folder.mkdir()
    with pytest.raises(StoreUnavailable, match="cannot write"):
        write_glb_file(folder, b"glTF")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["taken.glb"]
