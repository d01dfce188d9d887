"""A user's own profile and personal data: the mutation that changes them, and support's look-up."""

from datetime import date
from typing import Annotated, Any

import strawberry
from strawberry import Maybe
from strawberry.scalars import JSON

from app.api.context import Info
from app.api.ids import uuid_of
from app.api.mutation import KeyedInput, Payload, given, mutation
from app.api.types import User
from app.users.details import user_by_contact
from app.users.models import MAX_NAME
from app.users.preferences import MAX_CUSTOM
from app.users.profile import MAX_DETAIL, RULES, update_user
from app.users.queries import UserRecord

_SHORT = f"Null takes it away. At most {MAX_DETAIL} characters."


def _detail(what: str) -> Any:
    return strawberry.field(description=f"{what} {_SHORT}")


@strawberry.input(description="What is to change of a user; what is left out stays as it is.")
class UserUpdateInput(KeyedInput):
    """The input of `userUpdate`; each name is a rule of `app.users.profile`."""

    name: Maybe[str | None] = strawberry.field(
        description=f"The name to show: one line of at most {MAX_NAME} characters; not null."
    )
    username: Maybe[str | None] = strawberry.field(
        description="The handle, unique in either case: 3 to 30 letters, digits, dots, dashes or "
        "underscores. Null takes it away."
    )
    first_name: Maybe[str | None] = strawberry.field(
        description=f"The given name. Null takes it away. At most {MAX_NAME} characters."
    )
    last_name: Maybe[str | None] = strawberry.field(
        description=f"The family name. Null takes it away. At most {MAX_NAME} characters."
    )
    profile_image_url: Maybe[str | None] = strawberry.field(
        description="Where the picture is: an http or https address. Null takes it away."
    )
    profile: Maybe[JSON | None] = strawberry.field(
        description="What to tell as a vendor, for everybody signed in to see: an object of "
        f"at most {MAX_CUSTOM:,} bytes. Null takes it away."
    )
    contact_country_code: Maybe[str | None] = strawberry.field(
        description="The telephone's country code, such as +47; it and the number go together."
    )
    contact_number: Maybe[str | None] = strawberry.field(
        description="The telephone number without the country code: 4 to 14 digits; spaces, "
        "dashes, dots and brackets between them do no harm."
    )
    city: Maybe[str | None] = _detail("The city.")
    state: Maybe[str | None] = _detail("The state or province.")
    country: Maybe[str | None] = _detail("The country.")
    pincode: Maybe[str | None] = strawberry.field(
        description="The postal code: at most 12 letters, digits, spaces or dashes. Null takes it "
        "away."
    )
    gender: Maybe[str | None] = _detail("The gender.")
    dob: Maybe[date | None] = strawberry.field(
        description="The date of birth, from 1900 to today. Null takes it away."
    )
    purpose_code: Maybe[str | None] = _detail("Why they came, as a code.")
    nationality: Maybe[str | None] = _detail("The nationality.")
    ethnicity: Maybe[str | None] = _detail("The ethnicity.")
    qualification: Maybe[str | None] = _detail("The highest qualification.")
    profession: Maybe[str | None] = _detail("What they work as.")


@strawberry.type(description="What came of `userUpdate`.")
class UserUpdatePayload(Payload):
    """The user, changed."""

    user: UserRecord | None = strawberry.field(
        default=None, graphql_type=User | None, description="The user as they are now."
    )


@strawberry.type
class ProfileMutations:
    """Writes."""

    @mutation(
        UserUpdatePayload,
        description="Change your profile and your personal data; admins change anybody's. The "
        "address is what you sign in with: see `userEmailChange`.",
    )
    async def user_update(
        self,
        info: Info,
        user_id: Annotated[strawberry.ID, strawberry.argument(description="The user's id.")],
        input_: Annotated[
            UserUpdateInput, strawberry.argument(name="input", description="What is to change.")
        ],
    ) -> UserUpdatePayload:
        given(input_.name, "name")
        changes = {
            name: change.value for name in RULES if (change := getattr(input_, name)) is not None
        }
        user = await update_user(
            info.context.services.accounts,
            info.context.viewer,
            uuid_of(user_id, "User", field=["userId"]),
            changes,
            client_key=input_.client_key,
        )
        return UserUpdatePayload(user=user)


@strawberry.type
class ProfileQueries:
    """Reads."""

    @strawberry.field(
        description="Who has an address, or a telephone number in its international form; null if "
        "nobody has. For admins, and each finding is noted in the audit.",
        graphql_type=User | None,
    )
    async def user_by_contact(
        self,
        info: Info,
        contact: Annotated[
            str, strawberry.argument(description="An address, or a number such as +47 12 34 56 78.")
        ],
    ) -> UserRecord | None:
        context = info.context
        return await user_by_contact(context.services.accounts, context.viewer, contact)
