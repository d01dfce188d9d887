"""What a seed puts into tables other than the log's: accounts, products, groups and members."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import orjson

from app.groups.members import MAX_MEMBERS
from app.groups.models import GroupRole
from app.products.models import Cause, PublishingStatus
from app.sealing import Keyring
from app.seeds import words
from app.users.models import Platform, UserRole, UserStatus
from app.users.personal import sealed

# Fixed, so that a seed is the same on every day; past, so that whatever comes is newer.
BEGIN = datetime(2023, 7, 1, tzinfo=UTC)
SPAN = timedelta(days=730)

USER_COLUMNS = [
    "id",
    "public_id",
    "email",
    "name",
    "username",
    "first_name",
    "last_name",
    "status",
    "role",
    "registration_platform",
    "profile",
    "city",
    "created_at",
    "updated_at",
]
SEALED_USER_COLUMNS = [*USER_COLUMNS, "email_index"]
PRODUCT_COLUMNS = [
    "id",
    "title",
    "description",
    "product_url",
    "cause",
    "mrp",
    "selling_price",
    "vendor_id",
    "images",
    "publishing_status",
    "created_at",
    "updated_at",
]
GROUP_COLUMNS = [
    "id",
    "name",
    "description",
    "product_id",
    "parent_id",
    "owner_id",
    "created_at",
    "updated_at",
]
GROUP_MEMBER_COLUMNS = ["group_id", "user_id", "role", "joined_at"]

Row = tuple[Any, ...]

_MILLISECOND = timedelta(milliseconds=1)
_STATUS = PRODUCT_COLUMNS.index("publishing_status")
_VENDORS = 5  # one user in so many sells something
_STAFF = 500  # one in so many moderates
_BUSY_GROUPS = 60  # the first groups have the first user as a member
_STATUSES = (
    *[PublishingStatus.PUBLISHED] * 8,
    PublishingStatus.DRAFT,
    PublishingStatus.SUGGESTION,
    PublishingStatus.REJECTED,
)


@dataclass(frozen=True, slots=True)
class SeedGroup:
    """A group with its members, the owner first."""

    row: Row
    members: list[int]

    @property
    def id(self) -> UUID:
        """The group's id."""
        group_id: UUID = self.row[0]
        return group_id


def seeded(first_user: int) -> Random:
    """What chance is for a seed: the same every time for the same first user."""
    return Random(f"isthmus:{first_user}")  # noqa: S311 - made up, not secret


def random_id(rng: Random) -> UUID:
    """A UUID that follows from the generator's state."""
    return UUID(int=rng.getrandbits(128), version=4)


def moment(rng: Random, share: float = 1.0) -> datetime:
    """A time in the first share of the seed's two years, in whole milliseconds as MongoDB's are."""
    return BEGIN + timedelta(milliseconds=int(rng.random() * share * SPAN / _MILLISECOND))


def user_rows(rng: Random, ids: Sequence[int]) -> list[Row]:
    """Rows of `USER_COLUMNS`; the number in each address makes it the only one."""
    rows: list[Row] = []
    for place, user_id in enumerate(ids):
        first, last = rng.choice(words.FIRST_NAMES), rng.choice(words.LAST_NAMES)
        username = f"{first}.{last}.{user_id}".lower()
        about = {"about": f"{rng.choice(words.SENTENCES)}"} if place % _VENDORS == 0 else None
        at = moment(rng, 0.3)
        rows.append(
            (
                user_id,
                random_id(rng),
                f"{username}@seed.isthmus.example",
                f"{first} {last}",
                username,
                first,
                last,
                UserStatus.VERIFIED,
                UserRole.MODERATOR if place % _STAFF == _STAFF - 1 else UserRole.USER,
                rng.choice(list(Platform)),
                about and _json(about),
                "Bergen",
                at,
                at,
            )
        )
    return rows


def sealed_row(keyring: Keyring, row: Row) -> Row:
    """A row of `USER_COLUMNS` as one of `SEALED_USER_COLUMNS`."""
    values = dict(zip(USER_COLUMNS, row, strict=True))
    personal = {name: values[name] for name in ("email", "city")}
    values |= sealed(keyring, values["public_id"], personal)
    return tuple(values[name] for name in SEALED_USER_COLUMNS)


def product_rows(rng: Random, how_many: int, users: Sequence[int]) -> list[Row]:
    """Rows of `PRODUCT_COLUMNS`: a few vendors sell much, many little."""
    vendors = users[::_VENDORS]
    rows: list[Row] = []
    for _ in range(how_many):
        product_id = f"IM_{random_id(rng).hex}"
        price = Decimal(rng.randint(500, 20_000)) / 100
        at = moment(rng, 0.6)
        image = {"url": f"https://media.isthmus.example/{product_id}.jpg", "type": "image"}
        rows.append(
            (
                product_id,
                words.product_title(rng),
                f"{rng.choice(words.SENTENCES)} {rng.choice(words.SENTENCES)}",
                f"https://shop.isthmus.example/{product_id}",
                rng.choice(list(Cause)),
                price,
                (price * rng.randint(70, 100) / 100).quantize(Decimal("0.01")),
                skewed(rng, vendors),
                _json([image]),
                rng.choice(_STATUSES),
                at,
                at,
            )
        )
    return rows


def seed_groups(
    rng: Random, how_many: int, users: Sequence[int], products: Sequence[Row]
) -> list[SeedGroup]:
    """Groups, the largest first: sizes fall with the rank, as those of real groups do."""
    published = [p for p in products if p[_STATUS] is PublishingStatus.PUBLISHED]
    groups: list[SeedGroup] = []
    for rank in range(how_many):
        parent = rng.choice(groups) if groups and rng.random() < 0.2 else None
        owner = parent.members[0] if parent else skewed(rng, users)
        sold = rng.choice(published) if published and rng.random() < 0.5 else None
        at = moment(rng, 0.4)
        row = (
            random_id(rng),
            words.group_name(rng),
            rng.choice(words.SENTENCES),
            sold and sold[0],
            parent and parent.id,
            owner,
            at,
            at,
        )
        size = min(max(3, int(MAX_MEMBERS / (rank + 1) ** 0.7)), len(users))
        members = {owner: None}
        if rank < _BUSY_GROUPS:
            members[users[0]] = None
        while len(members) < size:
            members[rng.choice(users)] = None
        groups.append(SeedGroup(row, list(members)))
    return groups


def group_member_rows(group: SeedGroup) -> list[Row]:
    """Rows of `GROUP_MEMBER_COLUMNS`."""
    roles = {0: GroupRole.OWNER, 1: GroupRole.ADMIN}
    return [
        (group.id, user_id, roles.get(place, GroupRole.MEMBER), group.row[-1])
        for place, user_id in enumerate(group.members)
    ]


def skewed(rng: Random, items: Sequence[int]) -> int:
    """One of the items, the first far more often than the last."""
    return items[int(len(items) * rng.random() ** 3)]


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
