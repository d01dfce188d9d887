"""Users are found by the beginning of their names in either case."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_users_lower_name", "users", [sa.text("lower(name) text_pattern_ops")], unique=False
    )


def downgrade() -> None:
    op.drop_index("ix_users_lower_name", table_name="users")
