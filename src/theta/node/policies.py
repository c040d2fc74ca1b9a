"""A room's policies, type by type: how its conflicts are decided, and who may use it (WIRE-42)."""

from theta.commands.governance import Governance
from theta.commands.governing import GOVERNING, GOVERNING_ROLES
from theta.editor.fold_state import is_edit
from theta.editor.vocabulary import OPERATIONS
from theta.wire.messages import PolicyRule


def policy_rules(governance: Governance, seq: int) -> list[PolicyRule]:
    """What holds at a record for every type of command, by name; of what is for admins only nothing can be set."""
    edits = {operation.NAME for operation in OPERATIONS if is_edit(operation)}
    names = {each.NAME for each in (*OPERATIONS, *GOVERNING) if GOVERNING_ROLES.get(each.NAME) != "admin"}
    return [
        PolicyRule(
            name, governance.strategy(name, seq).value if name in edits else "", governance.least_role(name, seq)
        )
        for name in sorted(names)
    ]
