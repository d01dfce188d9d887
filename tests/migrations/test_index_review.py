"""`isthmus indexes`: what is missing is a fault, what is not used is said."""

import asyncio

import asyncpg
import pytest

from app.cli import run
from app.migrations import migrate_up
from app.settings import Settings
from app.stores.mongo import Mongo

MANY = """INSERT INTO products
  (title, description, product_url, cause, mrp, selling_price, vendor_id)
  SELECT 'Lamp', 'It shines.', 'https://shop.example/', 'elder care', 2, 1, 7
  FROM generate_series(1, 12000)"""


@pytest.mark.covers("A32", "B14")
@pytest.mark.timeout(120)
async def test_missing_unused_and_scanned_are_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    await migrate_up(settings)
    for name in ("database_url", "auth_database_url", "mongo_url", "redis_url"):
        monkeypatch.setenv(name.upper(), getattr(settings, name))

    async def indexes() -> tuple[int, str]:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(run, ["indexes"])
        return int(ended.value.code or 0), "".join(capfd.readouterr())

    main = await asyncpg.connect(settings.database_url)
    await main.execute(MANY)
    await main.execute("SELECT count(*) FROM products WHERE description = ''")
    await main.execute("SELECT pg_stat_force_next_flush()")
    code, printed = await indexes()
    assert code == 0
    assert "main   products, of 12,000 rows, was read from end to end " in printed
    assert "main   ix_groups_product_id on groups was never looked in, 8192 bytes" in printed
    assert "pk_products" not in printed  # it keeps a rule
    assert printed.endswith("Every index is there.\n")

    await main.execute("DROP INDEX ix_groups_product_id, ix_groups_lower_name_trigrams")
    await main.close()
    mongo = Mongo(settings.mongo_url or "", settings)
    await mongo.database["conversations"].drop_index("created_at")
    await mongo.close()
    code, printed = await indexes()
    assert code == 1
    assert "main   ix_groups_product_id on groups is missing" in printed
    assert "main   ix_groups_lower_name_trigrams on groups is missing" in printed
    assert "mongo  created_at on conversations is missing" in printed
