"""What a role may do. A role belongs to the author; what it is at a record, theta.commands.governance says."""

from theta.wire.types import RoleName

ROLES: tuple[RoleName, ...] = ("viewer", "editor", "admin")
_RANKS = {role: rank for rank, role in enumerate(ROLES)}


def may_edit(role: RoleName) -> bool:
    """Whether the role may change the document."""
    return role != "viewer"


def higher_role(first: RoleName, second: RoleName) -> RoleName:
    """The one that may do more."""
    return max(first, second, key=ROLES.index)


def lower_role(first: RoleName, second: RoleName) -> RoleName:
    """The one that may do less."""
    return min(first, second, key=ROLES.index)


def at_least(role: RoleName, least: RoleName) -> bool:
    """Whether a role may do all that `least` may."""
    return _RANKS[role] >= _RANKS[least]
