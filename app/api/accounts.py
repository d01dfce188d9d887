"""Mutations of signing up, in and out."""

from datetime import datetime
from typing import Annotated

import strawberry

from app.api.context import Info
from app.api.ids import uuid_of
from app.api.mutation import KeyedInput, Payload, mutation
from app.api.types import User
from app.once import check_client_key
from app.users import refresh, sessions, sign_in
from app.users.grants import Grant
from app.users.models import DeviceType, Platform, VerificationAction
from app.users.one_time_codes import DIGITS
from app.users.queries import UserRecord, users_by_ids
from app.users.starting import Device


@strawberry.input(description="For what a code is.")
class _WantedInput(KeyedInput):
    email: str = strawberry.field(description="The address to sign in with.")
    action: VerificationAction = strawberry.field(description="What the code is to permit.")
    platform: Platform = strawberry.field(description="The product that the tokens are for.")


@strawberry.input(description="Where to send a code, and for what.")
class AuthCodeRequestInput(_WantedInput):
    """The input of `authCodeRequest`."""


@strawberry.input(description="A code, and for what it was asked.")
class AuthCodeVerifyInput(_WantedInput):
    """The input of `authCodeVerify`."""

    code: str = strawberry.field(
        description=f"The {DIGITS} digits; spaces and dashes between them do no harm."
    )
    name: str | None = strawberry.field(
        default=None,
        description="The name to show: one line of at most 120 characters. Registering needs it.",
    )
    device_name: str | None = strawberry.field(
        default=None,
        description="What to call the device in the list of sessions: at most 80 characters.",
    )
    device_type: DeviceType | None = strawberry.field(default=None, description="What it is.")


@strawberry.input(description="A refresh token.")
class AuthTokenRefreshInput(KeyedInput):
    """The input of `authTokenRefresh`; that a retry is harmless, the token itself sees to."""

    refresh_token: str = strawberry.field(
        description="The newest one of the session. It holds once; if the answer is lost, it gives "
        "the same successor for ten seconds. Its use after that ends the session."
    )


@strawberry.input(description="The end of a session.")
class SessionRevokeInput(KeyedInput):
    """The input of `sessionRevoke`."""


@strawberry.input(description="The end of sessions.")
class SessionRevokeAllInput(KeyedInput):
    """The input of `sessionRevokeAll`."""

    except_current: bool = strawberry.field(
        default=True, description="Whether the session of this request goes on."
    )


@strawberry.type(description="A code that was asked for, whether or not it was sent.")
class AuthCode:
    """What a client can tell of it."""

    digits: int = strawberry.field(description="How many digits it has.")
    expires_at: datetime = strawberry.field(description="When it expires.")


@strawberry.type(description="What proves who you are, in one session.")
class AuthToken:
    """Read off a `Grant`."""

    access_token: str = strawberry.field(
        description="Send it as a bearer token, in the header `Authorization`."
    )
    access_token_expires_at: datetime = strawberry.field(
        description="When the access token expires; refresh it before."
    )
    refresh_token: str = strawberry.field(
        description="For `authTokenRefresh`; keep it where no script reads it."
    )


@strawberry.type(description="What came of `authCodeRequest`.")
class AuthCodeRequestPayload(Payload):
    """The same for every address."""

    code: AuthCode | None = strawberry.field(default=None, description="What to ask the user for.")


@strawberry.type(description="What came of a sign-in.")
class _GrantPayload(Payload):
    viewer: UserRecord | None = strawberry.field(
        default=None,
        graphql_type=User | None,
        description="You. What only the signed-in may see comes with the next request.",
    )
    token: AuthToken | None = strawberry.field(default=None, description="The session's tokens.")


@strawberry.type(description="What came of `authCodeVerify`.")
class AuthCodeVerifyPayload(_GrantPayload):
    """The new session's tokens."""


@strawberry.type(description="What came of `authTokenRefresh`.")
class AuthTokenRefreshPayload(_GrantPayload):
    """The session's next tokens."""


@strawberry.type(description="What came of `sessionRevoke`.")
class SessionRevokePayload(Payload):
    """The user whose session it was."""

    user: UserRecord | None = strawberry.field(
        default=None,
        graphql_type=User | None,
        description="Whose it was, with the sessions that go on.",
    )


@strawberry.type(description="What came of `sessionRevokeAll`.")
class SessionRevokeAllPayload(Payload):
    """The user whose sessions they were."""

    user: UserRecord | None = strawberry.field(
        default=None, graphql_type=User | None, description="You, with the sessions that go on."
    )


@strawberry.type
class AccountMutations:
    """Writes."""

    @mutation(
        AuthCodeRequestPayload,
        description="Send a one-time code by mail. The answer is the same whether the address has "
        "an account or not: a code is sent to sign in to one that is there, or to register one "
        "that is not. A new code takes the place of the one before.",
    )
    async def auth_code_request(
        self,
        info: Info,
        input_: Annotated[
            AuthCodeRequestInput, strawberry.argument(name="input", description="Where, for what.")
        ],
    ) -> AuthCodeRequestPayload:
        context = info.context
        expires_at = await sign_in.request_code(
            context.services.accounts,
            context.viewer.origin,
            sign_in.Wanted(input_.email, input_.action, input_.platform),
            client_key=input_.client_key,
        )
        return AuthCodeRequestPayload(code=AuthCode(digits=DIGITS, expires_at=expires_at))

    @mutation(
        AuthCodeVerifyPayload,
        description="Use a one-time code: register, or sign in. It holds for five minutes and five "
        "attempts, and makes one session.",
    )
    async def auth_code_verify(
        self,
        info: Info,
        input_: Annotated[
            AuthCodeVerifyInput, strawberry.argument(name="input", description="The code.")
        ],
    ) -> AuthCodeVerifyPayload:
        context = info.context
        granted = await sign_in.verify_code(
            context.services.accounts,
            context.viewer.origin,
            sign_in.Wanted(input_.email, input_.action, input_.platform),
            input_.code,
            name=input_.name,
            device=Device(input_.device_name, input_.device_type),
            client_key=input_.client_key,
        )
        return AuthCodeVerifyPayload(viewer=await _user(info, granted), token=_token(granted))

    @mutation(
        AuthTokenRefreshPayload,
        description="Exchange a refresh token for new tokens of the same session.",
    )
    async def auth_token_refresh(
        self,
        info: Info,
        input_: Annotated[
            AuthTokenRefreshInput, strawberry.argument(name="input", description="The token.")
        ],
    ) -> AuthTokenRefreshPayload:
        check_client_key(input_.client_key)
        granted = await refresh.refresh(info.context.services.accounts, input_.refresh_token)
        return AuthTokenRefreshPayload(viewer=await _user(info, granted), token=_token(granted))

    @mutation(
        SessionRevokePayload,
        description="End one of your sessions: its tokens hold no longer, and its open "
        "subscriptions end with `SESSION_REVOKED`. Admins so revoke a service account's key.",
    )
    async def session_revoke(
        self,
        info: Info,
        session_id: Annotated[strawberry.ID, strawberry.argument(description="The session's id.")],
        input_: Annotated[
            SessionRevokeInput, strawberry.argument(name="input", description="The client key.")
        ],
    ) -> SessionRevokePayload:
        context = info.context
        check_client_key(input_.client_key)  # an end is harmless if repeated
        key = uuid_of(session_id, "Session", field=["sessionId"])
        accounts = context.services.accounts
        owner_id = await sessions.revoke_session(accounts, context.viewer, key)
        user = await context.loaders.user_by_id.load(owner_id)
        return SessionRevokePayload(user=user)

    @mutation(
        SessionRevokeAllPayload,
        description="End all of your sessions, or all but this one: sign out everywhere.",
    )
    async def session_revoke_all(
        self,
        info: Info,
        input_: Annotated[
            SessionRevokeAllInput, strawberry.argument(name="input", description="Which ones.")
        ],
    ) -> SessionRevokeAllPayload:
        context = info.context
        check_client_key(input_.client_key)  # an end is harmless if repeated
        await sessions.revoke_sessions(
            context.services.accounts, context.viewer, except_current=input_.except_current
        )
        user = await context.loaders.user_by_id.load(context.viewer.require())
        return SessionRevokeAllPayload(user=user)


def _token(granted: Grant) -> AuthToken:
    return AuthToken(
        access_token=granted.access_token,
        access_token_expires_at=granted.expires_at,
        refresh_token=granted.refresh_token,
    )


async def _user(info: Info, granted: Grant) -> UserRecord | None:
    auth, viewer = info.context.services.auth, granted.viewer
    return (await users_by_ids(auth, viewer, [viewer.require()]))[0]
