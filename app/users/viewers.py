"""Who asks: a bearer token, ours or the identity provider's, or a service's key; its session."""

from dataclasses import replace

from app.users.accounts import Accounts
from app.users.external import is_from
from app.users.keys import MARK
from app.viewer import ANONYMOUS, Origin, Viewer


async def viewer_of(accounts: Accounts, token: str | None, origin: Origin) -> Viewer:
    """The viewer of a token; nobody without one.

    Raises:
        Unauthenticated: The token does not hold.
        SessionRevoked: Its session has ended.
        StoreUnavailable: It is a key or the identity provider's, and cannot be looked into.
    """
    if token is None:
        return replace(ANONYMOUS, origin=origin)
    issuer = accounts.settings.oidc_issuer
    if token.startswith(MARK):
        viewer = await accounts.keys.viewer(token)
    elif accounts.external is not None and issuer is not None and is_from(token, issuer):
        viewer = await accounts.external.viewer(token, origin)
    else:
        viewer = accounts.tokens.verify(token)
    if viewer.session_id is not None:
        await accounts.guard.check(viewer.session_id)
    return replace(viewer, origin=origin)
