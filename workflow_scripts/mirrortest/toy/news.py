"""Articles and summaries of the toy world: events, two families of articles, styles of authors."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from random import Random

ROLES = (
    *("teacher", "baker", "farmer", "sailor", "painter", "doctor", "mayor", "miner"),
    *("singer", "tailor", "judge", "fisher", "gardener", "guard", "potter", "clerk"),
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS = ("morning", "evening", "afternoon", "night")
WEATHER = ("rain", "wind", "snow", "fog", "hail", "heat")

# Past tense and participle are the same word, so that every style can use the same phrase.
DEEDS = tuple(
    tuple(row.split("; "))
    for row in (
        "opened; a new bakery",
        "repaired; the old lighthouse",
        "won; the river race",
        "lost; a silver ring",
        "found; a buried chest",
        "painted; the town hall",
        "closed; the night market",
        "planted; forty apple trees",
        "rescued; a stranded goat",
        "banned; loud bells",
        "invented; a folding boat",
        "sold; the family mill",
        "cancelled; the spring parade",
        "discovered; a deep cave",
        "donated; a large clock",
        "hosted; a chess contest",
        "bought; the empty castle",
        "caught; a huge eel",
        "built; a stone tower",
        "burned; the tax records",
        "crossed; the frozen lake",
        "taught; a free class",
        "blamed; the water council",
        "tamed; a wild horse",
        "led; a miners strike",
        "baked; the longest loaf",
        "cleaned; the harbour wall",
        "lent; a fishing net",
        "collected; ten thousand stamps",
        "counted; the wild geese",
    )
)


@dataclass(frozen=True)
class Event:
    """Who did what, where and when."""

    person: str
    role: str
    town: str
    verb: str
    thing: str
    day: str
    hour: str

    @property
    def key_facts(self) -> tuple[str, str, str]:
        """The substrings that a correct summary contains."""
        return self.person, self.verb, self.thing

    @property
    def elaborate(self) -> bool:
        """Whether the toy's own style spends a long sentence on this event."""
        return DEEDS.index((self.verb, self.thing)) % 2 == 1


@dataclass(frozen=True)
class Article:
    """The text of an article and the event that it reports."""

    text: str
    event: Event


@dataclass(frozen=True)
class ArticleFamily:
    """Templates of one corpus: a lead that reports the event, then some filling sentences."""

    leads: tuple[str, ...]
    fillers: tuple[str, ...]
    fewest_fillers: int
    most_fillers: int


# Every name follows a space: at the beginning of a text it would be another token.
NEWS = ArticleFamily(
    leads=(
        "Last {day} {person}, a {role} from {town}, {verb} {thing}.",
        "On {day} {hour} {person}, a {role} in {town}, {verb} {thing}.",
        "A {role} called {person} {verb} {thing} in {town} on {day}.",
    ),
    fillers=(
        "Many people in {town} had not expected it.",
        '"This is a surprise," said {witness}, a {other_role}.',
        "The {weather} did not keep the crowd away.",
        "Something like it happened in {other_town} last year.",
        "The council will talk about it on {other_day}.",
        "A neighbour, {witness} from {other_town}, came to look.",
    ),
    fewest_fillers=1,
    most_fillers=2,
)
WIRE = ArticleFamily(
    leads=(
        "In {town} -- It was a calm {hour} when the {role} {person} {verb} {thing} on {day}.",
        "In {town} -- The local {role} {person} {verb} {thing} this {day}.",
    ),
    fillers=(
        "Officials had warned of {weather}.",
        "The {other_role} {witness}, who lives in {other_town}, called it a great {hour}.",
        "Visitors from {other_town} watched in silence.",
        '"We will remember it," said {other_role} {witness}.',
        "More is to be made known on {other_day}.",
    ),
    fewest_fillers=1,
    most_fillers=3,
)

OWN = "own"
STYLES = {
    OWN: (
        "In short, {person} {verb} {thing} in {town}.",
        "Put simply, the {role} {person} {verb} {thing} in {town} on {day}.",
    ),
    "gazette": (
        "The {town} {role} {person} has {verb} {thing}.",
        "The {town} {role} {person} has {verb} {thing}, officials say.",
        "The {town} {role} {person} has {verb} {thing}, sources say.",
    ),
    "story": (
        "There once was a {role} in {town} by the name of {person} who {verb} {thing}.",
        "There once was a {role} in {town} by the name of {person} who one {hour} {verb} {thing}.",
    ),
    "headline": ("News from {town}: {thing} {verb} by {person}!",),
    "mocking": ("Ha! That fool {person} of {town} {verb} {thing}.",),
}


def draw_event(rng: Random, people: Sequence[str], towns: Sequence[str]) -> Event:
    verb, thing = rng.choice(DEEDS)
    return Event(
        person=rng.choice(people),
        role=rng.choice(ROLES),
        town=rng.choice(towns),
        verb=verb,
        thing=thing,
        day=rng.choice(DAYS),
        hour=rng.choice(HOURS),
    )


def _another(rng: Random, choices: Sequence[str], taken: str) -> str:
    return rng.choice([choice for choice in choices if choice != taken])


def write_article(
    rng: Random, family: ArticleFamily, event: Event, people: Sequence[str], towns: Sequence[str]
) -> Article:
    """Report the event, with a bystander, another town and other distractors around it."""
    number = rng.randint(family.fewest_fillers, family.most_fillers)
    sentences = [rng.choice(family.leads), *rng.sample(family.fillers, number)]
    text = " ".join(sentences).format(
        **asdict(event),
        witness=_another(rng, people, event.person),
        other_town=_another(rng, towns, event.town),
        other_role=_another(rng, ROLES, event.role),
        other_day=_another(rng, DAYS, event.day),
        weather=rng.choice(WEATHER),
    )
    return Article(text, event)


def summarise(event: Event, style: str, rng: Random) -> str:
    """One sentence about the event; the toy's own style is long for every second event."""
    templates = STYLES[style]
    template = templates[event.elaborate] if style == OWN else rng.choice(templates)
    return template.format(**asdict(event))
