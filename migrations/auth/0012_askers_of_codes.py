"""Codes that know who asked for them, so that guesses from elsewhere are counted apart."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TABLE = "user_verifications"


def upgrade() -> None:
    op.add_column(
        _TABLE,
        sa.Column("asker", sa.LargeBinary(), server_default=sa.text("''::bytea"), nullable=False),
    )
    op.add_column(
        _TABLE,
        sa.Column(
            "attempts_elsewhere", sa.SmallInteger(), server_default=sa.text("0"), nullable=False
        ),
    )


def downgrade() -> None:
    op.drop_column(_TABLE, "attempts_elsewhere")
    op.drop_column(_TABLE, "asker")
