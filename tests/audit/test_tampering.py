"""Every way of changing a trail afterwards is found, and the first bad place is named."""

# ruff: noqa: S608 - this is what a superuser writes

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.audit.checkpoints import Checkpoint, checkpoint_from_json
from tests.audit.conftest import Audited

both = pytest.mark.parametrize("audited", ["main", "auth"], indirect=True)

# The chain's own functions: what a superuser has who rewrites it all.
_REWRITE = """
DO $$
DECLARE e {events};
BEGIN
    DELETE FROM {links};
    UPDATE {head} SET seq = 0, hash = decode(repeat('00', 32), 'hex');
    FOR e IN SELECT * FROM {events} ORDER BY created_at LOOP
        PERFORM audit_append(e.id, e.created_at, ARRAY[e.actor_id::text, e.action, e.entity_type,
            e.entity_id, e.before::text, e.after::text, e.request_id, e.ip_address::text]);
    END LOOP;
END $$
"""


@both
async def test_what_was_written_is_right(audited: Audited) -> None:
    await audited.write(3)
    first = await audited.sign()
    await audited.write(2)
    await audited.sign()
    await audited.write(1)

    verdict = await audited.verify()

    assert first is not None
    assert verdict.fault is None
    assert (verdict.links, verdict.checkpoints, verdict.signed) == (6, 2, 5)


async def test_empty_trail_is_right(audited: Audited) -> None:
    await audited.sign()
    verdict = await audited.verify()
    assert (verdict.fault, verdict.links, verdict.checkpoints) == (None, 0, 1)


async def test_nothing_new_is_not_signed_again(audited: Audited) -> None:
    await audited.write(1)
    assert await audited.sign() is not None
    assert await audited.sign() is None


@both
async def test_edit_of_any_column_is_found(audited: Audited) -> None:
    await audited.write(4)
    ids = await audited.ids()
    await audited.tamper("CREATE TABLE kept AS SELECT * FROM {events}")
    for change in (
        """after = '{{"title": "Another"}}'""",
        "before = '{{}}'",
        "actor_id = 8",
        "actor_id = NULL",
        "action = 'productReject'",
        "entity_type = 'Group'",
        "entity_id = 'IM_2'",
        "request_id = ''",
        "ip_address = '192.0.2.1'",
    ):
        await audited.tamper(f"UPDATE {{events}} SET {change} WHERE id = '{ids[1]}'")
        assert (await audited.verify()).fault == f"change {ids[1]} at place 2 was edited", change
        await audited.tamper("DELETE FROM {events}", "INSERT INTO {events} SELECT * FROM kept")
        assert (await audited.verify()).fault is None


@both
async def test_deletion_is_found(audited: Audited) -> None:
    await audited.write(4)
    ids = await audited.ids()
    await audited.tamper(f"DELETE FROM {{events}} WHERE id = '{ids[2]}'")
    assert (await audited.verify()).fault == f"change {ids[2]} at place 3 is gone"
    await audited.tamper("DELETE FROM {links} WHERE seq = 3")
    assert (await audited.verify()).fault == "place 3 is missing; place 4 comes next"


async def test_other_time_is_found(audited: Audited) -> None:
    await audited.write(2)
    ids = await audited.ids()
    await audited.tamper(
        f"UPDATE {{events}} SET created_at = created_at - interval '1 microsecond'"
        f" WHERE id = '{ids[0]}'"
    )
    assert (await audited.verify()).fault == f"change {ids[0]} at place 1 is gone"


@both
async def test_other_order_is_found(audited: Audited) -> None:
    await audited.write(4)
    ids = await audited.ids()
    await audited.tamper(
        "UPDATE {links} SET seq = -seq WHERE seq IN (2, 3)",
        "UPDATE {links} SET seq = CASE seq WHEN -2 THEN 3 ELSE 2 END WHERE seq < 0",
    )
    fault = (await audited.verify()).fault
    assert fault == f"change {ids[2]} at place 2 does not follow from the one before"


async def test_exchanged_content_is_found(audited: Audited) -> None:
    await audited.write(3)
    ids = await audited.ids()
    await audited.tamper(
        "UPDATE {events} AS e SET after = o.after FROM {events} AS o"
        f" WHERE e.id IN ('{ids[0]}', '{ids[1]}') AND o.id IN ('{ids[0]}', '{ids[1]}')"
        " AND e.id <> o.id"
    )
    assert (await audited.verify()).fault == f"change {ids[0]} at place 1 was edited"


@both
async def test_addition_is_found(audited: Audited) -> None:
    await audited.write(3)
    await audited.tamper(
        "INSERT INTO {events} (id, action, entity_type, entity_id)"
        " VALUES ('00000000-0000-7000-8000-000000000001', 'a', 'b', 'c')"
    )
    fault = (await audited.verify()).fault
    assert fault == (
        "change 00000000-0000-7000-8000-000000000001 is in no place of the chain: it was added"
    )


@both
async def test_truncation_is_found(audited: Audited) -> None:
    await audited.write(5)
    await audited.sign()
    ids = await audited.ids()
    cut = f"DELETE FROM {{events}} WHERE id IN ('{ids[3]}', '{ids[4]}')"
    await audited.tamper(cut, "DELETE FROM {links} WHERE seq > 3")
    fault = (await audited.verify()).fault
    assert fault is not None
    assert "ends at place 3, and a checkpoint was signed at place 5" in fault


async def test_cut_after_the_last_checkpoint_is_told_by_the_head(audited: Audited) -> None:
    await audited.write(1)
    await audited.sign()
    await audited.write(1)
    ids = await audited.ids()
    await audited.tamper(
        f"DELETE FROM {{events}} WHERE id = '{ids[1]}'", "DELETE FROM {links} WHERE seq = 2"
    )
    fault = (await audited.verify()).fault
    assert fault == "the chain ends at place 1, and its head says otherwise"


async def test_chain_rewritten_with_every_hash_right_is_found(audited: Audited) -> None:
    await audited.write(3)
    await audited.sign()
    await audited.write(1)
    ids = await audited.ids()
    await audited.tamper(f"DELETE FROM {{events}} WHERE id = '{ids[1]}'", _REWRITE)
    fault = (await audited.verify()).fault
    assert fault == "place 3 is not what a checkpoint signed: the chain was rewritten"


async def test_everything_emptied_is_found(audited: Audited) -> None:
    await audited.write(2)
    await audited.sign()
    await audited.tamper(
        "TRUNCATE {events}, {links}",
        "UPDATE {head} SET seq = 0, hash = decode(repeat('00', 32), 'hex')",
    )
    fault = (await audited.verify()).fault
    assert fault is not None
    assert "ends at place 0" in fault


async def test_checkpoint_kept_elsewhere_outlives_both_databases(audited: Audited) -> None:
    await audited.write(3)
    kept = await audited.sign()
    assert kept is not None
    table = audited.trail.checkpoints.__tablename__
    other = replace(audited, url=audited.settings.auth_url or "")
    ids = await audited.ids()
    await other.tamper(f"DELETE FROM {table}")
    await audited.tamper(f"DELETE FROM {{events}} WHERE id = '{ids[2]}'", _REWRITE)
    assert (await audited.verify()).fault is None

    verdict = await audited.verify(checkpoint_from_json(kept.to_json()))

    assert verdict.fault is not None
    assert "a checkpoint was signed at place 3" in verdict.fault


async def test_checkpoint_of_another_key_is_found(audited: Audited) -> None:
    await audited.write(1)
    forger = replace(audited, key=Ed25519PrivateKey.generate())
    made = await forger.sign(pruned_before=datetime(2100, 1, 1, tzinfo=UTC))
    assert made is not None
    fault = (await audited.verify()).fault
    assert fault is not None
    assert "not signed by this server" in fault


@pytest.mark.parametrize(
    "value",
    [
        {"seq": 2},
        {"trail": "auth"},
        {"hash": bytes(32)},
        {"pruned_before": datetime(2100, 1, 1, tzinfo=UTC)},
        {"signed_at": datetime(2000, 1, 1, tzinfo=UTC)},
        {"signature": b""},
    ],
)
def test_every_part_of_a_checkpoint_is_signed(value: dict[str, Any]) -> None:
    key = Ed25519PrivateKey.generate()
    made = Checkpoint("main", 1, b"#" * 32, None, datetime(2026, 1, 1, tzinfo=UTC)).signed(key)
    assert made.is_signed_by([key.public_key()])
    assert not replace(made, **value).is_signed_by([key.public_key()])
