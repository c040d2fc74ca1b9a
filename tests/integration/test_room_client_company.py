"""The Python client in company: branches, undo over what others built, conflicts, roles, kicks and invites."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from aiohttp.test_utils import TestServer

import theta
from tests.contract.transport_contract import soon
from tests.integration.test_host import Hosted
from theta.adapters.client import BlockingEntity, BlockingRoom, Entity, RoomClient, looking_back
from theta.adapters.host import machine_clock
from theta.adapters.http_server import HttpSettings, create_app
from theta.adapters.memory_store import MemoryLogStore
from theta.base.errors import StoreUnavailable
from theta.base.identifiers import MAIN_BRANCH
from theta.commands.identity import Identity
from theta.commands.refusals import Kicked, Revoked
from theta.node.events import Event, PreviewChanged
from theta.session.invites import Invite, make_invite, read_invite
from theta.session.secret import RoomSecret

pytestmark = pytest.mark.integration

ADA, BOB = Identity.from_seed(b"\x08" * 32), Identity.from_seed(b"b" * 32)
"""Ada owns the room."""
CLOCKS_DIFFER_MS = 1_000
"""Everybody stamps by the room's clock as they know it, from the time that pings took."""
RED, BLUE = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)


@pytest.fixture
async def hosted() -> AsyncIterator[Hosted]:
    """A room in memory, on a port."""
    hosted = Hosted(MemoryLogStore())
    yield hosted
    await soon(hosted.host.close())


@pytest.fixture
async def link(hosted: Hosted) -> AsyncIterator[str]:
    """The editors' link."""
    server = TestServer(create_app(hosted.host, HttpSettings()))
    await server.start_server()
    yield f"{server.make_url('/')}#invite={hosted.host.room.invite('editor')}"
    await server.close()


@pytest.fixture
async def both(link: str) -> AsyncIterator[tuple[RoomClient, RoomClient]]:
    """Ada and Bob, who end with the same document when they are on the same branch."""
    async with AsyncExitStack() as stack:
        ada = await stack.enter_async_context(RoomClient(link, "Ada", None, ADA))
        bob = await stack.enter_async_context(RoomClient(link, "Bob", None, BOB))
        yield ada, bob


async def together(*rooms: RoomClient) -> None:
    """Wait until everybody has the same log."""
    async with asyncio.timeout(20):
        for room in rooms:
            for other in rooms:
                await room.wait_until(lambda room=room, other=other: room.head_seq >= other.head_seq)  # type: ignore[misc]


def top_of(entity: Entity) -> bytes:
    """The one face that looks up."""
    (face,) = entity.select.faces_toward((0, 1, 0))
    return face


class TestBranches:
    async def test_work_on_a_branch_stays_there_until_it_is_merged(self, both: tuple[RoomClient, RoomClient]) -> None:
        ada, bob = both
        cube = await ada.create("cube", name="tower")
        assert (ada.branch.name, ada.branch.id) == ("main", MAIN_BRANCH)
        draft = await ada.create_branch("draft")
        assert [branch.name for branch in ada.branches] == ["main", "draft"]
        assert (draft.parent, draft.fork, draft.author) == (MAIN_BRANCH, draft.seq - 1, ADA.public_key)
        await ada.switch_branch("draft")
        await cube.paint(RED)
        await ada.create("cube", name="annex")
        await together(ada, bob)
        assert [entity.name for entity in bob.entities] == ["tower"]
        assert bob.find("tower").colour != RED
        await bob.find("tower").rename("keep")
        await together(ada, bob)
        assert sorted(entity.name for entity in ada.entities) == ["annex", "tower"]
        await ada.switch_branch("main")
        assert [entity.name for entity in ada.entities] == ["keep"]
        await ada.merge_branch("draft")
        await together(ada, bob)
        assert sorted(entity.name for entity in bob.entities) == ["annex", "keep"]
        assert bob.find("keep").colour == RED
        assert ada.document_hash == bob.document_hash

    async def test_merging_twice_changes_nothing(self, both: tuple[RoomClient, RoomClient]) -> None:
        ada, _ = both
        await ada.create("cube", name="tower")
        draft = await ada.create_branch("draft")
        await ada.switch_branch(draft)
        await ada.create("cube", name="annex")
        await ada.switch_branch(MAIN_BRANCH)
        await ada.merge_branch(draft.id)
        merged = ada.document_hash
        await ada.merge_branch(draft)
        assert ada.document_hash == merged

    async def test_a_branch_from_an_earlier_moment(self, both: tuple[RoomClient, RoomClient]) -> None:
        ada, _ = both
        await ada.create("cube", name="first")
        then, document_hash = ada.head_seq, ada.document_hash
        await ada.create("cube", name="second")
        await ada.switch_branch(await ada.create_branch("before", at=then, parent="main"))
        assert [entity.name for entity in ada.entities] == ["first"]
        assert ada.document_hash == document_hash

    async def test_a_gesture_may_be_left_out_of_a_merge(self, both: tuple[RoomClient, RoomClient]) -> None:
        ada, _ = both
        await ada.create("cube", name="tower")
        await ada.switch_branch(await ada.create_branch("draft"))
        await ada.create("cube", name="wanted")
        await ada.create("cube", name="unwanted")
        (unwanted,) = await ada.history(1)
        assert unwanted.entity is not None
        assert unwanted.entity.name == "unwanted"
        await ada.switch_branch("main")
        await ada.merge_branch("draft", strategy="merge", dropped=[unwanted.gesture])
        assert sorted(entity.name for entity in ada.entities) == ["tower", "wanted"]

    async def test_what_cannot_be_is_said(self, both: tuple[RoomClient, RoomClient]) -> None:
        ada, _ = both
        await ada.create("cube")
        with pytest.raises(theta.InvalidValue, match="one of main"):
            await ada.switch_branch("nowhere")
        with pytest.raises(theta.InvalidValue, match="at is 99"):
            await ada.create_branch("draft", at=99)
        with pytest.raises(theta.InvalidValue, match="name is ''"):
            await ada.create_branch("")
        with pytest.raises(theta.InvalidValue, match="strategy is 'coin'"):
            await ada.merge_branch("main", strategy="coin")  # type: ignore[arg-type]
        await ada.create_branch("draft")
        with pytest.raises(theta.NoEffect, match="a branch 'draft' already"):
            await ada.create_branch("draft")


async def test_what_one_does_shows_before_the_room_has_answered(both: tuple[RoomClient, RoomClient]) -> None:
    ada, _ = both
    cube = await ada.create("cube", name="tower")
    changed: list[Event] = []
    ada.on_event = lambda event: changed.append(event) if isinstance(event, PreviewChanged) else None
    painting = asyncio.create_task(cube.paint(RED))
    await asyncio.sleep(0)
    shown = ada.preview.unit(cube.id)
    assert shown is not None
    assert shown.material is not None
    assert (shown.material.colour, cube.colour == RED) == (RED, False)
    assert PreviewChanged(frozenset({cube.id})) in changed
    await painting
    assert cube.colour == RED


class TestUndoInCompany:
    async def test_what_others_built_can_be_taken_along_and_comes_back(
        self, both: tuple[RoomClient, RoomClient]
    ) -> None:
        ada, bob = both
        cube = await ada.create("cube", name="tower")
        await together(ada, bob)
        await bob.find("tower").extrude_face(top_of(bob.find("tower")), 0.5)
        await together(ada, bob)
        before = ada.document_hash
        with pytest.raises(theta.UndoConflict, match=r"Bob \(extrude face\)"):
            await ada.undo()
        assert ada.document_hash == before
        await ada.undo(cascade=True)
        assert not cube.exists
        await together(ada, bob)
        await ada.redo()
        await together(ada, bob)
        assert ada.document_hash == bob.document_hash == before

    async def test_a_room_may_forbid_it(self, both: tuple[RoomClient, RoomClient]) -> None:
        ada, bob = both
        await ada.set_cascade(False)
        cube = await ada.create("cube", name="tower")
        await together(ada, bob)
        await bob.find("tower").extrude_face(top_of(bob.find("tower")), 0.5)
        await together(ada, bob)
        with pytest.raises(theta.NoEffect, match="NotAllowed"):
            await ada.undo(cascade=True)
        assert cube.exists

    async def test_whose_work_met_whose_is_told_to_both(self, both: tuple[RoomClient, RoomClient]) -> None:
        ada, bob = both
        await ada.set_strategy("reject", "paint")
        cube = await ada.create("cube", name="tower")
        await together(ada, bob)
        painted = await asyncio.gather(cube.paint(RED), bob.find("tower").paint(BLUE), return_exceptions=True)
        refused = [each for each in painted if isinstance(each, theta.NoEffect)]
        assert [each for each in painted if each is not None] == refused
        await together(ada, bob)
        if not refused:
            return  # one had seen the other's, so that there was no conflict
        found = {
            room.name_of(identity.public_key): room.take_conflicts() for room, identity in ((ada, ADA), (bob, BOB))
        }
        assert {name: [conflict.name for conflict in told] for name, told in found.items()} == {
            "Ada": ["Bob"],
            "Bob": ["Ada"],
        }
        (mine,) = found["Ada"]
        assert (mine.mine, mine.theirs, mine.strategy, mine.outcome.kind) == ("paint", "paint", "reject", "rejected")
        assert mine.entity.name == "tower"
        assert mine.mine_is_later != found["Bob"][0].mine_is_later
        assert ada.take_conflicts() == []


class TestThePast:
    async def test_the_last_gestures_newest_first(self, both: tuple[RoomClient, RoomClient]) -> None:
        ada, bob = both
        began_ms = machine_clock().unix_ms
        cube = await ada.create("cube", name="tower")
        await together(ada, bob)
        async with bob.gesture():
            await bob.find("tower").paint(RED)
            await bob.find("tower").rename("keep")
        await together(ada, bob)
        newest, oldest = await ada.history(2)
        assert (newest.name, newest.what, newest.author, newest.outcome) == ("Bob", "paint", BOB.public_key, "applied")
        assert (oldest.name, oldest.what, oldest.entity) == ("Ada", "create primitive", cube)
        now_ms = machine_clock().unix_ms
        for past in (oldest, newest):
            assert began_ms - CLOCKS_DIFFER_MS <= past.at_ms <= now_ms + CLOCKS_DIFFER_MS
        assert await ada.history(5, before=newest.seq) == [oldest]
        with pytest.raises(theta.InvalidValue, match="count is 0"):
            await ada.history(0)
        with pytest.raises(theta.InvalidValue, match="before is -1"):
            await ada.history(1, before=-1)

    async def test_who_made_what(self, both: tuple[RoomClient, RoomClient]) -> None:
        ada, bob = both
        cube = await ada.create("cube", name="tower")
        await together(ada, bob)
        theirs = bob.find("tower")
        cap = await theirs.extrude_face(top_of(theirs), 0.5)
        await together(ada, bob)
        made = await ada.who_made(cube)
        assert (made.name, made.what) == ("Ada", "create primitive")
        pulled = await ada.who_made(cube, cap.vertices[0])
        assert (pulled.name, pulled.what, pulled.author) == ("Bob", "extrude face", BOB.public_key)
        assert pulled.seq > made.seq
        assert pulled.at_ms >= made.at_ms
        await cube.delete()
        with pytest.raises(theta.UnknownElement):
            await ada.who_made(cube)

    async def test_the_room_is_asked_what_is_not_held_here(
        self, both: tuple[RoomClient, RoomClient], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ada, bob = both
        await ada.create("cube", name="tower")
        await together(ada, bob)
        tower = bob.find("tower")
        cap = await tower.extrude_face(top_of(tower), 0.5)
        here = [await bob.history(2), await bob.who_made(tower), await bob.who_made(tower, cap.vertices[0])]

        def is_not_here(*_: object) -> None:
            raise StoreUnavailable("it is not held here")

        monkeypatch.setattr(looking_back, "gestures_before", is_not_here)
        monkeypatch.setattr(bob.replica.reader, "records", is_not_here)
        monkeypatch.setattr(bob, "maker_of", is_not_here)
        assert [await bob.history(2), await bob.who_made(tower), await bob.who_made(tower, cap.vertices[0])] == here
        gone = Entity(bob, bytes(16))
        with pytest.raises(theta.UnknownElement):
            await bob.who_made(gone)


class TestAnAdmin:
    async def test_makes_a_viewer_of_an_editor_and_back(self, both: tuple[RoomClient, RoomClient]) -> None:
        ada, bob = both
        await ada.set_role("Bob", "viewer")
        await soon(bob.wait_until(lambda: bob.role == "viewer"))
        with pytest.raises(theta.CommandRefused, match="NotAllowed"):
            await bob.create("cube")
        (person,) = (person for person in ada.people if person.name == "Bob")
        await ada.set_role(person, "editor")
        await soon(bob.wait_until(lambda: bob.role == "editor"))
        await bob.create("cube")

    async def test_is_the_only_one_who_may(self, both: tuple[RoomClient, RoomClient]) -> None:
        ada, bob = both
        for attempt in (
            bob.set_role("Ada", "viewer"),
            bob.kick("Ada"),
            bob.revoke("Ada"),
            bob.set_strategy("merge"),
            bob.set_permission("delete", "viewer"),
            bob.set_cascade(False),
        ):
            with pytest.raises(theta.CommandRefused, match="NotAllowed"):
                await attempt
        with pytest.raises(theta.CommandRefused, match="NotAllowed"):
            await bob.invite("admin")
        assert ada.role == "admin"

    async def test_cannot_lower_the_owner(self, both: tuple[RoomClient, RoomClient]) -> None:
        ada, _ = both
        with pytest.raises((theta.CommandRefused, theta.NoEffect), match="owner"):
            await ada.set_role("Ada", "viewer")

    async def test_leaves_a_type_of_command_to_admins(self, both: tuple[RoomClient, RoomClient]) -> None:
        ada, bob = both
        cube = await ada.create("cube", name="tower")
        await ada.set_permission("delete", "admin")
        await together(ada, bob)
        with pytest.raises(theta.CommandRefused, match="NotAllowed"):
            await bob.find("tower").delete()
        await cube.delete()

    async def test_kicks_somebody_who_may_come_back(self, both: tuple[RoomClient, RoomClient], link: str) -> None:
        ada, bob = both
        await ada.kick("Bob", "take a break")
        with pytest.raises(theta.ConnectionFailed, match="take a break") as told:
            await soon(bob.wait_until(lambda: False))
        assert told.value.close_code == Kicked.close_code
        async with RoomClient(link, "Bob", None, BOB) as again:
            await again.create("cube")

    async def test_revokes_a_key_and_restores_it(self, both: tuple[RoomClient, RoomClient], link: str) -> None:
        ada, bob = both
        await bob.create("cube", name="theirs")
        await ada.revoke(BOB.public_key, "spam")
        with pytest.raises(theta.ConnectionFailed) as told:
            await soon(bob.wait_until(lambda: False))
        assert told.value.close_code == Revoked.close_code
        with pytest.raises(theta.ConnectionFailed) as refused:
            await RoomClient(link, "Bob", None, BOB).__aenter__()
        assert refused.value.close_code == Revoked.close_code
        assert ada.find("theirs").owner == "Bob"
        await ada.restore(BOB.public_key.hex()[:8])
        async with RoomClient(link, "Bob", None, BOB) as again:
            assert again.find("theirs").exists

    async def test_makes_invites_that_end(self, both: tuple[RoomClient, RoomClient], hosted: Hosted) -> None:
        ada, _ = both
        made = await ada.invite("viewer", 3_600)
        assert read_invite(made.token) == Invite("viewer", made.expires_ms, ada.replica.log.genesis.room)
        assert 3_500_000 < made.expires_ms - machine_clock().unix_ms <= 3_600_000
        lasting = await ada.invite()
        assert (lasting.role, lasting.expires_ms) == ("editor", 0)
        assert lasting.token == hosted.host.room.invite("editor")
        for role, seconds in (("owner", None), ("editor", 0)):
            with pytest.raises(theta.InvalidValue):
                await ada.invite(role, seconds)  # type: ignore[arg-type]

    async def test_says_whom_it_means(self, both: tuple[RoomClient, RoomClient], link: str) -> None:
        ada, _ = both
        with pytest.raises(theta.InvalidValue, match="who ever came in, by name or key: Ada"):
            await ada.kick("Eve")
        with pytest.raises(theta.InvalidValue, match="32 bytes"):
            await ada.kick(b"short")
        with pytest.raises(theta.InvalidValue, match="role is 'king'"):
            await ada.set_role("Bob", "king")  # type: ignore[arg-type]
        with pytest.raises(theta.InvalidValue, match="command is 'explode'"):
            await ada.set_permission("explode", "admin")
        async with RoomClient(link, "bob", None, Identity.from_seed(b"t" * 32)):
            with pytest.raises(theta.InvalidValue, match="several called so"):
                await ada.kick("Bob")


async def test_an_invite_that_is_over_lets_nobody_in(hosted: Hosted, link: str) -> None:
    over = make_invite(RoomSecret(b"\x07" * 32), "editor", machine_clock().unix_ms - 1)
    address = link.partition("#")[0]
    with pytest.raises(theta.ConnectionFailed, match="the invite is over"):
        await RoomClient(f"{address}#invite={over}", "Bob", None, BOB).__aenter__()
    good = make_invite(RoomSecret(b"\x07" * 32), "viewer", machine_clock().unix_ms + 60_000)
    async with RoomClient(f"{address}#invite={good}", "Bob", None, BOB) as bob:
        assert bob.role == "viewer"


async def test_all_of_it_without_await(link: str) -> None:
    def work() -> None:
        with BlockingRoom(RoomClient, link, "Ada", None, ADA) as room:
            tower = room.create("cube", name="tower")
            draft = room.create_branch("draft")
            room.switch_branch("draft")
            assert (room.branch, room.find_branch("draft")) == (draft, draft)
            tower.paint(RED)
            room.switch_branch("main")
            room.merge_branch(draft)
            assert tower.colour == RED
            assert [branch.name for branch in room.branches] == ["main", "draft"]
            merge, paint = room.history(2)[:2]
            assert merge.what.startswith("merge")
            assert isinstance(paint.entity, BlockingEntity)
            assert paint.entity.name == "tower"
            assert room.who_made(tower).what == "create primitive"
            assert room.conflicts() == []
            room.undo(cascade=True)
            room.set_strategy("merge")
            room.set_permission("delete", "admin")
            room.set_cascade(True)
            assert room.invite("viewer", 60).role == "viewer"
            other = Identity.from_seed(b"c" * 32).public_key
            room.set_role(other, "viewer")
            room.kick(other, "bye")
            room.revoke(other)
            room.restore(other)

    await asyncio.to_thread(work)
