"""Every setting of the process, read once from the environment; nothing else reads it."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from app.store_urls import plaintext_problems

# Below the home: the signing key that development makes for itself.
DEVELOPMENT_KEY = "auth_private_key.pem"
# And those that seal and index personal data.
DEVELOPMENT_DATA_KEY = "personal_data_key"
DEVELOPMENT_INDEX_KEY = "personal_index_key"

Environment = Literal["development", "test", "production"]


def _origin(text: str) -> str:
    scheme, _, host = text.lower().rstrip("/").partition("://")
    if scheme not in {"http", "https"} or not host or set(host) & set("/*?#@ "):
        raise ValueError(f"{text!r} is not an origin, such as https://app.example")
    return f"{scheme}://{host}"


# As browsers write one; `*` is none, so that nobody opens the API to every page by mistake.
Origin = Annotated[str, AfterValidator(_origin)]


class Settings(BaseSettings):
    """Frozen settings; each field's environment variable is its name in capitals.

    `isthmus dev` fills the store URLs that are not set with those of the embedded servers.
    """

    # An empty variable is one that is not set: compose files pass such.
    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,
    )

    environment: Environment = Field(
        "development",
        validation_alias="ISTHMUS_ENV",
        description="what it runs for; production refuses what is not safe",
    )
    home: Path = Field(
        Path(".isthmus"),
        validation_alias="ISTHMUS_HOME",
        description="the folder of development's keys and stores, and of files without S3",
    )

    # -- server
    host: str = Field("127.0.0.1", description="the address that it listens on")
    port: int = Field(8000, ge=0, le=65535, description="the port; 0: any that is free")
    workers: int = Field(1, ge=1, le=256, description="processes that serve")
    log_level: Literal["critical", "error", "warning", "info", "debug"] = Field(
        "info", description="the least grave of what is logged; debug logs what people send"
    )
    explorer: bool = Field(
        default_factory=lambda data: data.get("environment") != "production",
        description="whether /graphiql is served; in production only if this says so",
    )
    demo: bool = Field(
        default_factory=lambda data: data.get("environment") != "production",
        description="whether the chat at /demo is served; in production only if this says so",
    )
    rest: bool = Field(True, description="whether REST is served, and its description")
    introspection: bool = Field(
        default_factory=lambda data: data.get("environment") != "production",
        description="whether the schema may be asked for; in production only if this says so",
    )

    # -- stores
    # They hold passwords, and so are not shown.
    database_url: str | None = Field(
        None, repr=False, description="PostgreSQL's main database: postgresql://…"
    )
    auth_database_url: str | None = Field(
        None, repr=False, description="that of the accounts; unset: the main one"
    )
    analytics_database_url: str | None = Field(
        None, repr=False, description="a read-only copy of the main database, for reports"
    )
    mongo_url: str | None = Field(
        None, repr=False, description="MongoDB, a replica set, with the database: mongodb://…"
    )
    redis_url: str | None = Field(
        None, repr=False, description="Redis or Valkey that evicts nothing: redis://…, rediss://…"
    )
    cache_redis_url: str | None = Field(
        None, repr=False, description="a Redis that may evict; unset: nothing is cached there"
    )
    cache_ttl: float = Field(60.0, gt=0, description="seconds for which it keeps a record at most")
    postgres_ca: Path | None = Field(
        None,
        validation_alias="PGSSLROOTCERT",
        description="authorities, PEM, that vouch for PostgreSQL; the system's if unset",
    )
    allow_plaintext_stores: bool = Field(
        False,
        validation_alias="ISTHMUS_ALLOW_PLAINTEXT_STORES",
        description="production without TLS to stores on a network of this one host",
    )
    database_pool_size: int = Field(
        10, ge=1, description="connections that a process keeps to each database"
    )
    database_pool_overflow: int = Field(
        20, ge=0, description="connections beyond these, closed after use"
    )
    database_pool_recycle: float = Field(
        1800.0, ge=0, description="seconds after which a connection is made anew"
    )
    # PgBouncer in transaction mode keeps no prepared statements between transactions.
    database_prepared_statements: bool = Field(
        True, description="whether statements are prepared once for a connection"
    )
    # Well under `operation_timeout`: a silent store nulls the fields that need it, not the page.
    database_timeout: float = Field(4.0, gt=0, description="seconds per statement")
    mongo_timeout: float = Field(4.0, gt=0, description="seconds per command")
    mongo_pool_size: int = Field(50, ge=1, description="connections that a process opens at most")
    redis_pool_size: int = Field(50, ge=1, description="commands that a process has under way")

    # -- who is asking
    auth_private_key: SecretStr | None = Field(
        None, description="Ed25519 private key, PEM; development makes one in ISTHMUS_HOME"
    )
    auth_public_keys: tuple[str, ...] = Field(
        (), description="former keys' public halves in PEM (JSON): their tokens hold until expiry"
    )
    auth_secret: SecretStr | None = Field(
        None,
        min_length=32,
        description="keys one-time codes; derived from the private key if unset",
    )
    access_token_ttl: int = Field(900, ge=60, description="seconds")
    refresh_token_ttl: int = Field(2_592_000, ge=3600, description="seconds; each use renews it")
    platforms: tuple[Literal["dobe", "cause-i", "deed-o"], ...] = Field(
        ("dobe", "cause-i", "deed-o"), description="products whose tokens are accepted (JSON)"
    )
    session_sweep_interval: float = Field(
        1.0, gt=0, description="seconds between looks for sessions that have ended"
    )
    code_limit_account: int = Field(
        5, ge=1, description="codes to one account for one client in 15 minutes"
    )
    code_limit_address: int = Field(20, ge=1, description="codes for one client in 15 minutes")
    code_limit_total: int = Field(600, ge=1, description="codes in a minute, whoever asks")

    client_key_days: int = Field(
        90, ge=30, description="days for which a retry with its client key is known"
    )
    feed_days: int = Field(
        30, ge=1, description="days for which a stream of products, groups and the like resumes"
    )

    # -- personal data; development makes keys in ISTHMUS_HOME, `isthmus personal key` one to set
    personal_data_keys: tuple[SecretStr, ...] = Field(
        (), description="base64 of 32 bytes each (JSON): the first seals, all of them open"
    )
    personal_index_key: SecretStr | None = Field(
        None, description="base64 of 32 bytes: finds sealed values; it never changes"
    )

    # -- mail; without a server, development prints it
    smtp_url: SecretStr | None = Field(
        None, description="smtps://user:password@host:port, or smtp:// for STARTTLS"
    )
    mail_from: str = Field("Isthmus <no-reply@localhost>", description="the sender of mail")

    # -- an OpenID Connect provider whose access tokens are accepted besides our own
    oidc_issuer: str | None = Field(None, description="the `iss` of its tokens")
    oidc_audience: str | None = Field(None, description="their `aud`, or `azp` where none is")
    oidc_jwks_url: str | None = Field(None, description="its keys; by default below the issuer")
    oidc_create_users: bool = Field(False, description="make an account at the first token")
    oidc_platform: Literal["dobe", "cause-i", "deed-o"] = Field(
        "deed-o", description="the product to which its users belong"
    )

    audit_checkpoint_interval: float = Field(
        300.0, gt=0, description="seconds between signed checkpoints of the audit"
    )

    # -- usage
    api_log: bool = Field(True, description="whether the API's calls are logged")
    api_log_queue: int = Field(
        10_000, ge=1, description="calls that may wait to be logged; more are dropped"
    )
    api_log_months: int = Field(
        6, ge=0, description="whole months before this one that the log keeps; 0: all of them"
    )
    report_timeout: float = Field(8.0, gt=0, description="seconds for a report's statement")
    usage_count_interval: float = Field(
        1.0, gt=0, description="seconds between additions of the ledger to the totals"
    )

    # -- live
    presence_ttl: float = Field(
        30.0, gt=0, description="seconds after which a process that died holds nobody online"
    )
    presence_snapshot_interval: float = Field(
        60.0, gt=0, description="seconds between notes of who is online"
    )
    answer_ttl: float = Field(
        30.0, gt=0, description="seconds for which an answer grows to which nothing is appended"
    )
    sweep_interval: float = Field(5.0, gt=0, description="seconds between head sweeps")
    scheduled_interval: float = Field(
        1.0, gt=0, description="seconds between looks for messages whose time has come"
    )

    # -- uploaded files; in ISTHMUS_HOME, or in a bucket of S3 or of a server that speaks as it does
    s3_bucket: str | None = Field(None, description="keeps files there; unset: on the local disk")
    s3_endpoint: str | None = Field(None, description="where that server is, if not AWS")
    s3_region: str = Field("us-east-1", description="the bucket's region")
    s3_access_key: SecretStr | None = Field(None, description="by AWS's own ways if unset")
    s3_secret_key: SecretStr | None = Field(None, description="belongs to the access key")
    public_url: Origin | None = Field(
        None, description="what stands before the addresses of files; unset: they begin with /"
    )
    attachment_max_bytes: int = Field(26_214_400, ge=1, description="bytes of an uploaded file")
    attachment_daily_uploads: int = Field(200, ge=1, description="files of a user in 24 hours")
    attachment_total_bytes: int = Field(1_073_741_824, ge=1, description="bytes kept for a user")
    attachment_timeout: float = Field(300.0, gt=0, description="seconds to send a file")
    attachment_link_ttl: int = Field(900, ge=1, description="seconds of a link, up to twice")
    attachment_sweep_interval: float = Field(
        600.0, gt=0, description="seconds between looks for files that nobody needs"
    )

    # -- limits: what one client may ask of the transport
    max_body_bytes: int = Field(1_048_576, ge=1024, description="bytes of an HTTP body")
    body_timeout: float = Field(10.0, gt=0, description="seconds to send a request's body")
    operation_timeout: float = Field(10.0, gt=0, description="seconds to run an operation")
    max_query_length: int = Field(65_536, ge=1, description="characters of a document")
    max_query_tokens: int = Field(2_000, ge=1, description="tokens of a document")
    max_query_fields: int = Field(1_500, ge=1, description="fields, fragments expanded")
    max_query_depth: int = Field(15, ge=1, description="nested fields, fragments expanded")
    max_query_aliases: int = Field(100, ge=0, description="aliases, fragments expanded")
    max_query_root_fields: int = Field(30, ge=1, description="fields of the root type")
    max_query_repeats: int = Field(
        30, ge=1, description="objects of one name in one place, fragments expanded; 10x for others"
    )
    max_query_directives: int = Field(100, ge=0, description="directives, fragments expanded")
    max_query_fragments: int = Field(200, ge=0, description="fragments and their spreads")
    max_query_cost: int = Field(
        100_000,
        ge=1,
        description="scalars that a response may hold, its pages full; an object counts as 8",
    )
    document_cache_size: int = Field(1_000, ge=0, description="validated documents kept")
    allowed_origins: tuple[Origin, ...] = Field(
        (), description="origins of pages that may use the API (JSON); empty: its own alone"
    )
    trusted_documents: Path | None = Field(
        None, description="a manifest, or a directory of .graphql files, that run by their ids"
    )
    trusted_documents_only: bool = Field(False, description="whether nothing else runs")
    rate_limit: int = Field(
        default_factory=lambda data: 0 if data.get("environment") == "test" else 1_000_000,
        ge=0,
        lt=2**31,
        description="points of a user, or of an address, per window; 0: no limit, as in tests",
    )
    service_rate_limit: int = Field(
        5_000_000, ge=1, lt=2**31, description="points of a service account per window"
    )
    rate_limit_window: int = Field(60, ge=1, le=86_400, description="seconds")
    trusted_proxies: tuple[str, ...] = Field(
        (), description="addresses or networks (JSON) whose X-Forwarded-For is believed"
    )
    socket_init_timeout: float = Field(5.0, gt=0, description="seconds to connection_init")
    socket_expiry_warning: float = Field(
        60.0, gt=0, description="seconds before a token expires at which its socket is told"
    )
    socket_send_timeout: float = Field(30.0, gt=0, description="seconds a send may block")
    socket_max_operations: int = Field(100, ge=1, description="running on one socket")
    socket_max_per_user: int = Field(100, ge=1, description="sockets in one process")
    socket_max_message_bytes: int = Field(262_144, ge=1024, description="bytes of a message")

    @model_validator(mode="after")
    def _check_limits(self) -> Self:
        if self.trusted_documents_only and self.trusted_documents is None:
            raise ValueError("TRUSTED_DOCUMENTS_ONLY needs TRUSTED_DOCUMENTS, or nothing could run")
        if 0 < self.rate_limit < self.max_query_cost:
            raise ValueError("RATE_LIMIT is under MAX_QUERY_COST, so that some could never run")
        if self.service_rate_limit < self.max_query_cost:
            raise ValueError("SERVICE_RATE_LIMIT is under MAX_QUERY_COST")
        return self

    @model_validator(mode="after")
    def _refuse_half_a_provider(self) -> Self:
        if self.oidc_issuer is not None and self.oidc_audience is None:
            raise ValueError(
                "OIDC_ISSUER needs OIDC_AUDIENCE: tokens for others must not hold here"
            )
        keys = self.oidc_jwks_url or self.oidc_issuer or "https://"
        if self.environment == "production" and not keys.startswith("https://"):
            raise ValueError("production fetches an identity provider's keys by https alone")
        return self

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> Self:
        if self.environment == "production":
            missing = [
                name
                for name in (
                    *("database_url", "mongo_url", "redis_url", "auth_private_key"),
                    *("personal_data_keys", "personal_index_key"),
                )
                if not getattr(self, name)
            ]
            if missing:
                raise ValueError(f"production needs {', '.join(missing).upper()} to be set")
            if problems := self._problems():
                raise ValueError(f"not safe in production: {'; '.join(problems)}")
        return self

    def _problems(self) -> list[str]:
        problems = []
        if not self.allow_plaintext_stores:
            problems += plaintext_problems(
                database_url=self.database_url or "",
                auth_database_url=self.auth_database_url,
                analytics_database_url=self.analytics_database_url,
                mongo_url=self.mongo_url or "",
                redis_url=self.redis_url or "",
                cache_redis_url=self.cache_redis_url,
            )
        if self.log_level == "debug":
            problems.append("LOG_LEVEL=debug logs what people send")
        secrets = (
            ("AUTH_PRIVATE_KEY", DEVELOPMENT_KEY, (self.auth_private_key,)),
            ("PERSONAL_DATA_KEYS", DEVELOPMENT_DATA_KEY, self.personal_data_keys),
            ("PERSONAL_INDEX_KEY", DEVELOPMENT_INDEX_KEY, (self.personal_index_key,)),
        )
        for name, file, keys in secrets:
            made = self.home / file
            made_here = made.read_text().split() if made.is_file() else None
            if any(key and key.get_secret_value().split() == made_here for key in keys):
                problems.append(f"{name} is the key that development made: make one of its own")
        return problems

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments by field name, then the environment by alias: HOME is not ISTHMUS_HOME."""
        env_settings.config = {**settings_cls.model_config, "populate_by_name": False}
        return init_settings, env_settings, dotenv_settings, file_secret_settings

    @property
    def auth_url(self) -> str | None:
        """The auth database's URL; the main database's where only that is set."""
        return self.auth_database_url or self.database_url
