"""Products."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_NOW = sa.text("now()")
_CAUSE = postgresql.ENUM(
    "grief care",
    "palliative care",
    "elder care",
    "child care",
    "animal care",
    name="cause",
    create_type=False,
)
_PUBLISHING_STATUS = postgresql.ENUM(
    "published", "draft", "suggestion", "rejected", name="publishing_status", create_type=False
)


def upgrade() -> None:
    _CAUSE.create(op.get_bind())
    _PUBLISHING_STATUS.create(op.get_bind())
    op.create_table(
        "products",
        sa.Column(
            "id",
            sa.Text(),
            server_default=sa.text("'IM_' || replace(gen_random_uuid()::text, '-', '')"),
            nullable=False,
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("product_url", sa.Text(), nullable=False),
        sa.Column("cause", _CAUSE, nullable=False),
        sa.Column("mrp", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("selling_price", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("vendor_id", sa.Integer(), nullable=False),
        sa.Column(
            "images", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("publishing_status", _PUBLISHING_STATUS, server_default="draft", nullable=False),
        sa.Column("remark", sa.Text()),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("updated_at", _TIME, server_default=_NOW, nullable=False),
        sa.CheckConstraint("jsonb_typeof(images) = 'array'", name=op.f("ck_products_images_array")),
        sa.CheckConstraint("mrp >= 0", name=op.f("ck_products_mrp_not_negative")),
        sa.CheckConstraint(
            "selling_price <= mrp", name=op.f("ck_products_selling_price_at_most_mrp")
        ),
        sa.CheckConstraint(
            "selling_price >= 0", name=op.f("ck_products_selling_price_not_negative")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
    )
    op.create_index("ix_products_cause_created_at_id", "products", ["cause", "created_at", "id"])
    op.create_index("ix_products_created_at_id", "products", ["created_at", "id"])
    op.create_index(
        "ix_products_publishing_status_created_at_id",
        "products",
        ["publishing_status", "created_at", "id"],
    )
    op.create_index("ix_products_selling_price_id", "products", ["selling_price", "id"])
    op.create_index("ix_products_title_id", "products", ["title", "id"])
    op.create_index(
        "ix_products_vendor_id_created_at_id", "products", ["vendor_id", "created_at", "id"]
    )


def downgrade() -> None:
    op.drop_table("products")
    _CAUSE.drop(op.get_bind())
    _PUBLISHING_STATUS.drop(op.get_bind())
