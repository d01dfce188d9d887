"""Keys that development makes for itself: once, in the home, for its owner's eyes."""

import os
from collections.abc import Callable
from pathlib import Path


def kept_in(path: Path, make: Callable[[], bytes]) -> bytes:
    """What a file holds; if there is none, what `make` gives, which it then holds.

    The first of several processes wins, and the others read its key.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.touch(mode=0o600)
        temporary.write_bytes(make())
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return path.read_bytes()
