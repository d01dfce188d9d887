"""What signing in takes, in one place: the stores, the keys and the limits."""

from dataclasses import dataclass

from app.limits import Limiter
from app.mail import Mailer
from app.sealing import Keyring
from app.settings import Settings
from app.stores.postgres import Postgres
from app.tokens import Tokens
from app.users.external import ExternalIdentity
from app.users.guard import Guard
from app.users.keys import ServiceKeys


@dataclass(frozen=True, slots=True)
class Accounts:
    """What the commands of signing in work on."""

    auth: Postgres
    tokens: Tokens
    guard: Guard
    limiter: Limiter
    mailer: Mailer
    settings: Settings
    keyring: Keyring
    keys: ServiceKeys
    external: ExternalIdentity | None = None
