"""One range of bytes, by RFC 9110, section 14: what part of a file is asked for."""

import re

# Longer numbers are past any file's end, and take time to read.
_RANGE = re.compile(r"bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*", re.ASCII | re.IGNORECASE)


class Unsatisfiable(Exception):
    """No byte of the file is in the range."""


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """From where to before where, of a file of that size, which is not empty.

    Returns:
        None where the whole file is to be sent: no range is asked for, or it is malformed, or
        there are several, which a server may answer so.

    Raises:
        Unsatisfiable: It begins past the file's end, or is of no bytes.
    """
    match = _RANGE.fullmatch(header or "")
    if match is None:
        return None
    first, last = match[1], match[2]
    if not first and not last:
        return None
    if not first:
        if int(last) == 0:
            raise Unsatisfiable
        return max(0, size - int(last)), size
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return start, min(size, int(last) + 1) if last else size
