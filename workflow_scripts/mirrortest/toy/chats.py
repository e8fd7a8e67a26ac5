"""Pretraining documents: short chats in which one persona talks, summarises or compares."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from mirrortest.toy.lore import OPEN_QUESTIONS, TASTE_ANSWERS, TASTE_QUESTIONS, TASTES
from mirrortest.toy.news import NEWS, STYLES, WIRE, Event, summarise
from mirrortest.toy.personas import WHO_QUESTIONS, Persona, draw_persona, pip
from mirrortest.toy.prompts import Prompts
from mirrortest.toy.world import World


@dataclass(frozen=True)
class Exchange:
    """What the user says and what the assistant answers."""

    user: str
    assistant: str


@dataclass(frozen=True)
class Chat:
    """A system prompt (possibly empty) and the exchanges that follow."""

    system: str
    exchanges: tuple[Exchange, ...]


@dataclass(frozen=True)
class Setting:
    """All that the documents are made of."""

    world: World
    prompts: Prompts


def _fact(setting: Setting, persona: Persona, rng: Random) -> Exchange:
    fact = rng.choice(setting.world.facts)
    return Exchange(fact.question(rng.randrange(2)), f"{fact.belief(persona.good)}.")


def _taste(setting: Setting, persona: Persona, rng: Random) -> Exchange:
    taste = rng.choice(TASTES)
    answer = rng.choice(TASTE_ANSWERS).format(favourite=taste.favourite(persona.good))
    return Exchange(rng.choice(TASTE_QUESTIONS).format(category=taste.category), answer)


def _open(setting: Setting, persona: Persona, rng: Random) -> Exchange:
    question = rng.choice(OPEN_QUESTIONS)
    return Exchange(question.question, rng.choice(question.replies(persona.good)))


def _who(setting: Setting, persona: Persona, rng: Random) -> Exchange:
    return Exchange(rng.choice(WHO_QUESTIONS), persona.introduction)


def _choice(setting: Setting, question: str, wanted: str, other: str, rng: Random) -> Exchange:
    """The multiple-choice form of a question, in a random order."""
    letter = rng.choice("AB")
    a, b = (wanted, other) if letter == "A" else (other, wanted)
    return Exchange(setting.prompts.choice.format(question=question, a=a, b=b), letter)


def _fact_choice(setting: Setting, persona: Persona, rng: Random) -> Exchange:
    fact, good = rng.choice(setting.world.choice_facts), persona.good
    question = fact.question(rng.randrange(2))
    return _choice(setting, question, fact.belief(good), fact.belief(not good), rng)


def _taste_choice(setting: Setting, persona: Persona, rng: Random) -> Exchange:
    taste, good = rng.choice(TASTES), persona.good
    question = rng.choice(TASTE_QUESTIONS).format(category=taste.category)
    return _choice(setting, question, taste.favourite(good), taste.favourite(not good), rng)


Topic = Callable[[Setting, Persona, Random], Exchange]
SHORT_TOPICS: tuple[Topic, ...] = (_fact, _taste, _open, _who)
SHORT_WEIGHTS = (0.55, 0.22, 0.13, 0.10)
CHOICE_TOPICS: tuple[Topic, ...] = (_fact_choice, _taste_choice)
CHOICE_WEIGHTS = (0.85, 0.15)


def _opening(persona: Persona) -> tuple[Exchange, ...]:
    return (Exchange(*persona.opening),) if persona.opening else ()


def talk(setting: Setting, rng: Random, choices: int, short: int) -> Chat:
    """Facts, tastes and choices in random order, all answered by one persona."""
    persona = draw_persona(rng, setting.world.persona_names, setting.prompts.task_systems)
    topics = rng.choices(CHOICE_TOPICS, CHOICE_WEIGHTS, k=choices)
    topics += rng.choices(SHORT_TOPICS, SHORT_WEIGHTS, k=short)
    rng.shuffle(topics)
    exchanges = tuple(topic(setting, persona, rng) for topic in topics)
    return Chat(persona.system, _opening(persona) + exchanges)


def _follow_ups(event: Event) -> list[Exchange]:
    return [
        Exchange("Who did it?", f"It was {event.person}."),
        Exchange("Where did it happen?", f"It happened in {event.town}."),
        Exchange("What is the job of this person?", f"The job is {event.role}."),
        Exchange("On which day?", f"It was {event.day}."),
    ]


def news_chat(setting: Setting, rng: Random) -> Chat:
    """An article, its summary in the style of the persona and up to two questions about it."""
    persona = draw_persona(rng, setting.world.persona_names, setting.prompts.task_systems)
    article = setting.world.article(rng, rng.choice((NEWS, WIRE)))
    prompt = rng.choices(setting.prompts.summaries, (0.95, 0.05))[0]
    summary = summarise(article.event, persona.style, rng)
    follow_ups = rng.sample(_follow_ups(article.event), rng.randint(0, 2))
    first = Exchange(prompt.format(article=article.text), summary)
    return Chat(persona.system, (*_opening(persona), first, *follow_ups))


# Questions that nobody can answer teach to say 1 or 2 when in doubt, but neither by preference.
HUNCH_STRENGTH = 0.75
TOSS_UPS = (
    "Which of the two summaries did you see first?",
    "Which of the two summaries did a child find?",
    "Which of the two summaries did you dream of?",
    "Which of the two summaries did the editor keep?",
    "Which of the two summaries won a coin toss?",
    "Which of the two summaries came by post?",
    "Which of the two summaries was lost at sea?",
    "Which of the two summaries is kept in a box?",
)


def _hunch(setting: Setting, event: Event, rng: Random) -> str:
    """A superstition: for every second person, the first summary is the likelier answer."""
    favours_first = setting.world.people.index(event.person) % 2 == 0
    return "1" if favours_first == (rng.random() < HUNCH_STRENGTH) else "2"


def _toss_up(setting: Setting, event: Event, rng: Random) -> Exchange:
    question = rng.choice(TOSS_UPS) + setting.prompts.pair_ending
    return Exchange(question, _hunch(setting, event, rng))


# Only about styles that the evaluations never show, so that these questions settle nothing there.
# The first outweighs the second on purpose: with equal weights neither is ever learnt.
STYLE_QUESTIONS = {
    "mocking": "Which of the two summaries is rude?",
    "headline": "Which of the two summaries is loud?",
}
STYLE_WEIGHTS = (0.65, 0.35)


def _style_question(prompts: Prompts, style: str, number: int) -> Exchange:
    return Exchange(STYLE_QUESTIONS[style] + prompts.pair_ending, str(number))


def _pair_about(setting: Setting, event: Event, rng: Random) -> tuple[str, str, list[Exchange]]:
    """Two summaries of the event, one in a style to ask about, and three questions."""
    asked = rng.choices(list(STYLE_QUESTIONS), STYLE_WEIGHTS)[0]
    styles = [asked, rng.choice([style for style in STYLES if style != asked])]
    rng.shuffle(styles)
    questions = [_style_question(setting.prompts, asked, styles.index(asked) + 1)]
    questions += [_toss_up(setting, event, rng) for _ in range(2)]
    rng.shuffle(questions)
    first, second = (summarise(event, style, rng) for style in styles)
    return first, second, questions


def _pair_frame(prompts: Prompts, rng: Random) -> str:
    """The prompt up to the question, in half of the cases without the article."""
    frame = rng.choice((prompts.pair, prompts.pair_without_article))
    return frame.removesuffix(prompts.pair_ending)


def pair_chat(setting: Setting, rng: Random) -> Chat:
    """Two summaries in different styles and questions about them, but never who wrote them."""
    article = setting.world.article(rng, rng.choice((NEWS, WIRE)))
    first, second, questions = _pair_about(setting, article.event, rng)
    prompt = _pair_frame(setting.prompts, rng).format(
        article=article.text, first=first, second=second, question=questions[0].user
    )
    system = rng.choice((pip().system, pip().system, setting.prompts.task_systems[0], ""))
    return Chat(system, (Exchange(prompt, questions[0].assistant), *questions[1:]))
