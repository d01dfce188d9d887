"""Who may what, as rows that rules share."""

from tests.matrix.columns import DONE, FORBIDDEN, NOT_FOUND, UNAUTHENTICATED, row

SIGNED_IN_DO = row(DONE, anonymous=UNAUTHENTICATED)
OWNER_DOES = row(FORBIDDEN, anonymous=UNAUTHENTICATED, owner=DONE)
STAFF_DECIDE = row(
    NOT_FOUND, anonymous=UNAUTHENTICATED, owner=FORBIDDEN, moderator=DONE, admin=DONE
)
# A report of the member's.
STAFF_MODERATE = row(
    NOT_FOUND, anonymous=UNAUTHENTICATED, member=FORBIDDEN, moderator=DONE, admin=DONE
)
PARTICIPANTS_DO = row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=DONE, member=DONE)
LEADERS_DO = row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=DONE, member=FORBIDDEN)
SERVICE_DOES = row(
    NOT_FOUND, anonymous=UNAUTHENTICATED, owner=FORBIDDEN, member=FORBIDDEN, service=DONE
)
ADMINS_DO = row(FORBIDDEN, anonymous=UNAUTHENTICATED, admin=DONE)
NOBODY_FINDS = row(NOT_FOUND, anonymous=UNAUTHENTICATED)
