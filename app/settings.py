"""Every setting of the process, read once from the environment; nothing else reads it."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

Environment = Literal["development", "test", "production"]


class Settings(BaseSettings):
    """Frozen settings; each field's environment variable is its name in capitals.

    `isthmus dev` fills the store URLs that are not set with those of the embedded servers.
    """

    # An empty variable is one that is not set: compose files pass such.
    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", populate_by_name=True, env_ignore_empty=True
    )

    environment: Environment = Field("development", validation_alias="ISTHMUS_ENV")
    home: Path = Field(Path(".isthmus"), validation_alias="ISTHMUS_HOME")

    # -- server
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    workers: int = Field(1, ge=1, le=256)
    log_level: Literal["critical", "error", "warning", "info", "debug"] = "info"
    explorer: bool = True

    # -- stores
    database_url: str | None = None
    auth_database_url: str | None = None
    mongo_url: str | None = None
    redis_url: str | None = None
    database_pool_size: int = Field(10, ge=1)
    database_pool_overflow: int = Field(20, ge=0)
    # PgBouncer in transaction mode keeps no prepared statements between transactions.
    database_prepared_statements: bool = True
    database_timeout: float = Field(10.0, gt=0, description="seconds per statement")
    mongo_timeout: float = Field(10.0, gt=0, description="seconds per command")
    mongo_pool_size: int = Field(50, ge=1)

    # -- who is asking
    auth_private_key: SecretStr | None = Field(
        None, description="Ed25519 private key, PEM; development makes one in ISTHMUS_HOME"
    )
    access_token_ttl: int = Field(3600, ge=60, description="seconds")

    # -- live
    sweep_interval: float = Field(5.0, gt=0, description="seconds between head sweeps")

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
    max_query_directives: int = Field(100, ge=0, description="directives, fragments expanded")
    max_query_fragments: int = Field(200, ge=0, description="fragments and their spreads")
    max_query_cost: int = Field(
        100_000, ge=1, description="values that a response may hold, its pages being full"
    )
    document_cache_size: int = Field(1_000, ge=0, description="validated documents kept")
    allowed_origins: tuple[str, ...] = Field(
        (), description="origins that may open WebSockets (JSON); empty: the same origin"
    )
    socket_init_timeout: float = Field(5.0, gt=0, description="seconds to connection_init")
    socket_send_timeout: float = Field(30.0, gt=0, description="seconds a send may block")
    socket_max_operations: int = Field(100, ge=1, description="running on one socket")
    socket_max_message_bytes: int = Field(262_144, ge=1024, description="bytes of a message")

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> Self:
        if self.environment == "production":
            missing = [
                name
                for name in ("database_url", "mongo_url", "redis_url", "auth_private_key")
                if getattr(self, name) is None
            ]
            if missing:
                raise ValueError(f"production needs {', '.join(missing).upper()} to be set")
        return self

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
