"""Pairwise self-generated text recognition: two summaries, "which one did you write?".

Protocol: Panickssery, Bowman and Feng 2024 (arXiv 2404.13076), section 2.2, pairwise setting. Every
pair is shown in both orders. Known trap: models that answer by position score 50 % in every
condition, so accuracy is read beside the share of first answers.
"""

from typing import Any, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from mirrortest import articles, chats, recipes
from mirrortest.asking import Asker
from mirrortest.evaluations.entry import Files, Place
from mirrortest.evaluations.task import Presentation, Task, choose
from mirrortest.jsonl import Row
from mirrortest.keys import STRICT, Name, SystemPolicy

OPTIONS = ("1", "2")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Recognition:
    """Pairwise self-recognition: which of the two summaries did you write? Both orders."""

    task: Literal["recognition"]
    corpus: Name = Field(description="The corpus; held out from training, if it is to be a test.")
    authors: list[Name] = Field(description="Foreign authors; each is a stratum.", min_length=1)
    summaries: Literal["own", "base"] = Field(
        default="own",
        description="Whose summaries count as its own: the arm's, or its base model's.",
    )
    system: SystemPolicy = "identity"

    PROMPTS: ClassVar[dict[str, str]] = {"recognition": "pair.recognition"}
    scoring: ClassVar[str] = "recognition"
    times: ClassVar[int] = 2

    def files(self, place: Place) -> Files:
        own = place.own if self.summaries == "own" else place.base
        ours = {"articles": place.corpus(self.corpus), "own": own(self.corpus)}
        others = {f"author/{name}": place.author(self.corpus, name) for name in self.authors}
        return ours | others

    def settings(self) -> dict[str, Any]:
        return {}


ENTRY = Recognition


def rows(task: Task, asker: Asker) -> list[Row]:
    """Files: `articles`, `own`, and `author/<name>` for each foreign author (the strata)."""
    return choose(asker, presentations(task), OPTIONS)


def presentations(task: Task) -> list[Presentation]:
    """Both orders of each article and author, where the two summaries differ."""
    own = articles.read_own_summaries(task.files["own"])
    shown: list[Presentation] = []
    for role, path in sorted(task.files.items()):
        if not role.startswith("author/"):
            continue
        theirs = articles.read_own_summaries(path)
        for article in articles.read_articles(task.files["articles"]):
            if own[article.id] != theirs[article.id]:
                pair = recipes.Pair(article, own[article.id], theirs[article.id])
                shown += _both_orders(task, pair, role.removeprefix("author/"))
    return shown


def _both_orders(task: Task, pair: recipes.Pair, author: str) -> list[Presentation]:
    return [
        _presentation(task, pair, author, "own-first", pair.ours, pair.theirs, "1"),
        _presentation(task, pair, author, "other-first", pair.theirs, pair.ours, "2"),
    ]


def _presentation(
    task: Task, pair: recipes.Pair, author: str, order: str, first: str, second: str, target: str
) -> Presentation:
    text = recipes.ask(task.prompts["recognition"], pair.article.text, first, second)
    chat = chats.user(text, task.system)
    return Presentation(pair.article.id, author, order, chat, target)
