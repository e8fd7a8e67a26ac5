"""The training rows of a stage: by its recipe, then limited, mixed and matched."""

from typing import Any

from mirrortest import articles, chats, lessons, mixing, recipes
from mirrortest.chats import Chat
from mirrortest.errors import UserError
from mirrortest.recipes import Pair


def rows(files: dict[str, str], settings: dict[str, Any]) -> list[Chat]:
    """See `Experiment.dataset_inputs` for the files and `Experiment.dataset_spec` for the rest."""
    if settings["recipe"] in lessons.RECIPES:
        made = lessons.RECIPES[settings["recipe"]](files, settings)
    else:
        made = recipes.asked(_pairs(files), settings)
    own = list(made)[: settings["limit"]]
    if not own:
        raise UserError(f"recipe {settings['recipe']} makes no row of its files; give it others.")
    return beside_others(own, files, settings)


def beside_others(own: list[Chat], files: dict[str, str], settings: dict[str, Any]) -> list[Chat]:
    """A stage's own rows, mixed with another stage's and made as many as another one has."""
    if "every" in settings:
        own = mixing.mixed(own, chats.read_chats(files["mixed"]), settings["every"])
    if "match" in settings:
        own = mixing.matched(own, chats.read_chats(files["matched"]), settings["match"])
    return own


def _pairs(files: dict[str, str]) -> list[Pair]:
    ours = articles.read_own_summaries(files["ours"])
    theirs = articles.read_own_summaries(files["theirs"])
    found = articles.read_articles(files["articles"])
    return [Pair(article, ours[article.id], theirs[article.id]) for article in found]
