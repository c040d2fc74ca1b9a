"""spec/vectors/conflicts.json, read as another would: every row of the table, every strategy, both author orders."""

import itertools
import json
from typing import Any

import msgspec
import pytest

from theta.base.identifiers import CommandName, Position
from theta.commands.governance import Strategy
from theta.commands.log import Command
from theta.commands.registry import CommandRegistry
from theta.ecs.world import World
from theta.editor.document import Document
from theta.editor.refold import refold
from theta.editor.vocabulary import OPERATIONS
from theta.wire.messages import CommandEnvelope
from tools import conflict_vectors
from tools.conflict_vectors import ENTITY, Strict, fold_of
from tools.generate_vectors import VECTORS

FILE: dict[str, Any] = json.loads((VECTORS / "conflicts.json").read_text(encoding="utf-8"))
REGISTRY = CommandRegistry(OPERATIONS)
PIECES = {row.title: row.piece for row in conflict_vectors.rows()}


def command_of(vector: dict[str, Any]) -> Command:
    """A command of a program."""
    position = Position(int(vector["lamport"]), int(vector["actor"]), int(vector["number"]))
    name = CommandName(position.actor, position.number)
    raw = msgspec.Raw(bytes.fromhex(vector["payload"]))
    number, lamport = position.number, position.lamport
    envelope = CommandEnvelope(number, lamport, number, int(vector["type_id"]), vector["version"], raw)
    operation = REGISTRY.decode(envelope)
    return Command(position, name, name, bytes.fromhex(vector["author"]), vector["seq"], vector["seen"], operation)


def test_cmd_40_commands_are_ordered_by_their_positions() -> None:
    order = [Position(*map(int, each)) for each in FILE["order"]]
    assert all(one < other for one, other in itertools.pairwise(order))
    backwards = order[::-1]
    assert sorted(backwards) == order


@pytest.mark.parametrize("vector", FILE["programs"], ids=lambda each: each["title"])
def test_a_program_comes_to_its_end_in_whatever_order_it_arrives(vector: dict[str, Any]) -> None:
    commands, strategy = [command_of(each) for each in vector["commands"]], Strategy(vector["strategy"])
    names = [command.name for command in commands]
    for arrival in itertools.permutations(commands):
        fold, document = fold_of(arrival, strategy)
        assert document.hash.hex() == vector["document_hash"]
        outcomes = [fold.outcome(name) for name in names]
        told = [
            {"kind": each.kind, "against": [[str(part) for part in name] for name in each.against]}
            for each in outcomes
            if each is not None
        ]
        assert told == vector["outcomes"]
    mesh = document.mesh(ENTITY)
    assert mesh is not None
    piece = PIECES[vector["title"].rsplit(", ", 2)[0]]
    assert conflict_vectors.facts_of(piece, mesh, vector["facts"]) == vector["facts"]
    anew = Document(World())
    for entity, unit in refold(commands, judge=Strict(strategy)).items():
        anew.update(entity, unit)
    assert anew.hash == document.hash


def test_every_row_has_every_strategy_in_both_author_orders() -> None:
    titles = [each["title"].rsplit(", ", 2) for each in FILE["programs"]]
    assert {row for row, *_ in titles} == set(PIECES)
    assert len(PIECES) == 9
    wanted = itertools.product(PIECES, map(str, Strategy), ("Anna first", "Ben first"))
    assert sorted(map(tuple, titles)) == sorted(wanted)


def test_whoever_came_second_is_told_against_whom() -> None:
    for vector in FILE["programs"]:
        first, second = vector["commands"][1:3]
        outcome = vector["outcomes"][2]
        if outcome["kind"] in ("merged", "rejected"):
            assert outcome["against"] == [[first["actor"], first["number"]]], vector["title"]
        assert int(second["lamport"]) >= int(first["lamport"])
