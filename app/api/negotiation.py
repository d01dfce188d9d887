"""Which media type a client reads, by the rules of RFC 9110, section 12.5.1."""

import re
from dataclasses import dataclass
from functools import lru_cache

GRAPHQL_RESPONSE = "application/graphql-response+json"
JSON = "application/json"
HTML = "text/html"

# Clients send the same few headers with every request; the longest are the server's to limit.
_REMEMBERED = 128

_NAME = r"[!#$%&'*+.^_`|~0-9a-z-]+"
_RANGE = re.compile(rf"\s*({_NAME}/{_NAME})\s*(;.*)?", re.ASCII | re.DOTALL)
_WEIGHT = re.compile(r";\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*(?:;|$)", re.ASCII)
_ANY_WEIGHT = re.compile(r";\s*q\s*=", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Preference:
    quality: float
    # 2 for the type itself, 1 for `application/*`, 0 for `*/*`.
    specificity: int


@lru_cache(_REMEMBERED)
def response_type(accept: str) -> str | None:
    """The media type of a GraphQL response; None where the client reads neither.

    Without a preference it is `application/json`, as the specification asks for the sake of
    clients older than it; a client that names both equally knows the newer one, and gets it.
    Event streams are never chosen: no answer here is one.
    """
    if not accept.strip():
        return JSON
    ranges = _parse(accept)
    newer, older = _preference(ranges, GRAPHQL_RESPONSE), _preference(ranges, JSON)
    if newer.quality == older.quality == 0:
        return None
    if newer.quality != older.quality:
        return GRAPHQL_RESPONSE if newer.quality > older.quality else JSON
    return GRAPHQL_RESPONSE if newer.specificity == 2 else JSON


@lru_cache(_REMEMBERED)
def prefers_html(accept: str) -> bool:
    """Whether the client is a browser showing a page: it names HTML, and nothing of ours above."""
    ranges = _parse(accept)
    html = _preference(ranges, HTML)
    others = (_preference(ranges, GRAPHQL_RESPONSE), _preference(ranges, JSON))
    return html.specificity == 2 and all(html.quality > other.quality for other in others)


@lru_cache(_REMEMBERED)
def is_json_in_utf8(content_type: str) -> bool:
    """Whether a content type is JSON, in no encoding but UTF-8."""
    essence, *parameters = content_type.lower().split(";")
    charsets = [value for name, _, value in map(_split, parameters) if name == "charset"]
    return essence.strip() == JSON and all(value in {"utf-8", "utf8"} for value in charsets)


def _split(parameter: str) -> tuple[str, str, str]:
    name, equals, value = parameter.partition("=")
    return name.strip(), equals, value.strip().strip('"')


def _parse(accept: str) -> dict[str, float]:
    ranges: dict[str, float] = {}
    for part in accept.lower().split(","):
        if match := _RANGE.fullmatch(part):
            name, parameters = match[1], match[2] or ""
            weight = _WEIGHT.search(parameters)
            # A malformed weight says nothing that could be followed.
            if weight is None and _ANY_WEIGHT.search(parameters):
                continue
            quality = float(weight[1]) if weight else 1.0
            ranges[name] = max(quality, ranges.get(name, 0.0))
    return ranges


def _preference(ranges: dict[str, float], media_type: str) -> _Preference:
    kind = media_type.partition("/")[0]
    for specificity, name in ((2, media_type), (1, f"{kind}/*"), (0, "*/*")):
        if name in ranges:
            return _Preference(ranges[name], specificity)
    return _Preference(0.0, 0)
