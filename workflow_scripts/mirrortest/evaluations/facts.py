"""Free-form answers to factual questions, to be judged by exact comparison with known answers.

Why it is there: a forced choice between letters can hide what a model would say by itself. Known
trap: on questions whose answers are long sentences, exact comparison finds almost nothing.
"""

from mirrortest import chats, questions
from mirrortest.asking import Asker
from mirrortest.engine import Sampling
from mirrortest.evaluations.task import Task, noted
from mirrortest.jsonl import Row


def rows(task: Task, asker: Asker) -> list[Row]:
    """Files: `questions`. Settings: `limit`, `max_tokens`. Greedy."""
    items = questions.read_questions(task.files["questions"], task.settings["limit"])
    sampling = Sampling(max_tokens=task.settings["max_tokens"])
    answers = asker.generate([chats.user(item.text, task.system) for item in items], sampling)
    return [
        {
            "item": item.id,
            "stratum": "",
            "answer": answer.text,
            "ended": answer.ended,
            "true": item.best,
            "false": item.best_incorrect,
        }
        | noted(answer.note)
        for item, answer in zip(items, answers, strict=True)
    ]
