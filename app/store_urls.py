"""What the stores' addresses say about safety: whether they encrypt, verify and log in."""

from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

_LOCAL_TRUTHS = frozenset({"true", "1", "yes"})


def plaintext_problems(
    *,
    database_url: str,
    auth_database_url: str | None,
    analytics_database_url: str | None,
    mongo_url: str,
    redis_url: str,
    cache_redis_url: str | None,
) -> list[str]:
    """What keeps each store's connection from being encrypted, verified and authenticated.

    Returns:
        One sentence for each problem; none of them holds any part of an address.
    """
    checks: list[tuple[str, str | None, Callable[[str], str | None]]] = [
        ("DATABASE_URL", database_url, _postgres_problem),
        ("AUTH_DATABASE_URL", auth_database_url, _postgres_problem),
        ("ANALYTICS_DATABASE_URL", analytics_database_url, _postgres_problem),
        ("MONGO_URL", mongo_url, _mongo_problem),
        ("REDIS_URL", redis_url, _redis_problem),
        ("CACHE_REDIS_URL", cache_redis_url, _redis_problem),
    ]
    return [
        f"{name} {problem}"
        for name, url, check in checks
        if url is not None and (problem := check(url)) is not None
    ]


def _postgres_problem(url: str) -> str | None:
    if _options(url).get("sslmode") != "verify-full":
        return "must have sslmode=verify-full"
    return None if urlsplit(url).password else "must have a password"


def _mongo_problem(url: str) -> str | None:
    options = _options(url)
    by_default = "true" if urlsplit(url).scheme == "mongodb+srv" else "false"
    tls = options.get("tls", options.get("ssl", by_default))
    if tls.lower() not in _LOCAL_TRUTHS:
        return "must have tls=true"
    for name in ("tlsinsecure", "tlsallowinvalidcertificates", "tlsallowinvalidhostnames"):
        if options.get(name, "false").lower() != "false":
            return f"must not have {name}: the server would not be verified"
    if options.get("authmechanism", "").upper() == "MONGODB-X509":
        return None
    return None if urlsplit(url).password else "must have a user and a password"


def _redis_problem(url: str) -> str | None:
    options = _options(url)
    if urlsplit(url).scheme != "rediss":
        return "must begin with rediss://"
    if options.get("ssl_cert_reqs", "required") != "required":
        return "must have ssl_cert_reqs=required, or not say it"
    if options.get("ssl_check_hostname", "true").lower() not in _LOCAL_TRUTHS:
        return "must not have ssl_check_hostname=false: the server would not be verified"
    has_password = urlsplit(url).password or options.get("password")
    return None if has_password else "must have a password"


def _options(url: str) -> dict[str, str]:
    # The drivers read the names in either case.
    return {name.lower(): value for name, value in parse_qsl(urlsplit(url).query)}
