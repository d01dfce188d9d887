"""Production starts with safe settings only, and says in a sentence what is not."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from app.sealing import open_keyring
from app.settings import Settings
from app.tokens import open_tokens

PG = "postgresql://u:hunter2@h/d"
MONGO = "mongodb://u:hunter2@h/d"
REDIS = "rediss://:hunter2@h/0"


def test_safe_settings_start(production: dict[str, Any]) -> None:
    assert Settings(**production).environment == "production"


UNSAFE = [
    ("database_url", "postgresql://u:hunter2@h/d", "DATABASE_URL must have sslmode=verify-full"),
    *(
        (name, f"{PG}?sslmode={mode}", f"{name.upper()} must have sslmode=verify-full")
        for name in ("database_url", "auth_database_url")
        for mode in ("disable", "allow", "prefer", "require", "verify-ca")
    ),
    ("database_url", "postgresql://u@h/d?sslmode=verify-full", "must have a password"),
    ("mongo_url", MONGO, "MONGO_URL must have tls=true"),
    ("mongo_url", f"{MONGO}?tls=false", "MONGO_URL must have tls=true"),
    ("mongo_url", "mongodb+srv://u:hunter2@h/d?tls=false", "MONGO_URL must have tls=true"),
    ("mongo_url", f"{MONGO}?tls=true&tlsInsecure=true", "must not have tlsinsecure"),
    (
        "mongo_url",
        f"{MONGO}?tls=true&tlsAllowInvalidHostnames=true",
        "must not have tlsallowinvalidhostnames",
    ),
    (
        "mongo_url",
        f"{MONGO}?TLS=true&tlsallowinvalidcertificates=TRUE",
        "must not have tlsallowinvalidcertificates",
    ),
    ("mongo_url", "mongodb://a:1,b:2/d?tls=true", "MONGO_URL must have a user and a password"),
    ("redis_url", "redis://:hunter2@h/0", "REDIS_URL must begin with rediss://"),
    ("redis_url", "rediss://h/0", "REDIS_URL must have a password"),
    ("redis_url", f"{REDIS}?ssl_cert_reqs=none", "must have ssl_cert_reqs=required"),
    ("redis_url", f"{REDIS}?ssl_check_hostname=false", "must not have ssl_check_hostname=false"),
    ("cache_redis_url", "redis://:hunter2@h/0", "CACHE_REDIS_URL must begin with rediss://"),
    ("log_level", "debug", "LOG_LEVEL=debug logs what people send"),
    ("database_url", None, "production needs DATABASE_URL"),
    ("auth_private_key", None, "production needs AUTH_PRIVATE_KEY"),
    ("personal_data_keys", (), "production needs PERSONAL_DATA_KEYS"),
    ("personal_index_key", None, "production needs PERSONAL_INDEX_KEY"),
    ("rate_limit", 99_999, "RATE_LIMIT is under MAX_QUERY_COST"),
]


@pytest.mark.covers("E40")
@pytest.mark.parametrize(("name", "value", "complaint"), UNSAFE)
def test_unsafe_settings_do_not(
    name: str, value: object, complaint: str, production: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError, match=re.escape(complaint)) as refused:
        Settings(**production | {name: value})
    said = [error["msg"] for error in refused.value.errors()]
    assert "hunter2" not in str(said)


@pytest.mark.parametrize(
    "changed",
    [
        {"mongo_url": "mongodb+srv://u:hunter2@h/d"},
        {"mongo_url": "mongodb://a:1,b:2/d?tls=true&authMechanism=MONGODB-X509"},
        {"mongo_url": "mongodb://u:hunter2@a:1,b:2/d?ssl=true"},
        {"redis_url": "rediss://h/0?password=hunter2"},
        {"auth_database_url": None},
    ],
)
def test_other_safe_ways_of_saying_it_start(
    changed: dict[str, Any], production: dict[str, Any]
) -> None:
    Settings(**production | changed)


def test_one_hosts_stores_may_be_without_tls_where_told_so(production: dict[str, Any]) -> None:
    plain = {"database_url": PG, "mongo_url": MONGO, "redis_url": "redis://h"}
    Settings(**production | plain, allow_plaintext_stores=True)


def test_everything_wrong_is_said_at_once(production: dict[str, Any]) -> None:
    plain = {"database_url": PG, "mongo_url": MONGO, "redis_url": "redis://h"}
    with pytest.raises(ValidationError) as refused:
        Settings(**production | plain)
    said = str(refused.value)
    assert all(name in said for name in ("DATABASE_URL", "MONGO_URL", "REDIS_URL"))


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("auth_private_key", "auth_private_key.pem"),
        ("personal_data_keys", "personal_data_key"),
        ("personal_index_key", "personal_index_key"),
    ],
)
def test_a_key_that_development_made_is_refused(
    name: str, file: str, production: dict[str, Any], tmp_path: Path
) -> None:
    development = Settings(environment="development", home=tmp_path)
    open_tokens(development)
    open_keyring(development)
    key = SecretStr((tmp_path / file).read_text() + "\n")
    value = [*production[name], key] if name == "personal_data_keys" else key
    with pytest.raises(ValidationError, match=f"{name.upper()} is the key that development made"):
        Settings(**production | {name: value, "home": tmp_path})


def test_settings_do_not_show_their_secrets(production: dict[str, Any]) -> None:
    shown = repr(Settings(**production))
    assert "secret@" not in shown
    assert "a key" not in shown


@pytest.mark.covers("B27")
@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_says_what_it_is(name: str) -> None:
    said = Settings.model_fields[name].description
    assert said, f"{name} has no description"
    assert said == said.strip()
    assert not said.endswith(".")
