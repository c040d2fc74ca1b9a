"""Governing commands, each once, for spec/vectors/packet.json; and a governed log: spec/vectors/governing.json."""

from collections.abc import Mapping
from typing import Any

from theta.base import identifiers as ids
from theta.commands.governance import Governance, branch_id
from theta.commands.governing import (
    ANY_COMMAND,
    CreateBranch,
    Governing,
    Kick,
    MergeBranch,
    RestoreKey,
    RevokeKey,
    SetCascade,
    SetPermission,
    SetRole,
    SetStrategy,
)
from theta.commands.records import RecordKind, sign_part
from theta.editor.vocabulary import Paint
from theta.wire.messages import GestureName
from tools.log_vectors import Author, Script, small_log
from tools.vector_people import ANNA_ACTOR, BEN, BEN_ACTOR, CUBE, SECRET, UNIX_MS, run_of


def governing_operations() -> tuple[Governing, ...]:
    """Each type at least once."""
    attic = branch_id(CUBE)
    return (
        SetRole(BEN.public_key, "viewer"),
        Kick(BEN.public_key, "chat elsewhere 🌊"),
        RevokeKey(BEN.public_key, ""),
        RestoreKey(BEN.public_key),
        SetStrategy("theta.move_vertices", "merge"),
        SetStrategy(ANY_COMMAND, "last-writer-wins"),
        SetPermission("theta.paint", "admin"),
        SetCascade(False),
        CreateBranch("Dachboden", ids.MAIN_BRANCH, 2**40),
        MergeBranch(attic, 2**40 + 1, "reject", [GestureName(BEN_ACTOR, 9), GestureName(ANNA_ACTOR, 1)]),
        MergeBranch(run_of(40, 16), 1, "", []),
    )


def branch_ids() -> list[dict[str, Any]]:
    """The ids of branches by the commands that make them (CMD-65)."""
    names = (CUBE, ids.CommandName(BEN_ACTOR, 2**40))
    return [{"actor": str(name.actor), "number": str(name.number), "branch": branch_id(name).hex()} for name in names]


def governing_vectors() -> dict[str, Any]:
    """What comes after the log of log.json: a frontier, policies, a branch, a merge; and what each record changed."""
    script = small_log()
    log, governance = script.log, script.log.governance
    first = log.head_seq + 1
    anna, ben = (_again(script, seq) for seq in (2, 3))
    frontier = log.next_frontier(6, UNIX_MS + 20)
    assert frontier is not None
    script.take(RecordKind.FRONTIER, sign_part(SECRET.identity, log.genesis, frontier))
    script.take(RecordKind.PACKET, anna.packet(SetStrategy(ANY_COMMAND, "merge"), SetRole(BEN.public_key, "admin")))
    script.take(RecordKind.PACKET, ben.packet(CreateBranch("attic", ids.MAIN_BRANCH, 7), SetCascade(False)))
    attic = next(branch for branch in governance.branches if branch != ids.MAIN_BRANCH)
    anna.branch = attic
    script.take(RecordKind.PACKET, anna.packet(Paint(ids.entity_id(CUBE), (1.0, 1.0, 0.0))))
    script.take(RecordKind.PACKET, ben.packet(MergeBranch(attic, log.head_seq, "reject", [GestureName(ANNA_ACTOR, 1)])))
    seqs = range(first - 1, log.head_seq + 1)
    return {
        "records": [
            {"seq": each.seq, "kind": each.kind, "body": each.body.hex(), "chain": each.chain.hex()}
            for each in log.records_between(first, log.head_seq)
        ],
        "frontier": {"lamport": str(frontier.lamport), "seq": frontier.seq},
        "branches": [
            {"id": each.id.hex(), "name": each.name, "parent": each.parent.hex(), "fork": each.fork, "seq": each.seq}
            for each in governance.branches.values()
        ],
        "states": [
            {
                "seq": seq,
                "bens_role": governance.role_of(BEN.public_key, seq),
                "strategy": governance.strategy("theta.paint", seq),
                "cascade": governance.cascade_allowed(seq),
                "main": _vector(governance.vector(ids.MAIN_BRANCH, seq)),
                "attic": _vector(governance.vector(attic, seq)),
                "dropped": [[str(part) for part in name] for name in sorted(governance.dropped(ids.MAIN_BRANCH, seq))],
            }
            for seq in seqs
        ],
        "merge_strategies": [
            {"attic": brought, "main": there, "strategy": _between(governance, attic, brought, there)}
            for brought in (log.head_seq - 1, log.head_seq)
            for there in (7, 8)
        ],
    }


def _between(governance: Governance, attic: bytes, brought: int, there: int) -> str | None:
    return governance.merge_strategy(ids.MAIN_BRANCH, attic, brought, ids.MAIN_BRANCH, there)


def _vector(vector: Mapping[bytes, int]) -> dict[str, int]:
    return {branch.hex(): seq for branch, seq in sorted(vector.items())}


def _again(script: Script, seq: int) -> Author:
    return next(author for author in script.authors if script.log.session_seqs[author.session.session] == seq)
