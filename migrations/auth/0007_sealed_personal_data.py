"""Personal data is sealed at rest: addresses, telephone numbers and the rest of the details.

A batch at a time, within the one transaction of the run: if it is killed, nothing has happened.
"""

import sqlalchemy as sa
from alembic import op

from app.sealing import Keyring, open_keyring

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_PLAIN = {
    "email": "text",
    "contact_number": "bigint",
    "contact_country_code": "text",
    "city": "text",
    "state": "text",
    "country": "text",
    "pincode": "integer",
    "gender": "text",
    "dob": "date",
    "purpose_code": "text",
    "nationality": "text",
    "ethnicity": "text",
    "qualification": "text",
    "profession": "text",
}
_BATCH = 1_000
_INDEXES = ("email_index", "contact_index")


def upgrade() -> None:
    op.drop_index("uq_users_lower_email", "users")
    for constraint in ("contact_number_positive", "pincode_positive"):
        op.drop_constraint(op.f(f"ck_users_{constraint}"), "users")
    for name in _PLAIN:
        op.alter_column("users", name, new_column_name=f"plain_{name}")
        op.add_column("users", sa.Column(name, sa.LargeBinary()))
    for name in _INDEXES:
        op.add_column("users", sa.Column(name, sa.LargeBinary()))
    columns = ", ".join(f"CAST(plain_{name} AS text) AS {name}" for name in _PLAIN)
    keep = ", ".join(f"{name} = :{name}" for name in (*_PLAIN, *_INDEXES))
    for rows in _batches(columns):
        keyring = _keyring()
        op.get_bind().execute(
            sa.text(f"UPDATE users SET {keep} WHERE id = :id"),  # noqa: S608 - names of our own
            [_sealed(keyring, row) for row in rows],
        )
    for name in _PLAIN:
        op.drop_column("users", f"plain_{name}")
    for name in ("email", "email_index"):
        op.alter_column("users", name, nullable=False)
    op.create_unique_constraint(op.f("uq_users_email_index"), "users", ["email_index"])
    op.create_index(op.f("ix_users_contact_index"), "users", ["contact_index"])
    _write_anew()


def downgrade() -> None:
    op.drop_index(op.f("ix_users_contact_index"), "users")
    op.drop_constraint(op.f("uq_users_email_index"), "users")
    for name, kind in _PLAIN.items():
        op.execute(f"ALTER TABLE users ADD COLUMN plain_{name} {kind}")
    keep = ", ".join(
        f"plain_{name} = CAST(CAST(:{name} AS text) AS {kind})" for name, kind in _PLAIN.items()
    )
    for rows in _batches(", ".join(_PLAIN)):
        keyring = _keyring()
        op.get_bind().execute(
            sa.text(f"UPDATE users SET {keep} WHERE id = :id"),  # noqa: S608 - names of our own
            [_opened(keyring, row) for row in rows],
        )
    for name in (*_PLAIN, *_INDEXES):
        op.drop_column("users", name)
    for name in _PLAIN:
        op.alter_column("users", f"plain_{name}", new_column_name=name)
    op.alter_column("users", "email", nullable=False)
    for name in ("contact_number", "pincode"):
        op.create_check_constraint(op.f(f"ck_users_{name}_positive"), "users", f"{name} > 0")
    op.create_index(
        "uq_users_lower_email", "users", [sa.literal_column("lower(email)")], unique=True
    )
    _write_anew()


def _batches(columns: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - rows of SQLAlchemy's
    after = 0
    while True:
        found = op.get_bind().execute(
            sa.text(
                f"SELECT id, public_id, {columns} FROM users"  # noqa: S608 - names of our own
                " WHERE id > :after ORDER BY id LIMIT :batch"
            ),
            {"after": after, "batch": _BATCH},
        )
        rows = found.mappings().all()
        if not rows:
            return
        yield rows
        after = rows[-1]["id"]


def _keyring() -> Keyring:
    return open_keyring(op.get_context().config.attributes["settings"])  # type: ignore[union-attr]


def _sealed(keyring: Keyring, row: sa.RowMapping) -> dict[str, object]:
    sealed = {
        name: None
        if row[name] is None
        else keyring.seal(row[name], "users", name, row["public_id"])
        for name in _PLAIN
    }
    code, number = row["contact_country_code"] or "", row["contact_number"]
    return sealed | {
        "id": row["id"],
        "email_index": keyring.index("users.email", row["email"].lower()),
        "contact_index": None
        if number is None
        else keyring.index("users.contact", code.lstrip("+") + number),
    }


def _opened(keyring: Keyring, row: sa.RowMapping) -> dict[str, object]:
    return {"id": row["id"]} | {
        name: None
        if row[name] is None
        else keyring.open(bytes(row[name]), "users", name, row["public_id"])
        for name in _PLAIN
    }


def _write_anew() -> None:
    # Dropped columns and old versions of rows would stay in the table's file.
    op.execute("CLUSTER users USING pk_users")
    op.execute("ALTER TABLE users SET WITHOUT CLUSTER")
