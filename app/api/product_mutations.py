"""Mutations of products: the way from a draft to everybody's eyes."""

from decimal import Decimal
from typing import Annotated

import strawberry
from strawberry import Maybe

from app.api.context import Info
from app.api.ids import key_of
from app.api.mutation import KeyedInput, MediumInput, Payload, attachments_of, given, mutation
from app.api.types import Product
from app.products import commands, removal
from app.products.commands import NewProduct, ProductChanges
from app.products.models import Cause
from app.products.queries import ProductRecord


@strawberry.input(description="A new product.")
class ProductCreateInput(KeyedInput):
    """The input of `productCreate`."""

    title: str = strawberry.field(
        description="The name to show: one line of at most 200 characters."
    )
    description: str = strawberry.field(description="What it is: at most 10,000 characters.")
    cause: Cause = strawberry.field(description="What its proceeds go to.")
    mrp: Decimal = strawberry.field(description="The recommended price, with two decimals.")
    selling_price: Decimal = strawberry.field(
        description="The price it is sold at, with two decimals; at most `mrp`."
    )
    product_url: str = strawberry.field(
        description="Where it can be bought: an http or https address."
    )
    media: list[MediumInput] = strawberry.field(
        default_factory=list, description="Pictures and other media: at most 20."
    )


@strawberry.input(description="What to change; what is left out stays as it is.")
class ProductUpdateInput(KeyedInput):
    """The input of `productUpdate`."""

    title: Maybe[str | None] = strawberry.field(
        description="The name to show: one line of at most 200 characters."
    )
    description: Maybe[str | None] = strawberry.field(
        description="What it is: at most 10,000 characters."
    )
    cause: Maybe[Cause | None] = strawberry.field(description="What its proceeds go to.")
    mrp: Maybe[Decimal | None] = strawberry.field(
        description="The recommended price, with two decimals."
    )
    selling_price: Maybe[Decimal | None] = strawberry.field(
        description="The price it is sold at, with two decimals; at most `mrp`."
    )
    product_url: Maybe[str | None] = strawberry.field(
        description="Where it can be bought: an http or https address."
    )
    media: Maybe[list[MediumInput] | None] = strawberry.field(
        description="All its pictures and other media, in place of those it has: at most 20."
    )


@strawberry.input(description="The submission of a product.")
class ProductSubmitInput(KeyedInput):
    """The input of `productSubmit`."""


@strawberry.input(description="The publication of a product.")
class ProductPublishInput(KeyedInput):
    """The input of `productPublish`."""


@strawberry.input(description="The rejection of a product.")
class ProductRejectInput(KeyedInput):
    """The input of `productReject`."""

    remark: str = strawberry.field(
        description="Why, for the staff's eyes: at most 2,000 characters."
    )


@strawberry.input(description="The deletion of a product.")
class ProductDeleteInput(KeyedInput):
    """The input of `productDelete`."""


@strawberry.input(description="The return of a deleted product.")
class ProductRestoreInput(KeyedInput):
    """The input of `productRestore`."""


@strawberry.type(description="What came of a mutation of a product.")
class _ProductPayload(Payload):
    product: ProductRecord | None = strawberry.field(
        default=None, graphql_type=Product | None, description="The product as it is now."
    )


@strawberry.type(description="What came of `productCreate`.")
class ProductCreatePayload(_ProductPayload):
    """The new draft."""


@strawberry.type(description="What came of `productUpdate`.")
class ProductUpdatePayload(_ProductPayload):
    """The changed product."""


@strawberry.type(description="What came of `productSubmit`.")
class ProductSubmitPayload(_ProductPayload):
    """The submitted product."""


@strawberry.type(description="What came of `productPublish`.")
class ProductPublishPayload(_ProductPayload):
    """The published product."""


@strawberry.type(description="What came of `productReject`.")
class ProductRejectPayload(_ProductPayload):
    """The rejected product."""


@strawberry.type(description="What came of `productDelete`.")
class ProductDeletePayload(_ProductPayload):
    """The deleted product, as its vendor and staff still see it."""


@strawberry.type(description="What came of `productRestore`.")
class ProductRestorePayload(_ProductPayload):
    """The restored product."""


ProductId = Annotated[strawberry.ID, strawberry.argument(description="The product's id.")]


@strawberry.type
class ProductMutations:
    """Writes."""

    @mutation(ProductCreatePayload, description="Make a draft, which you sell.")
    async def product_create(
        self,
        info: Info,
        input_: Annotated[
            ProductCreateInput,
            strawberry.argument(name="input", description="What you say of it."),
        ],
    ) -> ProductCreatePayload:
        new = NewProduct(
            title=input_.title,
            description=input_.description,
            cause=input_.cause,
            mrp=input_.mrp,
            selling_price=input_.selling_price,
            product_url=input_.product_url,
            media=attachments_of(input_.media),
        )
        context = info.context
        product = await commands.create_product(
            context.services.main, context.viewer, new, client_key=input_.client_key
        )
        return ProductCreatePayload(product=product)

    @mutation(
        ProductUpdatePayload,
        description="Change a product: your own while it is a draft or rejected, any as staff.",
    )
    async def product_update(
        self,
        info: Info,
        product_id: ProductId,
        input_: Annotated[
            ProductUpdateInput, strawberry.argument(name="input", description="What to change.")
        ],
    ) -> ProductUpdatePayload:
        media = given(input_.media, "media")
        changes = ProductChanges(
            title=given(input_.title, "title"),
            description=given(input_.description, "description"),
            cause=given(input_.cause, "cause"),
            mrp=given(input_.mrp, "mrp"),
            selling_price=given(input_.selling_price, "sellingPrice"),
            product_url=given(input_.product_url, "productUrl"),
            media=None if media is None else attachments_of(media),
        )
        context = info.context
        product = await commands.update_product(
            context.services.main,
            context.viewer,
            _key(product_id),
            changes,
            client_key=input_.client_key,
        )
        return ProductUpdatePayload(product=product)

    @mutation(
        ProductSubmitPayload,
        description="Hand your draft, or your rejected product, to the moderators.",
    )
    async def product_submit(
        self,
        info: Info,
        product_id: ProductId,
        input_: Annotated[
            ProductSubmitInput, strawberry.argument(name="input", description="The client key.")
        ],
    ) -> ProductSubmitPayload:
        context = info.context
        product = await commands.submit_product(
            context.services.main, context.viewer, _key(product_id), client_key=input_.client_key
        )
        return ProductSubmitPayload(product=product)

    @mutation(
        ProductPublishPayload, description="Show a submitted product to everybody. For staff."
    )
    async def product_publish(
        self,
        info: Info,
        product_id: ProductId,
        input_: Annotated[
            ProductPublishInput, strawberry.argument(name="input", description="The client key.")
        ],
    ) -> ProductPublishPayload:
        context = info.context
        product = await commands.publish_product(
            context.services.main, context.viewer, _key(product_id), client_key=input_.client_key
        )
        return ProductPublishPayload(product=product)

    @mutation(
        ProductRejectPayload, description="Give a submitted product back to its vendor. For staff."
    )
    async def product_reject(
        self,
        info: Info,
        product_id: ProductId,
        input_: Annotated[
            ProductRejectInput, strawberry.argument(name="input", description="The reason.")
        ],
    ) -> ProductRejectPayload:
        context = info.context
        product = await commands.reject_product(
            context.services.main,
            context.viewer,
            _key(product_id),
            input_.remark,
            client_key=input_.client_key,
        )
        return ProductRejectPayload(product=product)

    @mutation(
        ProductDeletePayload,
        description="Take a product from everybody's sight but its vendor's and the staff's: your "
        "own, or any as staff. Its groups stay, and staff can restore it.",
    )
    async def product_delete(
        self,
        info: Info,
        product_id: ProductId,
        input_: Annotated[
            ProductDeleteInput, strawberry.argument(name="input", description="The client key.")
        ],
    ) -> ProductDeletePayload:
        context = info.context
        product = await removal.delete_product(
            context.services.main, context.viewer, _key(product_id), client_key=input_.client_key
        )
        return ProductDeletePayload(product=product)

    @mutation(
        ProductRestorePayload,
        description="Bring a deleted product back, in the status that it had. For staff.",
    )
    async def product_restore(
        self,
        info: Info,
        product_id: ProductId,
        input_: Annotated[
            ProductRestoreInput, strawberry.argument(name="input", description="The client key.")
        ],
    ) -> ProductRestorePayload:
        context = info.context
        product = await removal.restore_product(
            context.services.main, context.viewer, _key(product_id), client_key=input_.client_key
        )
        return ProductRestorePayload(product=product)


def _key(product_id: strawberry.ID) -> str:
    return key_of(product_id, "Product", field=["productId"])
