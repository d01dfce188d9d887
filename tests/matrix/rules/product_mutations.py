"""Mutations of products, and of what becomes of them in moderation."""

from tests.matrix.columns import CONFLICT, DONE, FORBIDDEN, INVALID, NOT_FOUND, UNAUTHENTICATED, row
from tests.matrix.rules.roots import Ask
from tests.matrix.rules.rows import PARTICIPANTS_DO, SIGNED_IN_DO, STAFF_DECIDE, STAFF_MODERATE

PRODUCT_MUTATIONS: dict[str, dict[str, Ask]] = {
    "productCreate": {
        "": Ask(
            'input: {clientKey: $key, title: "Lamp", description: "It shines.", cause: ELDER_CARE,'
            ' mrp: "9.00", sellingPrice: "8.00", productUrl: "https://shop.example/lamp"}',
            SIGNED_IN_DO,
        )
    },
    "productUpdate": {
        "a draft": Ask(
            'productId: $draft, input: {clientKey: $key, title: "New"}',
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=DONE, moderator=DONE, admin=DONE),
        ),
        "a suggestion": Ask(
            'productId: $suggestion, input: {clientKey: $key, title: "New"}',
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=CONFLICT, moderator=DONE, admin=DONE),
        ),
        "what everybody sees": Ask(
            'productId: $shown, input: {clientKey: $key, title: "New"}',
            row(FORBIDDEN, anonymous=UNAUTHENTICATED, owner=CONFLICT, moderator=DONE, admin=DONE),
        ),
    },
    "productSubmit": {
        "": Ask(
            "productId: $draft, input: {clientKey: $key}",
            row(
                NOT_FOUND,
                anonymous=UNAUTHENTICATED,
                owner=DONE,
                moderator=FORBIDDEN,
                admin=FORBIDDEN,
            ),
        )
    },
    "productPublish": {"": Ask("productId: $suggestion, input: {clientKey: $key}", STAFF_DECIDE)},
    "productReject": {
        "": Ask('productId: $suggestion, input: {clientKey: $key, remark: "No."}', STAFF_DECIDE)
    },
    "productDelete": {
        "a draft": Ask(
            "productId: $draft, input: {clientKey: $key}",
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=DONE, moderator=DONE, admin=DONE),
        ),
        "what everybody sees": Ask(
            "productId: $shown, input: {clientKey: $key}",
            row(FORBIDDEN, anonymous=UNAUTHENTICATED, owner=DONE, moderator=DONE, admin=DONE),
        ),
    },
    "productRestore": {"": Ask("productId: $bin, input: {clientKey: $key}", STAFF_DECIDE)},
    "moderationItemReport": {
        "a product": Ask(
            'subjectId: $shown, input: {clientKey: $key, reason: "Odd."}', SIGNED_IN_DO
        ),
        "a draft": Ask(
            'subjectId: $draft, input: {clientKey: $key, reason: "Odd."}',
            row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner=DONE, moderator=DONE, admin=DONE),
        ),
        "a message": Ask(
            'subjectId: $mi, input: {clientKey: $key, reason: "Odd."}', PARTICIPANTS_DO
        ),
        "a user": Ask(
            'subjectId: $outsider, input: {clientKey: $key, reason: "Odd."}', SIGNED_IN_DO
        ),
        "oneself": Ask(
            'subjectId: $self, input: {clientKey: $key, reason: "Odd."}',
            row(INVALID, anonymous=UNAUTHENTICATED),
        ),
    },
    "moderationItemAssign": {
        "to oneself": Ask("moderationItemId: $case, input: {clientKey: $key}", STAFF_MODERATE),
        "to a moderator": Ask(
            "moderationItemId: $case, input: {clientKey: $key, assigneeId: $moderator}",
            STAFF_MODERATE,
        ),
        "to an admin": Ask(
            "moderationItemId: $case, input: {clientKey: $key, assigneeId: $admin}",
            STAFF_MODERATE | {"moderator": FORBIDDEN},
        ),
    },
    "moderationItemRelease": {
        "": Ask("moderationItemId: $taken, input: {clientKey: $key}", STAFF_MODERATE)
    },
    "moderationItemDecide": {
        "a report": Ask(
            "moderationItemId: $case, input: {clientKey: $key, verdict: APPROVED}", STAFF_MODERATE
        ),
        "another's": Ask(
            "moderationItemId: $another, input: {clientKey: $key, verdict: APPROVED}",
            STAFF_MODERATE | {"moderator": CONFLICT},
        ),
        "a submission": Ask(
            "moderationItemId: $waiting, input: {clientKey: $key, verdict: APPROVED}",
            STAFF_MODERATE | {"member": NOT_FOUND},
        ),
        "what is left to admins": Ask(
            "moderationItemId: $escalated, input: {clientKey: $key, verdict: APPROVED}",
            STAFF_MODERATE | {"moderator": FORBIDDEN},
        ),
        "that somebody be locked out": Ask(
            'moderationItemId: $accused, input: {clientKey: $key, verdict: REMOVED, note: "Spam."}',
            STAFF_MODERATE | {"moderator": FORBIDDEN},
        ),
    },
}
