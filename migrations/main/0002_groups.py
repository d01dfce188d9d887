"""Groups and their members."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_NOW = sa.text("now()")
_GROUP_ROLE = postgresql.ENUM("owner", "admin", "member", name="group_role", create_type=False)


def upgrade() -> None:
    _GROUP_ROLE.create(op.get_bind())
    op.create_table(
        "groups",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("product_id", sa.Text()),
        sa.Column("parent_id", sa.Uuid()),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("last_message_id", sa.Uuid()),
        sa.Column("deleted_at", _TIME),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("updated_at", _TIME, server_default=_NOW, nullable=False),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_groups_not_its_own_parent")),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["groups.id"],
            name=op.f("fk_groups_parent_id_groups"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["products.id"],
            name=op.f("fk_groups_product_id_products"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_groups")),
    )
    op.create_index("ix_groups_created_at_id", "groups", ["created_at", "id"])
    op.create_index(op.f("ix_groups_last_message_id"), "groups", ["last_message_id"])
    op.create_index("ix_groups_name_id", "groups", ["name", "id"])
    op.create_index(op.f("ix_groups_owner_id"), "groups", ["owner_id"])
    op.create_index(op.f("ix_groups_parent_id"), "groups", ["parent_id"])
    op.create_index(op.f("ix_groups_product_id"), "groups", ["product_id"])
    op.create_table(
        "group_members",
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("role", _GROUP_ROLE, server_default="member", nullable=False),
        sa.Column("joined_at", _TIME, server_default=_NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["groups.id"],
            name=op.f("fk_group_members_group_id_groups"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("group_id", "user_id", name=op.f("pk_group_members")),
    )
    op.create_index("ix_group_members_user_id_group_id", "group_members", ["user_id", "group_id"])
    op.alter_column(
        "products",
        "id",
        existing_type=sa.TEXT(),
        server_default=sa.text("'IM_' || replace(gen_random_uuid()::text, '-', '')"),
        existing_nullable=False,
    )


def downgrade() -> None:
    op.drop_table("group_members")
    op.drop_table("groups")
    _GROUP_ROLE.drop(op.get_bind())
