"""Mutations of accounts, sessions and preferences."""

from tests.matrix.columns import (
    ADMIN,
    CONFLICT,
    DONE,
    FORBIDDEN,
    FOUND,
    INVALID,
    OWNER,
    UNAUTHENTICATED,
    UNAVAILABLE,
    row,
)
from tests.matrix.rules.roots import Ask
from tests.matrix.rules.rows import ADMINS_DO, NOBODY_FINDS, SIGNED_IN_DO

ACCOUNT_MUTATIONS: dict[str, dict[str, Ask]] = {
    "userUpdate": {
        "oneself": Ask('userId: $self, input: {clientKey: $key, city: "Bergen"}', SIGNED_IN_DO),
        "somebody": Ask('userId: $account, input: {clientKey: $key, city: "Bergen"}', ADMINS_DO),
    },
    "dataExportRequest": {"": Ask("input: {clientKey: $key}", SIGNED_IN_DO)},
    # The estate's tokens belong to no session, and so to no fresh one.
    "accountErase": {
        "": Ask("input: {clientKey: $key}", row(FORBIDDEN, anonymous=UNAUTHENTICATED))
    },
    "userEmailChangeRequest": {
        "": Ask(
            'input: {clientKey: $key, email: "new@example.org"}',
            row(FORBIDDEN, anonymous=UNAUTHENTICATED),
        )
    },
    "userEmailChange": {
        "": Ask(
            'input: {clientKey: $key, email: "new@example.org", code: "12345678"}',
            row(INVALID, anonymous=UNAUTHENTICATED),
        )
    },
    "userDeactivate": {
        "": Ask('userId: $account, input: {clientKey: $key, reason: "Spam."}', ADMINS_DO),
        "oneself": Ask(
            'userId: $self, input: {clientKey: $key, reason: "Spam."}',
            ADMINS_DO | {ADMIN: CONFLICT},
        ),
    },
    "userReactivate": {"": Ask("userId: $locked, input: {clientKey: $key}", ADMINS_DO)},
    "userRoleChange": {
        "": Ask("userId: $account, input: {clientKey: $key, role: ADMIN}", ADMINS_DO),
        "oneself": Ask(
            "userId: $self, input: {clientKey: $key, role: ADMIN}", ADMINS_DO | {ADMIN: CONFLICT}
        ),
    },
    "serviceAccountCreate": {
        "": Ask('input: {clientKey: $key, name: "Helper", platform: DEED_O}', ADMINS_DO)
    },
    "serviceKeyCreate": {"": Ask("userId: $program, input: {clientKey: $key}", ADMINS_DO)},
    "preferencesUpdate": {
        "": Ask("input: {clientKey: $key, chatTheme: DARK}", SIGNED_IN_DO),
    },
    # Whoever asks: what they bring is what counts. This server sends no mail, and nobody has an
    # account at `$mail`.
    "authCodeRequest": {
        "": Ask(
            "input: {clientKey: $key, email: $mail, action: LOGIN, platform: DEED_O}",
            row(UNAVAILABLE),
        )
    },
    "authCodeVerify": {
        "": Ask(
            "input: {clientKey: $key, email: $mail, action: LOGIN, "
            'platform: DEED_O, code: "000000"}',
            row(INVALID),
        )
    },
    "authTokenRefresh": {
        "": Ask("input: {clientKey: $key, refreshToken: $key}", row(UNAUTHENTICATED))
    },
    "sessionRevoke": {
        "": Ask("sessionId: $open, input: {clientKey: $key}", NOBODY_FINDS | {OWNER: DONE})
    },
    "sessionRevokeAll": {
        "": Ask("input: {clientKey: $key}", row(FOUND, anonymous=UNAUTHENTICATED, owner=DONE))
    },
}
