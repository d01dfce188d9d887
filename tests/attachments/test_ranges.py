"""Parts of a file, against RFC 9110 read place by place."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.ranges import Unsatisfiable, byte_range
from tests.attachments.uploads import link, png, sent, uploaded
from tests.factories import World

numbers = st.sampled_from(["", "0", "1", "7", "9", "10", "11", "99999999999"])


def places(first: str, last: str, size: int) -> list[int]:
    """Every place that RFC 9110 names by a range, one by one."""
    if not first:
        return [place for place in range(size) if place >= size - int(last)]
    return [place for place in range(size) if int(first) <= place <= int(last or size)]


@given(first=numbers, last=numbers, size=st.integers(1, 12))
def test_a_range_is_the_places_that_it_names(first: str, last: str, size: int) -> None:
    header = f"bytes={first}-{last}"
    if (not first and not last) or (first and last and int(last) < int(first)):
        assert byte_range(header, size) is None
    elif named := places(first, last, size):
        found = byte_range(header, size)
        assert found is not None
        assert list(range(*found)) == named
    else:
        with pytest.raises(Unsatisfiable):
            byte_range(header, size)


async def test_parts_are_sent_with_their_place(town: World) -> None:
    one, other = await town.users(2)
    room = await town.direct(one, other)
    data = png(700_000)
    size = len(data)
    url = await link(other, await sent(one, room, await uploaded(one, room, data)))
    async with httpx.AsyncClient(base_url=town.server_url) as http:
        whole = await http.head(url)
        assert (whole.status_code, whole.content) == (200, b"")
        assert (whole.headers["content-length"], whole.headers["accept-ranges"]) == (
            str(size),
            "bytes",
        )
        tag, date = whole.headers["etag"], whole.headers["last-modified"]
        for wanted, start, end in (
            ("bytes=0-0", 0, 1),
            ("bytes=5-", 5, size),
            ("bytes=-7", size - 7, size),
            (f"bytes=300000-{size + 5}", 300_000, size),
        ):
            part = await http.get(url, headers={"range": wanted})
            assert (part.status_code, part.content) == (206, data[start:end])
            assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
        past = await http.get(url, headers={"range": f"bytes={size}-"})
        assert (past.status_code, past.headers["content-range"]) == (416, f"bytes */{size}")
        for condition, status in (
            (tag, 206),
            (date, 206),
            (f"W/{tag}", 200),
            ('"another"', 200),
            ("Sat, 01 Jan 2000 00:00:00 GMT", 200),
        ):
            answer = await http.get(url, headers={"range": "bytes=0-9", "if-range": condition})
            assert answer.status_code == status, condition
        known = await http.get(url, headers={"if-none-match": f'"x", {tag}'})
        assert (known.status_code, known.content) == (304, b"")


@pytest.mark.parametrize("header", ["bytes=0-1,3-4", "bytes=x", "items=0-1", "bytes=1-2x", ""])
async def test_what_is_no_single_range_gets_the_whole(header: str) -> None:
    assert byte_range(header, 10) is None
