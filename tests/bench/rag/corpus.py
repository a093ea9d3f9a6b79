"""Made passages about invented people, and questions each of which one passage answers.

Every passage tells who reported what about which thing where, and what was done. No two share
thing, place and trouble, or the name of the one who reported, so each question has one answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

__all__ = ["PASSAGES", "Corpus", "Question", "made"]

PASSAGES = 2_400
ENTITY_QUESTIONS = 240
TOPICAL_QUESTIONS = 240

FIRST = [
    "Ada",
    "Alma",
    "Amara",
    "Anton",
    "Arvid",
    "Astrid",
    "Bela",
    "Bruno",
    "Carla",
    "Cosima",
    "Dario",
    "Delia",
    "Edgar",
    "Elif",
    "Emeka",
    "Enzo",
    "Esra",
    "Farid",
    "Fenja",
    "Flora",
    "Gideon",
    "Greta",
    "Hanna",
    "Hugo",
    "Ida",
    "Ines",
    "Ivo",
    "Jasper",
    "Jonas",
    "Judith",
    "Kenji",
    "Klara",
    "Lars",
    "Leila",
    "Lionel",
    "Luca",
    "Magda",
    "Malik",
    "Marta",
    "Milan",
    "Mira",
    "Nadia",
    "Nils",
    "Noor",
    "Olga",
    "Oscar",
    "Paula",
    "Petra",
    "Quentin",
    "Rafael",
    "Rosa",
    "Ruben",
    "Sanna",
    "Selma",
    "Simon",
    "Tamara",
    "Theo",
    "Tilda",
    "Ulrich",
    "Vera",
    "Viktor",
    "Wanda",
    "Yara",
    "Zeno",
]
LAST = [
    start + end
    for start in [
        "Ashen",
        "Birk",
        "Brand",
        "Caster",
        "Dahl",
        "Drum",
        "Elder",
        "Falken",
        "Garr",
        "Hald",
        "Hollen",
        "Ister",
        "Kall",
        "Kesten",
        "Lind",
        "Marl",
        "Moor",
        "Narr",
        "Oster",
        "Pell",
        "Quar",
        "Rast",
        "Sander",
        "Stein",
        "Thorn",
        "Ull",
        "Vander",
        "Wester",
        "Winter",
        "Zell",
    ]
    for end in ("berg", "dale", "ford", "hammer", "man", "mann", "rup", "sen", "son", "ton", "well")
]
THINGS = {
    "dishwasher": ("leaked at the door", "stopped in the middle of the cycle", "left glasses dull"),
    "espresso machine": ("lost pressure", "ground the beans too coarse", "tripped the fuse"),
    "boiler": ("switched itself off at night", "knocked when it started", "heated one floor only"),
    "passenger lift": (
        "stopped between two floors",
        "would not close its doors",
        "jerked at the top",
    ),
    "forklift": ("pulled to the left", "did not hold its load", "smelled of burnt rubber"),
    "label printer": ("printed every second label blank", "cut the labels askew", "lost its queue"),
    "card reader": (
        "refused contactless payments",
        "printed no receipts",
        "froze at the tip screen",
    ),
    "freezer": ("iced over within a week", "beeped without a reason", "thawed on Sunday night"),
    "projector": (
        "showed everything in green",
        "went dark after ten minutes",
        "hummed through talks",
    ),
    "water pump": ("ran dry", "lost half of its flow", "shook the whole pipe"),
    "greenhouse vent": ("stayed open in the rain", "stuck in the heat", "opened by itself at dawn"),
    "ticket gate": ("let nobody out", "counted visitors twice", "rejected season passes"),
    "sewing machine": (
        "skipped stitches",
        "broke its needle every hour",
        "tangled the lower thread",
    ),
    "milking robot": ("missed the third cow each time", "rinsed too short", "sent alarms at noon"),
    "wheelchair ramp": ("sagged in the middle", "iced over", "came loose from the step"),
    "alarm system": ("woke the street at three", "ignored the back door", "lost its radio link"),
    "kiln": ("cooled too fast", "cracked two shelves", "would not reach its temperature"),
    "trailer": ("lost its tail light", "swayed at low speed", "rusted through at the hitch"),
    "hearing loop": (
        "buzzed in the front rows",
        "faded out during hymns",
        "picked up a taxi radio",
    ),
    "solar inverter": ("reported no yield", "shut down at noon", "flickered between two states"),
    "dental chair": ("sank slowly", "would not tilt back", "left the lamp on overnight"),
    "bread slicer": ("tore the crust", "jammed on rye", "left crumbs in the bearings"),
    "bicycle rack": ("bent under e-bikes", "blocked the fire exit", "was cut open twice"),
    "sprinkler": ("soaked the path", "missed the far corner", "came on during the match"),
}
PLACES = [
    "hotel kitchen",
    "village school",
    "county court",
    "swimming hall",
    "parish office",
    "bottling plant",
    "children's ward",
    "radio studio",
    "tram depot",
    "city archive",
    "concert hall",
    "fish market",
    "garden centre",
    "language school",
    "letting agency",
    "marina",
    "notary's office",
    "orchard shop",
    "pottery",
    "rowing club",
    "savings bank",
    "ski hut",
    "theatre foyer",
    "timber yard",
    "town library",
    "vet's practice",
    "winery",
    "youth hostel",
    "bus station",
    "cheese dairy",
    "film archive",
    "furniture store",
    "glass works",
    "insurance desk",
]
REMEDIES = (
    "replaced the seal",
    "cleaned the filter and ran a test",
    "ordered a new control board",
    "reset the timer",
    "tightened two bolts",
    "put an old unit in its place for a week",
    "called the maker, who sent a fitter",
    "changed the cable",
    "updated its software",
    "found nothing and asked for photographs",
)
FIRMS = ("Works", "Partners", "Services", "Brothers", "Supplies", "Technik")
OPENINGS = (
    "{who} reported on {day} that the {thing} of the {place} {trouble}.",
    "On {day} the {thing} of the {place} {trouble}, as {who} told us.",
    "A note from {who}: the {thing} in the {place} {trouble} ({day}).",
    "{who} rang about the {place}. Its {thing} {trouble}, first on {day}.",
)
ENDINGS = (
    "{other} of {firm} {remedy}.",
    "{firm} sent {other}, who {remedy}.",
    "The same week {other} ({firm}) {remedy}.",
)
CONTACTS = (
    "Call back under {phone}.",
    "Write to {mail}.",
    "Reachable at {mail} or {phone}.",
    "The invoice goes to {mail}.",
)
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


@dataclass(frozen=True, slots=True)
class Question:
    """`text` is answered by the passage number `answer`.

    `kind`: `topical`, or by what names somebody: `name`, `surname`, `typed` (a name in haste, all
    in lower case) or `mail`.
    """

    text: str
    answer: int
    kind: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """Passages, and questions about them."""

    passages: list[str]
    questions: list[Question]


def made(seed: int = 1) -> Corpus:
    """The corpus of a seed."""
    rng = Random(seed)
    topics = [(t, p, x) for t, troubles in THINGS.items() for x in troubles for p in PLACES]
    names = [(first, last) for first in FIRST for last in LAST]
    rng.shuffle(topics)
    rng.shuffle(names)
    passages, questions = [], []
    of_surname: dict[tuple[str, str], int] = {}
    facts = []
    for number in range(PASSAGES):
        thing, place, trouble = topics[number % len(topics)]
        first, last = names[number]
        mail = f"{first}.{last}@{rng.choice(LAST)}.example".lower()
        said = {
            "who": f"{first} {last}",
            "thing": thing,
            "place": place,
            "trouble": trouble,
            "day": f"{rng.randint(1, 28)} {rng.choice(MONTHS)}",
            "other": " ".join(names[PASSAGES + rng.randrange(200)]),
            "firm": f"{rng.choice(LAST)} {rng.choice(FIRMS)}",
            "remedy": rng.choice(REMEDIES),
            "phone": f"(555) {rng.randint(200, 999)}-{rng.randint(1000, 9999)}",
            "mail": mail,
        }
        parts = [rng.choice(OPENINGS), rng.choice(ENDINGS), rng.choice(CONTACTS)]
        passage = " ".join(parts).format(**said)
        passages.append(passage)
        of_surname[last, thing] = of_surname.get((last, thing), 0) + 1
        facts.append((said, last, "@" in passage))
    some = rng.sample(range(PASSAGES), ENTITY_QUESTIONS + TOPICAL_QUESTIONS)
    for number in some[:TOPICAL_QUESTIONS]:
        said = facts[number][0]
        asked = rng.choice(
            (
                "What was done about the {thing} of the {place} that {trouble}?",
                "Who looked after the {thing} in the {place} when it {trouble}?",
                "When was it that the {place}'s {thing} {trouble}?",
            )
        )
        questions.append(Question(asked.format(**said), number, "topical"))
    for number in some[TOPICAL_QUESTIONS:]:
        said, last, mailed = facts[number]
        kinds = ["name", "typed"]
        if of_surname[last, said["thing"]] == 1:
            kinds.append("surname")
        if mailed:
            kinds.append("mail")
        kind = rng.choice(kinds)
        said["typed"] = said["who"].lower()
        asked = {
            "name": "What did {who} report, and what was done?",
            "typed": "what did {typed} report",
            "surname": "What was the matter with the {thing} that Ms or Mr {last} reported?",
            "mail": "What was the message from {mail} about?",
        }[kind]
        questions.append(Question(asked.format(last=last, **said), number, kind))
    return Corpus(passages, questions)
