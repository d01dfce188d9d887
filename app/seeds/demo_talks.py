"""The demo world's conversations as data: what its people say, in this order."""

from dataclasses import dataclass

from app.media import Attachment, AttachmentType
from app.seeds.demo_world import DOMAIN


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
