"""What made-up people are called and say: small stocks that combine to enough variety."""

from itertools import product
from random import Random

FIRST_NAMES = [
    "Amara",
    "Anders",
    "Beatriz",
    "Chidi",
    "Clara",
    "Dariusz",
    "Elif",
    "Emil",
    "Fatima",
    "Giulia",
    "Hana",
    "Hugo",
    "Ines",
    "Ishaan",
    "Jonas",
    "Kavya",
    "Kofi",
    "Leila",
    "Lena",
    "Mateo",
    "Maya",
    "Miriam",
    "Nadia",
    "Nils",
    "Olga",
    "Omar",
    "Pavel",
    "Rosa",
    "Sadia",
    "Sven",
    "Tariq",
    "Uma",
    "Vera",
    "Wanjiru",
    "Yara",
    "Yusuf",
    "Zofia",
]
LAST_NAMES = [
    "Abebe",
    "Almeida",
    "Andersson",
    "Banerjee",
    "Bauer",
    "Castillo",
    "Chen",
    "Dahl",
    "Diaz",
    "Eriksen",
    "Farah",
    "Fischer",
    "Garcia",
    "Haas",
    "Ibrahim",
    "Ito",
    "Jansen",
    "Kaya",
    "Keller",
    "Kim",
    "Kowalski",
    "Lund",
    "Maier",
    "Mensah",
    "Moreau",
    "Nakamura",
    "Novak",
    "Okoye",
    "Olsen",
    "Park",
    "Petrov",
    "Quist",
    "Rahman",
    "Rossi",
    "Sato",
    "Silva",
    "Thapa",
    "Ueda",
    "Vargas",
    "Weber",
    "Yilmaz",
]

_MATERIALS = [
    "Woollen",
    "Linen",
    "Oak",
    "Clay",
    "Beeswax",
    "Woven",
    "Knitted",
    "Copper",
    "Paper",
    "Felt",
    "Cedar",
    "Glass",
]
_THINGS = [
    "blanket",
    "bowl",
    "candle",
    "lamp",
    "basket",
    "shawl",
    "box",
    "mobile",
    "journal",
    "cushion",
    "kite",
    "lantern",
]
_GROUP_KINDS = [
    "Friends",
    "Readers",
    "Walkers",
    "Gardeners",
    "Cooks",
    "Listeners",
    "Knitters",
    "Singers",
]
_PLACES = [
    "Harbour",
    "Hill",
    "Mill",
    "Orchard",
    "Station",
    "Lake",
    "Old",
    "Town",
    "North",
    "Gate",
    "Meadow",
    "Bridge",
]

_OPENINGS = (
    "Good morning!",
    "Thank you.",
    "Just so you know:",
    "A question:",
    "I agree.",
    "Not today, I'm afraid.",
    "Wonderful news!",
    "One more thing:",
    "As we said:",
    "Hello from the train.",
)
_MIDDLES = (
    "the parcel came this afternoon",
    "I can take the early round on Friday",
    "the kiln is booked until the weekend",
    "my sister will bring two chairs",
    "the list is on the table by the door",
    "we need four more cups",
    "the children liked the lanterns best",
    "nobody has picked up the keys yet",
    "the bus leaves ten minutes later now",
    "I wrote to the ward and wait for an answer",
    "the blue one sold within the hour",
    "there is soup left for everybody",
)
_ENDINGS = (
    "",
    " Is that all right with you?",
    " See you there.",
    " I'll call you tonight.",
    " Could you tell the others?",
    " 🙂",
    " No hurry.",
    " Shall we say at three?",
)
SENTENCES = tuple(
    f"{opening} {middle[0].upper()}{middle[1:]}.{ending}"
    for opening, middle, ending in product(_OPENINGS, _MIDDLES, _ENDINGS)
)


def product_title(rng: Random) -> str:
    """What a product is called."""
    return f"{rng.choice(_MATERIALS)} {rng.choice(_THINGS)} no. {rng.randint(1, 999)}"


def group_name(rng: Random) -> str:
    """What a group is called."""
    return f"{rng.choice(_GROUP_KINDS)} of {rng.choice(_PLACES)} {rng.randint(1, 99)}"
