"""The demo world as data: who is in it, what they sell and where they meet.

People go by the first part of their address. Whatever order things stand in is the order in which
they happen; changing a text that a half-made world already holds would break its completion.
"""

from dataclasses import dataclass

from app.groups.commands import NewGroup
from app.products.models import Cause, PublishingStatus
from app.users.models import Platform, UserRole

DOMAIN = "isthmus.example"
DEMO_USER = "ada"
MODERATOR = "ingrid"


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody; `shop` is what a vendor tells of themselves."""

    key: str
    first_name: str
    last_name: str
    platform: Platform
    city: str
    role: UserRole = UserRole.USER
    shop: str | None = None

    @property
    def email(self) -> str:
        """The address, under a domain that nobody can own."""
        return f"{self.key}@{DOMAIN}"


@dataclass(frozen=True, slots=True)
class DemoProduct:
    """Something for sale, and how far it came."""

    key: str
    vendor: str
    title: str
    description: str
    cause: Cause
    mrp: str
    selling_price: str
    status: PublishingStatus
    remark: str | None = None


@dataclass(frozen=True, slots=True)
class DemoGroup:
    """A group; `admins` and `members` join in this order, after the owner."""

    key: str
    owner: str
    name: str
    description: str
    admins: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    parent: str | None = None
    product: str | None = None

    def new(self, product_id: str | None) -> NewGroup:
        """What its owner says to found it, its parent aside."""
        return NewGroup(self.name, self.description, product_id)


PEOPLE = (
    DemoPerson("ada", "Ada", "Lindqvist", Platform.DEED_O, "Uppsala"),
    DemoPerson(
        "tomas",
        "Tomás",
        "Herrera",
        Platform.CAUSE_I,
        "Oaxaca",
        shop="Thrown by hand, fired with wood. A third of every sale goes to grief care.",
    ),
    DemoPerson(
        "mei",
        "Mei",
        "Tanaka",
        Platform.CAUSE_I,
        "Kyoto",
        shop="Blankets and shawls, woven with the residents of three care homes.",
    ),
    DemoPerson(
        "samuel",
        "Samuel",
        "Osei",
        Platform.DOBE,
        "Accra",
        shop="Toys and beds for animals that are between two homes.",
    ),
    DemoPerson("ingrid", "Ingrid", "Solberg", Platform.DEED_O, "Bergen", role=UserRole.MODERATOR),
    DemoPerson("noor", "Noor", "Haddad", Platform.DEED_O, "Amman"),
    DemoPerson("lucas", "Lucas", "Meyer", Platform.DOBE, "Leipzig"),
    DemoPerson("priya", "Priya", "Raman", Platform.DEED_O, "Chennai"),
)

PRODUCTS = (
    DemoProduct(
        "memory-bowl",
        "tomas",
        "Memory bowl",
        "A stoneware bowl with room for a name on its foot. Each one comes out a little different.",
        Cause.GRIEF_CARE,
        "54.00",
        "48.00",
        PublishingStatus.PUBLISHED,
    ),
    DemoProduct(
        "candle-house",
        "tomas",
        "Candle house",
        "A small clay house that holds a tea light; its windows throw shapes on the wall.",
        Cause.PALLIATIVE_CARE,
        "32.00",
        "32.00",
        PublishingStatus.PUBLISHED,
    ),
    DemoProduct(
        "urn",
        "tomas",
        "Salt-glazed urn",
        "For ashes or for flowers. Photographs to follow.",
        Cause.GRIEF_CARE,
        "120.00",
        "110.00",
        PublishingStatus.DRAFT,
    ),
    DemoProduct(
        "lap-blanket",
        "mei",
        "Lap blanket in sage",
        "Lambswool, 90 by 120 cm, light enough for thin shoulders and warm enough for a porch.",
        Cause.ELDER_CARE,
        "89.00",
        "79.50",
        PublishingStatus.PUBLISHED,
    ),
    DemoProduct(
        "reading-shawl",
        "mei",
        "Reading shawl",
        "A shawl with a pocket for spectacles, woven on a table loom.",
        Cause.ELDER_CARE,
        "64.00",
        "64.00",
        PublishingStatus.SUGGESTION,
    ),
    DemoProduct(
        "night-quilt",
        "mei",
        "Quilt of small hours",
        "A cot quilt sewn from the shirts of night nurses.",
        Cause.CHILD_CARE,
        "140.00",
        "125.00",
        PublishingStatus.PUBLISHED,
    ),
    DemoProduct(
        "foster-bed",
        "samuel",
        "Foster bed",
        "A dog bed that folds flat, with a cover that stands a hot wash.",
        Cause.ANIMAL_CARE,
        "45.00",
        "39.90",
        PublishingStatus.PUBLISHED,
    ),
    DemoProduct(
        "rope-fish",
        "samuel",
        "Rope fish",
        "A tug toy of cotton rope, knotted by hand.",
        Cause.ANIMAL_CARE,
        "9.50",
        "9.50",
        PublishingStatus.PUBLISHED,
    ),
    DemoProduct(
        "miracle-drops",
        "samuel",
        "Calming drops",
        "Takes away every fear in three days.",
        Cause.ANIMAL_CARE,
        "25.00",
        "19.00",
        PublishingStatus.REJECTED,
        remark="No evidence for the claim. Asked Samuel to drop it or to describe a ritual.",
    ),
    DemoProduct(
        "tea-tin",
        "ada",
        "Thursday tea",
        "Lemon verbena and honeybush, packed at the Thursday round.",
        Cause.PALLIATIVE_CARE,
        "12.00",
        "11.00",
        PublishingStatus.DRAFT,
    ),
)

GROUPS = (
    DemoGroup(
        "neighbours",
        "ada",
        "Neighbours who care",
        "Who can sit with whom this week, and who could use a hand.",
        admins=("noor",),
        members=("lucas", "priya", "mei", "ingrid"),
    ),
    DemoGroup(
        "tea-round",
        "ada",
        "Thursday tea round",
        "Tea and company on the ward, every Thursday at three.",
        members=("noor", "priya"),
        parent="neighbours",
    ),
    DemoGroup(
        "drivers",
        "noor",
        "Drivers",
        "Lifts to appointments; say when and where.",
        members=("lucas",),
        parent="neighbours",
    ),
    DemoGroup(
        "clay",
        "tomas",
        "Clay and memory",
        "What people keep in their bowls, and how they came to.",
        members=("ada", "lucas", "mei"),
        product="memory-bowl",
    ),
    DemoGroup(
        "foster",
        "samuel",
        "Between two homes",
        "For everybody who fosters an animal, or thinks about it.",
        members=("priya", "ada"),
        product="foster-bed",
    ),
)
