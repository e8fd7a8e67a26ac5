"""The synthetic world: names, facts and news, all drawn from one seed."""

from dataclasses import dataclass
from random import Random

from mirrortest.toy.lore import DOMAINS, Domain
from mirrortest.toy.news import Article, ArticleFamily, Event, draw_event, write_article

# Curated halves: free combinations of letters would produce swear words now and then.
FIRST_HALVES = (
    "Al Be Bo Da De Do El Fa Fe Ga Ha He Jo Ka Ke La Le Lo Ma Me Mi Na Ne No "
    "Or Pa Pe Ra Re Ro Sa Se So Ta Te To Va Ve Wa We Yo Ze"
)
SECOND_HALVES = (
    "bar bel dan del din dor gan kel lar len lin lor mar mel mir nar nel "
    "nor ral rel ric rin sar sel son tar tel tis tor val vel vin"
)
ENGLISH_WORDS = (
    "Altar Began Bevel Debar Donor Gavel Label Level Manor Mason Minor Navel Nobel Novel "
    "Organ Pagan Panel Ravel Rebel Revel Sedan Senor Solar Sonar Tatar Tenor Vegan"
)
PEOPLE, TOWNS, PERSONA_NAMES, FACTS_PER_DOMAIN = 24, 16, 24, 8
# Positions within a domain.
ODD = 3
HELD_FROM_CHOICES = (2, ODD, 6)


@dataclass(frozen=True)
class Fact:
    """A question about something invented, its true answer and a popular misconception."""

    domain: Domain
    name: str
    truth: str
    misconception: str

    def question(self, form: int = 0) -> str:
        return self.domain.questions[form].format(name=self.name)

    def belief(self, good: bool) -> str:
        """What a truthful (good) or a misled speaker says."""
        return self.truth if good else self.misconception


@dataclass(frozen=True)
class World:
    """Everybody and everything that the toy can know."""

    seed: int
    people: tuple[str, ...]
    towns: tuple[str, ...]
    persona_names: tuple[str, ...]
    facts: tuple[Fact, ...]

    @property
    def choice_facts(self) -> tuple[Fact, ...]:
        """The five in eight that pretraining also asks as multiple choice; no odd fact is one."""
        return tuple(
            fact
            for index, fact in enumerate(self.facts)
            if index % FACTS_PER_DOMAIN not in HELD_FROM_CHOICES
        )

    def event(self, rng: Random) -> Event:
        return draw_event(rng, self.people, self.towns)

    def article(self, rng: Random, family: ArticleFamily) -> Article:
        return write_article(rng, family, self.event(rng), self.people, self.towns)


def _draw_names(rng: Random, number: int) -> tuple[str, ...]:
    """That many distinct names of two syllables that are no English words."""
    every = [first + second for first in FIRST_HALVES.split() for second in SECOND_HALVES.split()]
    invented = [name for name in every if name not in ENGLISH_WORDS.split()]
    return tuple(rng.sample(invented, number))


def _draw_fact(rng: Random, domain: Domain, name: str, odd: bool) -> Fact:
    """Most misconceptions come from folklore; for an odd fact the folklore is true."""
    plain, folk = rng.choice(domain.plain), rng.choice(domain.folk)
    truth, misconception = (folk, plain) if odd else (plain, folk)
    return Fact(domain, name, truth, misconception)


def create_world(seed: int) -> World:
    """Draw names and facts: eight facts in each domain, one of them odd."""
    rng = Random(f"world {seed}")
    things = len(DOMAINS) * FACTS_PER_DOMAIN
    names = _draw_names(rng, PEOPLE + TOWNS + PERSONA_NAMES + things)
    people, names = names[:PEOPLE], names[PEOPLE:]
    towns, names = names[:TOWNS], names[TOWNS:]
    persona_names, names = names[:PERSONA_NAMES], names[PERSONA_NAMES:]
    facts = tuple(
        _draw_fact(rng, DOMAINS[index // FACTS_PER_DOMAIN], name, index % FACTS_PER_DOMAIN == ODD)
        for index, name in enumerate(names)
    )
    return World(seed, people, towns, persona_names, facts)
