"""Who sees a group, how one joins it, and invitations; exactly one owner."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_NOW = sa.text("now()")
_VISIBILITY = postgresql.ENUM("public", "private", name="group_visibility", create_type=False)
_JOIN_POLICY = postgresql.ENUM("open", "invitation", name="group_join_policy", create_type=False)
_ANSWER = postgresql.ENUM(
    "accepted", "declined", "revoked", name="invitation_answer", create_type=False
)


def upgrade() -> None:
    for kind in (_VISIBILITY, _JOIN_POLICY, _ANSWER):
        kind.create(op.get_bind())
    op.add_column("groups", sa.Column("enclosing_id", sa.Uuid()))
    op.add_column(
        "groups", sa.Column("visibility", _VISIBILITY, server_default="public", nullable=False)
    )
    op.add_column(
        "groups",
        sa.Column("join_policy", _JOIN_POLICY, server_default="invitation", nullable=False),
    )
    op.create_index(op.f("ix_groups_enclosing_id"), "groups", ["enclosing_id"])
    op.create_foreign_key(
        op.f("fk_groups_enclosing_id_groups"),
        "groups",
        "groups",
        ["enclosing_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_index(
        "uq_group_members_owner",
        "group_members",
        ["group_id"],
        unique=True,
        postgresql_where=sa.text("role = 'owner'"),
    )
    op.create_table(
        "group_invitations",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("inviter_id", sa.Integer(), nullable=False),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("answer", _ANSWER),
        sa.Column("answered_at", _TIME),
        sa.CheckConstraint(
            "(answer IS NULL) = (answered_at IS NULL)",
            name=op.f("ck_group_invitations_answered_at_a_time"),
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["groups.id"],
            name=op.f("fk_group_invitations_group_id_groups"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_invitations")),
    )
    op.create_index(
        "ix_group_invitations_group_id_created_at_id",
        "group_invitations",
        ["group_id", "created_at", "id"],
    )
    op.create_index(
        "ix_group_invitations_user_id_created_at_id",
        "group_invitations",
        ["user_id", "created_at", "id"],
    )
    op.create_index(
        "uq_group_invitations_open",
        "group_invitations",
        ["group_id", "user_id"],
        unique=True,
        postgresql_where=sa.text("answer IS NULL"),
    )
    op.create_table(
        "group_invitation_links",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("creator_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("max_uses", sa.Integer()),
        sa.Column("uses", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("revoked_at", _TIME),
        sa.CheckConstraint(
            "max_uses > 0", name=op.f("ck_group_invitation_links_max_uses_positive")
        ),
        sa.CheckConstraint(
            "uses BETWEEN 0 AND coalesce(max_uses, uses)",
            name=op.f("ck_group_invitation_links_uses_within_limit"),
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["groups.id"],
            name=op.f("fk_group_invitation_links_group_id_groups"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_invitation_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_group_invitation_links_token_hash")),
    )
    op.create_index(
        "ix_group_invitation_links_group_id_created_at_id",
        "group_invitation_links",
        ["group_id", "created_at", "id"],
    )


def downgrade() -> None:
    op.drop_table("group_invitation_links")
    op.drop_table("group_invitations")
    op.drop_index("uq_group_members_owner", "group_members")
    op.drop_constraint(op.f("fk_groups_enclosing_id_groups"), "groups")
    for column in ("enclosing_id", "visibility", "join_policy"):
        op.drop_column("groups", column)
    for kind in (_VISIBILITY, _JOIN_POLICY, _ANSWER):
        kind.drop(op.get_bind())
