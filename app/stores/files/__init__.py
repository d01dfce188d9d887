"""Bytes by name: on the local disk or, where the settings name a bucket, in S3 or its like."""

from app.settings import Settings
from app.stores.files.local import LocalFiles
from app.stores.files.s3 import S3Files
from app.stores.files.store import Files

__all__ = ["Files", "LocalFiles", "S3Files", "open_files"]


def open_files(settings: Settings, folder: str) -> Files:
    """The settings' bucket or, without one, a folder of the home."""
    if settings.s3_bucket is None:
        return LocalFiles(settings.home.absolute() / folder)
    return S3Files(settings, settings.s3_bucket, folder)
