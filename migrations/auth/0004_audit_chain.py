"""The audit of accounts as a chain that only grows; checkpoints of the main database's one."""

import sqlalchemy as sa
from alembic import op

from app.migrations.chaining import chain, keep_checkpoints, unchain

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "auth_audit_links",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_auth_audit_links")),
        sa.UniqueConstraint("event_id", name=op.f("uq_auth_audit_links_event_id")),
    )
    op.create_table(
        "auth_audit_head",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_auth_audit_head_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auth_audit_head")),
    )
    op.create_table(
        "audit_checkpoints",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("pruned_before", _TIME),
        sa.Column("signed_at", _TIME, nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_checkpoints")),
    )
    op.create_index("ix_audit_checkpoints_seq", "audit_checkpoints", ["seq"])
    schema = op.get_bind().scalar(sa.text("SELECT quote_ident(current_schema())"))
    for statement in chain("auth_", schema):
        op.execute(statement)
    op.execute(keep_checkpoints("audit_checkpoints", "auth_"))


def downgrade() -> None:
    for statement in unchain("auth_"):
        op.execute(statement)
    op.drop_table("audit_checkpoints")
    op.drop_table("auth_audit_head")
    op.drop_table("auth_audit_links")
