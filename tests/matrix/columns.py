"""Who asks, and what may come of it: the words in which the rules are written."""

from dataclasses import dataclass

ANONYMOUS = "anonymous"
STRANGER = "stranger"
MEMBER = "member"  # of the group; the other one of the direct conversation
FORMER = "former"  # was a member of the group, and was removed
OWNER = "owner"  # of the account, the products, the groups and the conversations
MODERATOR = "moderator"
ADMIN = "admin"
SERVICE = "service"  # a program's account, to which nobody has said anything
ROLES = (ANONYMOUS, STRANGER, MEMBER, FORMER, OWNER, MODERATOR, ADMIN, SERVICE)
STAFF = (MODERATOR, ADMIN)
SIGNED_IN = ROLES[1:]


@dataclass(frozen=True)
class Is:
    """Exactly this value."""

    value: object


# A value, or none at all (null, an empty list, an empty page), or the code of an error.
SHOWN = "shown"
HIDDEN = "hidden"
# A write that changes something, or one that finds everything done.
DONE = "done"
FOUND = "found"
UNAUTHENTICATED = "UNAUTHENTICATED"
FORBIDDEN = "FORBIDDEN"
NOT_FOUND = "NOT_FOUND"
CONFLICT = "CONFLICT"
INVALID = "INVALID"
INVALID_CURSOR = "INVALID_CURSOR"
UNAVAILABLE = "UNAVAILABLE"

Outcome = str | Is
Row = dict[str, Outcome]


def row(others: Outcome, **exceptions: Outcome) -> Row:
    """What comes of it for each role: the same for all, but for the exceptions."""
    assert exceptions.keys() <= set(ROLES), exceptions
    return {role: exceptions.get(role, others) for role in ROLES}


def only(*roles: str) -> Row:
    """Shown to these, and hidden from everybody else."""
    return row(HIDDEN, **dict.fromkeys(roles, SHOWN))


EVERYBODY = only(*ROLES)
ACCOUNTS = only(*SIGNED_IN)
PARTICIPANTS = only(OWNER, MEMBER)
VENDOR_AND_STAFF = only(OWNER, *STAFF)
