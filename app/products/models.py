"""The marketplace's table. Vendors live in the auth database, so no foreign key names them."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import CheckConstraint, Computed, Index, Integer, Numeric, Text, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.stores.tables import JsonList, MainBase, Timestamps, pg_enum


class Cause(StrEnum):
    """What the proceeds of a product go to."""

    GRIEF_CARE = "grief care"
    PALLIATIVE_CARE = "palliative care"
    ELDER_CARE = "elder care"
    CHILD_CARE = "child care"
    ANIMAL_CARE = "animal care"


class PublishingStatus(StrEnum):
    """How far a product is on its way to everybody's eyes."""

    PUBLISHED = "published"
    DRAFT = "draft"
    SUGGESTION = "suggestion"
    REJECTED = "rejected"


# What a search looks in: the title's words as they are and by their stems, the description's stems.
# As PostgreSQL prints it, so that a comparison of schemas finds no difference.
_SEARCH = """(
    (setweight(to_tsvector('simple'::regconfig, title), 'A'::"char")
    || setweight(to_tsvector('english'::regconfig, title), 'A'::"char"))
    || setweight(to_tsvector('english'::regconfig, description), 'C'::"char"))"""


class Product(Timestamps, MainBase):
    """Something that a vendor sells for a cause."""

    __tablename__ = "products"

    id: Mapped[str] = mapped_column(
        Text,
        primary_key=True,
        # As PostgreSQL prints it, so that a comparison of schemas finds no difference.
        server_default=text(
            "('IM_'::text || replace((gen_random_uuid())::text, '-'::text, ''::text))"
        ),
    )
    title: Mapped[str]
    description: Mapped[str]
    product_url: Mapped[str]
    cause: Mapped[Cause] = mapped_column(pg_enum(Cause, "cause"))
    mrp: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    selling_price: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    vendor_id: Mapped[int] = mapped_column(Integer)
    # `images` is the source's name; each is an object with a url and a type.
    media: Mapped[JsonList] = mapped_column("images")
    publishing_status: Mapped[PublishingStatus] = mapped_column(
        pg_enum(PublishingStatus, "publishing_status"), server_default=PublishingStatus.DRAFT
    )
    # Staff's notes to each other.
    remark: Mapped[str | None]
    # A deleted product stays, for its groups' sake and to be restored.
    deleted_at: Mapped[datetime | None]
    search: Mapped[str] = mapped_column(TSVECTOR, Computed(_SEARCH, persisted=True))

    __table_args__ = (
        CheckConstraint("mrp >= 0", name="mrp_not_negative"),
        CheckConstraint("selling_price >= 0", name="selling_price_not_negative"),
        CheckConstraint("selling_price <= mrp", name="selling_price_at_most_mrp"),
        CheckConstraint("jsonb_typeof(images) = 'array'", name="images_array"),
        # One per order of a listing, each ending in the key so that a cursor is unique.
        Index("ix_products_created_at_id", "created_at", "id"),
        Index("ix_products_updated_at_id", "updated_at", "id"),
        Index("ix_products_selling_price_id", "selling_price", "id"),
        Index("ix_products_title_id", "title", "id"),
        Index("ix_products_vendor_id_created_at_id", "vendor_id", "created_at", "id"),
        Index(
            "ix_products_publishing_status_created_at_id", "publishing_status", "created_at", "id"
        ),
        Index("ix_products_cause_created_at_id", "cause", "created_at", "id"),
        Index("ix_products_search", "search", postgresql_using="gin"),
    )
