"""`isthmus indexes`: which indexes are missing, and which nobody uses."""

from typing import TYPE_CHECKING

import typer

from app.cli.errors import CommandError
from app.cli.running import run_with_stores
from app.settings import Settings

if TYPE_CHECKING:
    from app.migrations.index_review import Finding


def indexes() -> None:
    """Say what the stores have counted about their indexes; exit code 1 if one is missing."""
    found = run_with_stores(Settings(), "isthmus indexes", _review)
    lines = [f"{finding.store:5}  {finding.sentence}" for finding in found]
    if any(finding.is_fault for finding in found):
        raise CommandError("\n".join(["indexes are missing.", *lines]))
    typer.echo("\n".join([*lines, "Every index is there."]))


async def _review(settings: Settings) -> list["Finding"]:
    from app.migrations.index_review import review_mongo, review_postgres
    from app.migrations.postgres import Database
    from app.stores.mongo import Mongo
    from app.stores.postgres import Postgres

    if settings.database_url is None or settings.auth_url is None or settings.mongo_url is None:
        raise CommandError("DATABASE_URL or MONGO_URL is not set.")
    urls: dict[Database, str] = {"auth": settings.auth_url, "main": settings.database_url}
    found: list[Finding] = []
    for name, url in urls.items():
        database = Postgres(url, settings)
        try:
            async with database.begin() as tx:
                found += [finding async for finding in review_postgres(tx, name)]
        finally:
            await database.close()
    mongo = Mongo(settings.mongo_url, settings)
    try:
        found += [finding async for finding in review_mongo(mongo)]
    finally:
        await mongo.close()
    return found
