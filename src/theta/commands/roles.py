"""What a role may do. A role belongs to the author, for as long as the session record says so."""

from theta.wire.types import RoleName

ROLES: tuple[RoleName, ...] = ("viewer", "editor", "admin")


def may_edit(role: RoleName) -> bool:
    """Whether the role may change the document."""
    return role != "viewer"


def higher_role(first: RoleName, second: RoleName) -> RoleName:
    """The one that may do more."""
    return max(first, second, key=ROLES.index)
