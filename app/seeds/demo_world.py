"""The demo world as data: who is in it, what they sell, where they meet and what they say.

People go by the first part of their address. Whatever order things stand in is the order in which
they happen; changing a text that a half-made world already holds would break its completion.
"""

from dataclasses import dataclass

from app.groups.commands import NewGroup
from app.media import Attachment, AttachmentType
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


@dataclass(frozen=True, slots=True)
class Line:
    """What somebody says, or what the assistant answers them."""

    speaker: str
    text: str | None
    attachments: tuple[Attachment, ...] = ()
    is_answer: bool = False


@dataclass(frozen=True, slots=True)
class InGroup:
    """The conversation of a group."""

    group: str


@dataclass(frozen=True, slots=True)
class Between:
    """The conversation of two."""

    one: str
    other: str


@dataclass(frozen=True, slots=True)
class WithAssistant:
    """Somebody's conversation with an assistant."""

    owner: str
    title: str


@dataclass(frozen=True, slots=True)
class DemoTalk:
    """A conversation's messages, and who has read how many of them."""

    key: str
    where: InGroup | Between | WithAssistant
    lines: tuple[Line, ...]
    read: tuple[tuple[str, int], ...] = ()


def _image(name: str) -> Attachment:
    return Attachment(f"https://media.{DOMAIN}/{name}", AttachmentType.IMAGE)


def _file(name: str) -> Attachment:
    return Attachment(f"https://media.{DOMAIN}/{name}", AttachmentType.FILE)


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

TALKS = (
    DemoTalk(
        "neighbours",
        InGroup("neighbours"),
        (
            Line("ada", "Welcome, everybody. Say when you are free this week, however little."),
            Line("noor", "Early shift until Wednesday. From Thursday on I have my afternoons."),
            Line("lucas", "I can read aloud. Forty years of teaching must be good for something."),
            Line("priya", "Mrs. Ekström asked for exactly that! Third floor, the blue door."),
            Line("lucas", "Then the blue door it is. Monday, ten o'clock."),
            Line("mei", "I sent six lap blankets to the ward.", (_image("blankets.jpg"),)),
            Line("noor", "They arrived, and they were gone within the hour. Thank you, Mei."),
            Line("ingrid", "The rules for home visits, in one page.", (_file("visits.pdf"),)),
            Line("ada", "Read and pinned. Could somebody take Saturday morning?"),
            Line("priya", "I can, with the children, if noise is welcome 🙂"),
            Line("noor", "Noise is what they miss most."),
        ),
        read=(("ada", 9), ("lucas", 11), ("mei", 7)),
    ),
    DemoTalk(
        "tea-round",
        InGroup("tea-round"),
        (
            Line("ada", "We are short of verbena. The last tin is half empty."),
            Line("priya", "My aunt's balcony is full of it. I'll bring a bag."),
            Line("noor", "Two guests more this Thursday, one of them takes no sugar."),
            Line("ada", "Noted: ten cups, one without."),
        ),
        read=(("noor", 4), ("priya", 4)),
    ),
    DemoTalk(
        "drivers",
        InGroup("drivers"),
        (
            Line("noor", "Mr. Bakke has his eyes checked on Friday at eleven. Who drives?"),
            Line("lucas", "I do. I'll ring his bell at half past ten."),
        ),
    ),
    DemoTalk(
        "clay",
        InGroup("clay"),
        (
            Line(
                "tomas",
                "This week's firing. The dark one in front is for Lucas.",
                (_image("k.jpg"),),
            ),
            Line("lucas", "My wife's name will be on its foot. I have no better place for it."),
            Line("ada", "Mine holds the keys of the house that we sold."),
            Line("mei", "I keep nothing in it. It is full all the same."),
            Line("tomas", "I'd like to print these lines on a card, if none of you minds."),
            Line("ada", "Please do."),
        ),
        read=(("ada", 6), ("lucas", 5)),
    ),
    DemoTalk(
        "foster",
        InGroup("foster"),
        (
            Line("samuel", "Two puppies came in tonight. Who has a quiet room until Sunday?"),
            Line("priya", "I do! Do they get on with a grumpy cat?"),
            Line("samuel", "They are afraid of their own tails. The cat will be in charge."),
            Line("priya", None, (_image("puppies.jpg"), _image("cat-in-charge.jpg"))),
            Line("samuel", "Exactly as predicted."),
        ),
        read=(("ada", 2),),
    ),
    DemoTalk(
        "ada-noor",
        Between("ada", "noor"),
        (
            Line("ada", "How was the night?"),
            Line("noor", "Long. But Mrs. Ekström slept, for the first time in a week."),
            Line("ada", "Lucas begins to read to her on Monday."),
            Line("noor", "Tell him that she likes train timetables. I am serious."),
            Line("ada", "I'll lend him my father's. Oslo to Bergen, 1961."),
            Line("noor", "Perfect. Are you in on Thursday?"),
        ),
        read=(("ada", 5),),
    ),
    DemoTalk(
        "ada-tomas",
        Between("ada", "tomas"),
        (
            Line("ada", "Could you make a bowl wide enough for ten tea bags?"),
            Line("tomas", "Wide, flat, with a lid? Like this?", (_image("sketch.png"),)),
            Line("ada", "Just like this. What do I owe you?"),
            Line("tomas", "A seat at the tea round when I visit in spring."),
        ),
        read=(("ada", 4), ("tomas", 3)),
    ),
    DemoTalk(
        "ingrid-samuel",
        Between("ingrid", "samuel"),
        (
            Line("ingrid", "I had to send the calming drops back: nobody can promise that."),
            Line("samuel", "You are right. I'd rather sell what I know works. More beds, then."),
            Line("ingrid", "I look forward to publishing them."),
        ),
        read=(("samuel", 3),),
    ),
    DemoTalk(
        "ada-assistant",
        WithAssistant("ada", "An evening of remembrance"),
        (
            Line(
                "ada", "We hold an evening of remembrance for about thirty people. Where to begin?"
            ),
            Line(
                "ada",
                "Begin with the length: ninety minutes carry well. Three parts help: arriving with"
                " tea, a middle in which names are read, and an open end. Who will read the names?",
                is_answer=True,
            ),
            Line("ada", "Families, if they want to. Some will not be able to."),
            Line(
                "ada",
                "Then ask one person to stand beside the lectern, who goes on when a voice fails."
                " Put the names in a file in the order of the seats: nobody then walks far.",
                is_answer=True,
            ),
            Line("ada", "That is a kind thought. Thank you."),
        ),
    ),
)
