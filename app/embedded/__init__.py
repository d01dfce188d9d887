"""Local PostgreSQL, MongoDB-wire and Valkey servers: development and tests need no installation."""

from app.embedded.home import HomeBusyError, StoresError, hold_home, open_home
from app.embedded.running import (
    Ports,
    RunningStores,
    StoreStatus,
    StoreUrls,
    start_stores,
    stop_stores,
    store_status,
)
from app.embedded.store import StoreName
from app.embedded.using import stop_unused_stores, use_stores

__all__ = [
    "HomeBusyError",
    "Ports",
    "RunningStores",
    "StoreName",
    "StoreStatus",
    "StoreUrls",
    "StoresError",
    "hold_home",
    "open_home",
    "start_stores",
    "stop_stores",
    "stop_unused_stores",
    "store_status",
    "use_stores",
]
