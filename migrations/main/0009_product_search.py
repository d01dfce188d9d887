"""Products can be deleted, restored and searched."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.migrations.likeness import alike

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_SEARCH = """
    (setweight(to_tsvector('simple'::regconfig, title), 'A'::"char")
    || setweight(to_tsvector('english'::regconfig, title), 'A'::"char"))
    || setweight(to_tsvector('english'::regconfig, description), 'C'::"char")
"""


def upgrade() -> None:
    op.add_column("products", sa.Column("deleted_at", sa.DateTime(timezone=True)))
    op.add_column(
        "products",
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed(_SEARCH, persisted=True),
            nullable=False,
        ),
    )
    op.create_index("ix_products_search", "products", ["search"], postgresql_using="gin")
    op.create_index("ix_products_updated_at_id", "products", ["updated_at", "id"])
    trigrams = _has_trigrams()
    if trigrams:
        op.execute(
            "CREATE INDEX ix_products_title_trigrams ON products USING gin (title gin_trgm_ops)"
        )
    op.execute(alike(trigrams=trigrams))


def _has_trigrams() -> bool:
    """Whether pg_trgm is there, or can be had: an owner of the database may add it."""
    op.execute(
        """DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
                CREATE EXTENSION IF NOT EXISTS pg_trgm;
            END IF;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE WARNING 'pg_trgm may not be added: misspelt searches find less';
        END $$"""
    )
    found = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm')"
    return bool(op.get_bind().scalar(sa.text(found)))


def downgrade() -> None:
    # The extension stays: others may have come to use it.
    op.execute("DROP FUNCTION products_alike(text, int, boolean)")
    op.execute("DROP INDEX IF EXISTS ix_products_title_trigrams")
    op.drop_index("ix_products_updated_at_id", "products")
    op.drop_index("ix_products_search", "products")
    op.drop_column("products", "search")
    op.drop_column("products", "deleted_at")
