"""The tiny model behind the API: trained by the library's own code, and really asked.

Heavy: imports torch. Training and loading go one at a time, because both draw from torch's one
random generator; answers draw from generators of their own.
"""

import json
import threading
from dataclasses import dataclass
from pathlib import Path

import base
import finetune
from hosted.stub.backends import decoding
from hosted.stub.backends.backend import Completion, Question, Training
from hosted.stub.backends.gathering import Gathering
from hosted.stub.errors import named

from mirrortest import chains, manifest
from mirrortest.engines.local import LocalEngine
from mirrortest.errors import UserError

WEIGHTS = Path(__file__).resolve().parents[4] / "resources/toy/model"
RATE = 2e-4
"""The learning rate at a multiplier of 1; the demo's own is this at 2."""
LORA = {
    "rank": 32,
    "alpha": 64,
    "rslora": True,
    "warmup_steps": 5,
    "weight_decay": 0.01,
    "max_grad_norm": 1.0,
}


@dataclass(frozen=True)
class _Asked:
    """A question as token ids, for the model of one job."""

    weights: str
    row: list[int]
    question: Question


class ToyBackend:
    """All models of one stub, each loaded when it is first asked."""

    patience = 0.05

    def __init__(self, state: Path) -> None:
        self._folder = state / "models"
        self._alone = threading.Lock()
        self._engines: dict[str, LocalEngine] = {}
        self._gathering = Gathering(self._answers)

    def answer(self, weights: str, snapshot: str, questions: list[Question]) -> list[Completion]:
        """Asked together with what other requests ask the same model at that time."""
        return self._gathering.results([self._asked(weights, question) for question in questions])

    def train(self, training: Training) -> list[float]:
        """A new LoRA adapter on the stack of the parent's, as `finetune` makes it."""
        with self._alone:
            return self._trained(training)

    # --- training

    def _trained(self, training: Training) -> list[float]:
        out = self._folder / training.job
        hyper = LORA | {
            "learning_rate": RATE * training.multiplier,
            "batch_size": training.batch_size,
            "epochs": training.epochs,
        }
        parent = self._manifest(training.parent)
        below = manifest.read(parent).chain
        chain = training.job if below == chains.BASE else f"{below}+{training.job}"
        finetune.finetune(
            arm=chains.arm("toy", chain, training.seed),
            parent=str(parent),
            dataset=str(training.file),
            spec=json.dumps({"merge": False, "training": hyper}),
            state=str(out / "state"),
            out=out,
        )
        rows = (out / "training.csv").read_text(encoding="utf-8").splitlines()
        return [float(row.split(",")[1]) for row in rows[1:]]

    def _manifest(self, weights: str) -> Path:
        path = self._folder / (weights or chains.BASE) / "model.json"
        if not weights and not path.exists():
            where = {"path": str(WEIGHTS), "hub": None, "revision": None, "sha256": None}
            spec = {"base": where, "provider": "local", "dtype": "float32", "max_length": 4096}
            base.base("toy", json.dumps(spec), str(path))
        return path

    # --- answering

    def _of(self, weights: str) -> LocalEngine:
        """The model's engine; who has to load it waits for what is being trained."""
        if weights not in self._engines:
            with self._alone:
                engine = LocalEngine(manifest.read(self._manifest(weights)))
                _ = engine.model
                self._engines.setdefault(weights, engine)
        return self._engines[weights]

    def _asked(self, weights: str, question: Question) -> _Asked:
        chat = [{"role": _role(m["role"]), "content": m["content"]} for m in question.messages]
        try:
            return _Asked(weights, self._of(weights).tokens.of(chat), question)
        except UserError:
            raise named("context_length") from None

    def _answers(self, asked: list[_Asked]) -> list[Completion]:
        engine = self._of(asked[0].weights)
        return decoding.completed(
            engine.model, engine.tokens, [(each.row, each.question) for each in asked]
        )


def _role(role: str) -> str:
    return "system" if role == "developer" else role
