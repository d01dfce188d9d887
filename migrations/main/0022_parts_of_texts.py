"""Titles of products and names of groups are found by a part of them.

An index of trigrams of the text in lower case answers that, and which titles look alike as well:
the one of titles as they are gives way to it.
"""

import sqlalchemy as sa
from alembic import op

from app.migrations.likeness import alike

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_HAS_TRIGRAMS = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm')"


def upgrade() -> None:
    if not op.get_bind().scalar(sa.text(_HAS_TRIGRAMS)):
        return
    for table, column in (("products", "title"), ("groups", "name")):
        op.execute(
            f"CREATE INDEX ix_{table}_lower_{column}_trigrams ON {table}"
            f" USING gin (lower({column}) gin_trgm_ops)"
        )
    op.execute(alike(trigrams=True, title="lower(title)"))
    op.execute("DROP INDEX IF EXISTS ix_products_title_trigrams")


def downgrade() -> None:
    if not op.get_bind().scalar(sa.text(_HAS_TRIGRAMS)):
        return
    op.execute("CREATE INDEX ix_products_title_trigrams ON products USING gin (title gin_trgm_ops)")
    op.execute(alike(trigrams=True))
    op.execute("DROP INDEX IF EXISTS ix_groups_lower_name_trigrams")
    op.execute("DROP INDEX IF EXISTS ix_products_lower_title_trigrams")
