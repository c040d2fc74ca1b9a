"""A room file with assets: opened again, verified, exported, copied; and found out when one is gone or damaged."""

import shutil
import sqlite3
import struct
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

import theta
from tests.contract.transport_contract import soon
from tests.integration.test_host import Hosted
from tests.support.room_files import read_replica
from theta.adapters.http_server import HttpSettings, create_app
from theta.adapters.sqlite_store import SqliteLogStore
from theta.base.errors import StoreCorrupt
from theta.cli.room_files import back_up, export
from theta.cli.verify import verify
from theta.commands.store import StoredAsset
from theta.mesh import asset_name, encode_polygons

pytestmark = pytest.mark.integration

POINTS = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0)]
FINS = [(0, 1, 2), (1, 0, 3), (0, 1, 4)]


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    """A closed room in which somebody has imported an edge of three faces."""
    path = tmp_path / "studio.theta"
    hosted = Hosted(SqliteLogStore.open(path))
    server = TestServer(create_app(hosted.host, HttpSettings()))
    await server.start_server()
    link = f"{server.make_url('/')}#invite={hosted.host.room.invite('editor')}"
    async with theta.connect(link, name="Ada", identity=tmp_path / "ada.key") as room:
        await room.import_polygons(POINTS, FINS, name="fins")
    await soon(hosted.host.close())
    await server.close()
    return path


async def test_ast_10_it_is_verified_exported_and_copied_with_its_assets(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(file) == 0
    export(file, tmp_path / "fins.glb")
    content = (tmp_path / "fins.glb").read_bytes()
    (length,) = struct.unpack_from("<I", content, 12)
    assert b"fins" in content[20 : 20 + length]
    back_up(file, tmp_path / "copy.theta", with_key=False)
    assert verify(tmp_path / "copy.theta") == 0
    assert read_replica(tmp_path / "copy.theta").document.hash == read_replica(file).document.hash
    assert "good: " in capsys.readouterr().out


@pytest.mark.parametrize("damage", ["DELETE FROM assets", "UPDATE assets SET data = x'00'", "DROP TABLE assets"])
async def test_ast_10_verify_names_the_record_whose_asset_is_not_there(
    file: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with sqlite3.connect(file) as database:
        database.execute(damage)
    database.close()
    assert verify(file) == 1
    said = capsys.readouterr()
    name = asset_name(encode_polygons(POINTS, FINS)).hex()
    assert f"bad: record 3: the asset {name}, which it names," in said.err.replace("\n", " ")
    assert "authentic up to record 2" in said.out
    with pytest.raises(StoreCorrupt, match=name):
        read_replica(file)


def test_a_room_from_before_there_were_assets_opens_and_takes_one(tmp_path: Path) -> None:
    path = tmp_path / "old.theta"
    SqliteLogStore.open(path).close()
    with sqlite3.connect(path) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    database.close()
    assert tables == {"meta", "records"}
    shutil.copy(path, tmp_path / "copy.theta")
    reader = SqliteLogStore.open_read_only(tmp_path / "copy.theta")
    assert list(reader.assets()) == []
    reader.close()
    store = SqliteLogStore.open(path)
    store.drop_assets([bytes(32)])
    store.put_asset(StoredAsset(bytes(32), b"x", 1))
    store.close()
    store = SqliteLogStore.open(path)
    assert list(store.assets()) == [StoredAsset(bytes(32), b"x", 1)]
    store.close()


def test_an_asset_whose_columns_are_not_its_own_is_found(tmp_path: Path) -> None:
    path = tmp_path / "room.theta"
    store = SqliteLogStore.open(path)
    store.put_asset(StoredAsset(bytes(32), b"x", 1))
    store._connection.execute("DROP TABLE assets")
    store._connection.execute("CREATE TABLE assets (name, data, stored_ms)")
    store._connection.execute("INSERT INTO assets VALUES ('a', 1, 2)")
    with pytest.raises(StoreCorrupt, match="other types"):
        list(store.assets())
    store.close()
