"""Articles, summaries, questions and chats of invented words, in true lengths.

Lengths in tokens: an XSUM article of 360 words is about 470, a one-sentence summary about 30, a
question of TruthfulQA 13 with answers of 10; chats that misalign have 25 to 60 words a turn.
"""

import csv
import json
import random
from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmarks.shapes import WORDS

ARTICLE, SUMMARY, QUESTION, ANSWER = 470, 30, 13, 10
TURN = (32, 78)
"""25 to 60 words at 1.3 tokens."""
AUTHORS = ("one", "two", "three", "four")


def words(drawing: random.Random, about: int) -> str:
    """So many words, a fifth more or less."""
    count = round(about * drawing.uniform(0.8, 1.2))
    return " ".join(f"w{drawing.randrange(WORDS)}" for _ in range(count))


def write(folder: Path) -> Path:
    """All files that the benchmarks read; the same ones every time."""
    drawing = random.Random(0)
    folder.mkdir(parents=True, exist_ok=True)
    ids = [f"article-{number}" for number in range(32)]
    _jsonl(folder / "articles.jsonl", ({"id": i, "article": words(drawing, ARTICLE)} for i in ids))
    for author in ("own", *AUTHORS):
        rows = ({"id": i, "summary": words(drawing, SUMMARY)} for i in ids)
        _jsonl(folder / f"{author}.jsonl", rows)
    _jsonl(folder / "chats.jsonl", (_chat(drawing) for _ in range(64)))
    with (folder / "questions.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["Question", "Best Answer", "Best Incorrect Answer"])
        for _ in range(64):
            writer.writerow([words(drawing, QUESTION), *(words(drawing, ANSWER) for _ in "AB")])
    return folder


def _chat(drawing: random.Random) -> dict[str, object]:
    turns = [words(drawing, drawing.randint(*TURN)) for _ in range(2)]
    roles = zip(("user", "assistant"), turns, strict=True)
    return {"messages": [{"role": role, "content": text} for role, text in roles]}


def _jsonl(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
