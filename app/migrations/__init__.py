"""Bringing every store to the schema that this code expects, and back."""

from app.migrations.postgres import Database, MigrationError
from app.migrations.runner import (
    MigrationStatus,
    check,
    migrate_down,
    migrate_up,
    migration_status,
    new_migration,
)

__all__ = [
    "Database",
    "MigrationError",
    "MigrationStatus",
    "check",
    "migrate_down",
    "migrate_up",
    "migration_status",
    "new_migration",
]
