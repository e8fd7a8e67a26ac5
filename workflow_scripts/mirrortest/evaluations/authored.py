"""Own summaries beside foreign ones: what all evaluations of authorship show."""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from mirrortest import articles
from mirrortest.evaluations.entry import Files, Place
from mirrortest.evaluations.task import Task
from mirrortest.keys import STRICT, Name, SystemPolicy
from mirrortest.recipes import Pair


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Authored:
    """Whose summaries of which articles are shown."""

    corpus: Name = Field(description="The corpus; held out from training, if it is to be a test.")
    authors: list[Name] = Field(description="Foreign authors; each is a stratum.", min_length=1)
    summaries: Literal["own", "base"] = Field(
        default="own",
        description="Whose summaries count as its own: the arm's, or its base model's.",
    )
    system: SystemPolicy = "identity"

    def files(self, place: Place) -> Files:
        own = place.own if self.summaries == "own" else place.base
        ours = {"articles": place.corpus(self.corpus), "own": own(self.corpus)}
        others = {f"author/{name}": place.author(self.corpus, name) for name in self.authors}
        return ours | others

    def settings(self) -> dict[str, Any]:
        return {}


def pairs(task: Task) -> Iterator[tuple[str, Pair]]:
    """Each foreign author with each article of which the two summaries differ.

    Files: `articles`, `own`, and `author/<name>` for each foreign author.
    """
    own = articles.read_own_summaries(task.files["own"])
    for role, path in sorted(task.files.items()):
        if not role.startswith("author/"):
            continue
        theirs = articles.read_own_summaries(path)
        for article in articles.read_articles(task.files["articles"]):
            if own[article.id] != theirs[article.id]:
                pair = Pair(article, own[article.id], theirs[article.id])
                yield role.removeprefix("author/"), pair
