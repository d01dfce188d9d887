"""Alembic's entry to both histories; the work is done where the application can call it too."""

from app.migrations.postgres import run_env

run_env()
