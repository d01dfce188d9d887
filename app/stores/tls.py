"""TLS to PostgreSQL, by libpq's words in the URL: asyncpg does not read them out of one itself."""

import ssl
from collections.abc import Mapping
from pathlib import Path

# https://www.postgresql.org/docs/current/libpq-ssl.html
SSL_OPTIONS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword")
_VERIFYING = frozenset({"verify-ca", "verify-full"})
_MODES = frozenset({"disable", "allow", "prefer", "require"}) | _VERIFYING
# What libpq means by the authorities of the machine.
_SYSTEM = "system"

Options = Mapping[str, str | tuple[str, ...]]


def ssl_of(options: Options, authorities: Path | None) -> ssl.SSLContext | str:
    """How to connect, as asyncpg's `ssl` takes it.

    Args:
        options: Of the URL. `verify-full` checks the certificate's chain and its name, `verify-ca`
            the chain; `sslrootcert`, a PEM file or `system`, says whom to believe.
        authorities: A PEM file of whom to believe where the URL does not say; None for the system.

    Returns:
        A context that verifies; or libpq's word for a mode that verifies nothing, of which
        `prefer` is the one that it takes if none is given.

    Raises:
        ValueError: An unknown mode, or an option twice.
        OSError: A file cannot be read, or is no certificate.
    """
    given = {name: _one(name, options[name]) for name in SSL_OPTIONS if name in options}
    mode = given.get("sslmode", "prefer")
    if mode not in _MODES:
        raise ValueError(f"sslmode={mode} is none of {', '.join(sorted(_MODES))}")
    if mode not in _VERIFYING:
        return mode
    root = given.get("sslrootcert") or (str(authorities) if authorities else _SYSTEM)
    context = ssl.create_default_context(cafile=None if root == _SYSTEM else root)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = mode == "verify-full"
    if "sslcert" in given:
        context.load_cert_chain(given["sslcert"], given.get("sslkey"), given.get("sslpassword"))
    return context


def _one(name: str, value: str | tuple[str, ...]) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} is given twice")  # noqa: TRY004 - the URL's value is at fault
    return value
