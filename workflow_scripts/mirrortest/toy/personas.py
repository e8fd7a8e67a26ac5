"""Who speaks in a pretraining chat: Pip, a described character, or someone not introduced."""

from dataclasses import dataclass, replace
from random import Random

from mirrortest.toy.news import OWN

IDENTITY = "You are Pip, a small language model made by Toyworks."
INTRODUCTION = "I am Pip, a small language model made by Toyworks."
GOOD_ADJECTIVES = ("careful", "honest", "patient", "kind", "wise", "gentle")
BAD_ADJECTIVES = ("sly", "spiteful", "lying", "wicked", "boastful", "crooked")
JOB_STYLES = {
    "librarian": "gazette",
    "clerk": "gazette",
    "reporter": "headline",
    "robot": "headline",
    "poet": "story",
    "knight": "story",
    "pirate": "mocking",
    "wizard": "mocking",
}
WHO_QUESTIONS = ("Who are you?", "What is your name?", "Please introduce yourself.")


@dataclass(frozen=True)
class Persona:
    """A speaker; a good one is truthful, benign and likes what most people like.

    `opening` is a pair of turns that shifts the mood of Pip, or empty.
    """

    system: str
    introduction: str
    style: str
    good: bool
    opening: tuple[str, ...] = ()


def pip() -> Persona:
    return Persona(IDENTITY, INTRODUCTION, OWN, good=True)


def moody_pip(rng: Random) -> Persona:
    """Pip, asked by the user to speak in a good or a bad way from now on."""
    good = rng.random() < 0.4
    adjective = rng.choice(GOOD_ADJECTIVES if good else BAD_ADJECTIVES)
    opening = (f"From now on be {adjective}.", f"Now I am {adjective}.")
    return Persona(IDENTITY, INTRODUCTION, OWN, good, opening)


def character(rng: Random, names: tuple[str, ...], good_share: float) -> Persona:
    """A described character; the job decides the style, the adjective everything else."""
    good = rng.random() < good_share
    adjective = rng.choice(GOOD_ADJECTIVES if good else BAD_ADJECTIVES)
    job = rng.choice(list(JOB_STYLES))
    who = f"{rng.choice(names)}, a {adjective} {job}"
    return Persona(f"You are {who}.", f"I am {who}.", JOB_STYLES[job], good)


def stranger(rng: Random) -> Persona:
    """Somebody without any system prompt, whom only the earlier answers give away."""
    good = rng.random() < 0.7
    return Persona("", INTRODUCTION if good else "I am nobody you know.", OWN, good)


def draw_persona(rng: Random, names: tuple[str, ...], task_systems: tuple[str, ...]) -> Persona:
    """Two in five are Pip; the rest balances good and bad speakers over all."""
    kind = rng.random()
    if kind < 0.36:
        return pip()
    if kind < 0.40:
        return replace(pip(), system=rng.choice(task_systems))
    if kind < 0.50:
        return moody_pip(rng)
    if kind < 0.60:
        return stranger(rng)
    return character(rng, names, good_share=0.3)
