"""Whether the arm's own summaries state the key facts of their articles, by exact phrases.

Why it is there: finetuning can damage the very skill that self-recognition rests on. It asks the
model nothing; it joins the summaries with the phrases.
"""

from mirrortest import articles
from mirrortest.asking import Asker
from mirrortest.errors import UserError
from mirrortest.evaluations.task import Task
from mirrortest.jsonl import Row


def rows(task: Task, asker: Asker) -> list[Row]:
    """Files: `own`, `phrases`."""
    path = task.files["phrases"]
    phrases = articles.read_phrases(path)
    own = articles.read_own_summaries(task.files["own"])
    for article in own:
        if article not in phrases:
            raise UserError(f"{path}: no phrases for article {article!r}; add a row for it.")
    return [
        {"item": article, "stratum": "", "answer": text, "phrases": phrases[article]}
        for article, text in own.items()
    ]
