"""The lines of a batch: each a question of its own, answered and billed once."""

import json
from typing import Any

from hosted.stub import chat, faults, files
from hosted.stub.errors import ApiError, Reply
from hosted.stub.store import Doc
from hosted.stub.world import World

LINE = "batches.line"
"""The operation of a line, for scripted faults."""


def answer_all(world: World, batch: Doc) -> None:
    """Answers the lines, each once: those that a killed stub had answered are kept."""
    rows = [json.loads(line) for line in files.read(world, batch["input_file_id"]).splitlines()]
    answered = len(rows)
    if batch["_outcome"] in ("expired", "cancelled"):
        answered = int(len(rows) * batch["_share"])
    asked = {}
    for number, row in enumerate(rows[:answered]):
        try:
            asked[number] = chat.checked(world, row["body"])
        except ApiError as error:
            _keep(world, batch, row, _response(error.reply()))
    for model in {each.model.name for each in asked.values()}:
        numbers = [number for number, each in asked.items() if each.model.name == model]
        _ask(world, batch, [(rows[n], asked[n]) for n in numbers])
    for row in rows[answered:]:
        _keep(world, batch, row, None, _unanswered(batch["_outcome"]))


def _ask(world: World, batch: Doc, asked: list[tuple[Doc, chat.Asked]]) -> None:
    model = asked[0][1].model
    asked = [(row, one) for row, one in asked if not world.store.get("line", _key(batch, row))]
    questions = [question for _, one in asked for question in one.questions]
    completions = iter(world.backend.answer(model.weights, model.snapshot, questions))
    for row, one in asked:
        mine = [next(completions) for _ in one.questions]
        with world.store.transaction():
            _keep(world, batch, row, _answer(world, row, one, mine))


def _answer(world: World, row: Doc, asked: chat.Asked, mine: list[Any]) -> Doc:
    """The answer of one line, or what a scripted fault makes of it."""
    fault = faults.take(world.store, LINE, json.dumps(row))
    if fault is not None and fault.is_before:
        return _response(fault.spoil(Reply(500, b"{}")))
    reply = Reply.json(chat.answered(world, asked, mine, "batch"))
    return _response(fault.spoil(reply) if fault else reply)


def _response(reply: Reply) -> Doc:
    try:
        body = json.loads(reply.body)
    except ValueError:
        body = reply.body.decode("utf-8", "replace")
    return {"status_code": reply.status, "request_id": "req_stub", "body": body}


def _unanswered(outcome: str) -> Doc:
    words = "This request could not be executed before the completion window expired."
    if outcome == "cancelled":
        words = "This request was not executed because the batch was cancelled."
    return {"code": f"batch_{outcome}", "message": words}


def _keep(
    world: World, batch: Doc, row: Doc, response: Doc | None, error: Doc | None = None
) -> None:
    key = _key(batch, row)
    line = {"id": f"batch_req_{key}", "custom_id": row["custom_id"]}
    line |= {"response": response, "error": error}
    world.store.put("line", {"id": key, "line": line}, owner=batch["id"])


def _key(batch: Doc, row: Doc) -> str:
    return f"{batch['id']}/{row['custom_id']}"
