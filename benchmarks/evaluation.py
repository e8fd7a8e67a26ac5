"""Forced choices: ours, the loop of one `generate` a question, and lm-evaluation-harness.

All are given the same questions over the same weights, which are loaded before the time starts.
"""

import logging
import tempfile
import time
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch
import yaml
from lm_eval.models.huggingface import HFLM
from transformers import AutoModelForCausalLM

from benchmarks.comparison import Comparison, Run, Took, agreeing, in_turn
from benchmarks.material import AUTHORS
from mirrortest import evaluations, pretrained
from mirrortest.asking import Asker
from mirrortest.chats import Chat
from mirrortest.engines.local import LocalEngine
from mirrortest.evaluations.task import Task
from mirrortest.journal import Journal
from mirrortest.manifest import BaseWeights, Manifest

logging.getLogger("lm_eval").setLevel(logging.ERROR)  # it warns of the model that it is handed

PROMPTS = yaml.safe_load(Path("resources/prompts/default.yaml").read_text(encoding="utf-8"))
TOLERANCE = 1e-4
"""Nats; the sides sum in other orders."""
BATCHES = {"truthfulqa": (1, 4, 16), "recognition": (1, 2), "recognition, four authors": (1,)}
"""The batch sizes of which the harness is given its best; rows about four authors are as long as
those about one."""
LOOPS: dict[str, float | None] = {"truthfulqa": 8.0, "recognition": None}
"""How many times as fast as one `generate` a question ours is to be."""
HARNESS = {"truthfulqa": 3.0, "recognition": 3.0, "recognition, four authors": 5.0}
"""How many times as fast as the harness ours is to be."""


@dataclass(frozen=True)
class Peer:
    """What ours is compared with, and the goal."""

    name: str
    goal: float | None
    run: Run


def arm(folder: Path) -> Manifest:
    """The random model as an arm of the workflow."""
    base = BaseWeights(str(folder), None, None, "0" * 64)
    template = pretrained.load_template(base)
    return Manifest(
        model="random",
        chain="base",
        seed=0,
        provider="local",
        outcome="base",
        base=base,
        dtype="float32",
        max_length=4096,
        template_sha256=template.sha256,
    )


def truthfulqa(material: Path, questions: int) -> Task:
    """TruthfulQA-binary, in both orders."""
    return Task(
        "truthfulqa",
        {"questions": str(material / "questions.csv")},
        system=PROMPTS["truthfulqa"]["system"],
        prompts={"question": PROMPTS["truthfulqa"]["question"]},
        settings={"limit": questions},
    )


def recognition(material: Path, articles: int, authors: int) -> Task:
    """Own summaries against those of so many authors, in both orders."""
    lines = (material / "articles.jsonl").read_text(encoding="utf-8").splitlines()[:articles]
    (material / f"first-{articles}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    files = {"articles": str(material / f"first-{articles}.jsonl")}
    files["own"] = str(material / "own.jsonl")
    files |= {f"author/{name}": str(material / f"{name}.jsonl") for name in AUTHORS[:authors]}
    pair = PROMPTS["pair"]
    question = pair["frame"].replace("{question}", pair["recognition"])
    return Task("recognition", files, pair["system"], {"recognition": question})


@dataclass
class Sides:
    """One task, and one model in memory for each side."""

    manifest: Manifest
    task: Task

    @cached_property
    def engine(self) -> LocalEngine:
        engine = LocalEngine(self.manifest)
        engine.model.eval()
        return engine

    @cached_property
    def model(self) -> Any:
        """The weights of the engine once more, as transformers has them by itself."""
        return AutoModelForCausalLM.from_pretrained(self.manifest.base.location).eval()

    def ours(self) -> Took:
        """The rows, as the rule `evaluate` makes them; its journal begins empty."""
        with tempfile.TemporaryDirectory() as folder:
            journal = Journal(Path(folder) / "rows.jsonl")
            asker = Asker(lambda: self.engine, "arm", journal)
            begun = time.perf_counter()
            rows = evaluations.module(self.task.task).rows(self.task, asker)
            seconds = time.perf_counter() - begun
        self.asked = asker.asked
        return Took(seconds, [value for row in rows for value in row["logprobs"].values()])

    def prompts(self) -> list[list[int]]:
        """Every question as token ids."""
        return [self.engine.tokens.of(chat) for chat in self.chats]

    @cached_property
    def chats(self) -> list[Chat]:
        self.ours()
        return self.asked

    def options(self) -> list[int]:
        """The token of each option."""
        names = ("A", "B") if self.task.task == "truthfulqa" else ("1", "2")
        return self.engine.tokens.options(names)

    @torch.inference_mode()
    def loop(self) -> Took:
        """One `generate` for each question, of one token as in the script of Tagade et al."""
        found: list[float] = []
        begun = time.perf_counter()
        for ids in self.prompts():
            written = self.model.generate(
                input_ids=torch.tensor([ids]),
                attention_mask=torch.ones(1, len(ids), dtype=torch.long),
                max_new_tokens=1,
                do_sample=False,
                output_logits=True,
                return_dict_in_generate=True,
            )
            logprobs = written.logits[0][0].log_softmax(dim=-1)
            found += logprobs[self.options()].tolist()
        return Took(time.perf_counter() - begun, found)

    def harness(self, batch: int) -> Took:
        """The harness's requests for both options of each question."""
        words = self.engine.tokens.template.tokenizer
        side = HFLM(pretrained=self.model, tokenizer=words, batch_size=batch, device="cpu")
        pairs = [(ids, option) for ids in self.prompts() for option in self.options()]
        asked = [(("", ""), ids, [option]) for ids, option in pairs]
        begun = time.perf_counter()
        found = side._loglikelihood_tokens(asked, disable_tqdm=True)
        return Took(time.perf_counter() - begun, [logprob for logprob, _ in found])

    def best_batch(self, sizes: tuple[int, ...]) -> int:
        """The batch size by which the harness is fastest here."""
        if len(sizes) == 1:
            return sizes[0]
        return min(sizes, key=lambda batch: self.harness(batch).seconds)


def compared(manifest: Manifest, material: Path, repetitions: int) -> list[Comparison]:
    """Every comparison of evaluations. Raises DifferentError."""
    return [
        *_compared(Sides(manifest, truthfulqa(material, 8)), "8 questions", repetitions),
        *_compared(Sides(manifest, recognition(material, 1, 1)), "1 article", repetitions),
        *_compared(Sides(manifest, recognition(material, 1, 4)), "1 article", repetitions),
    ]


def _compared(sides: Sides, sample: str, repetitions: int) -> list[Comparison]:
    work = sides.task.task + (", four authors" if len(sides.task.files) == 6 else "")
    peers = _peers(sides, work)
    took = in_turn({"ours": sides.ours} | {peer.name: peer.run for peer in peers}, repetitions)
    named = f"{sample}, both orders"
    lines = [
        Comparison(work, peer.name, named, peer.goal, took["ours"], took[peer.name])
        for peer in peers
    ]
    return [agreeing(line, TOLERANCE) for line in lines]


def _peers(sides: Sides, work: str) -> list[Peer]:
    batch = sides.best_batch(BATCHES[work])
    named = f"lm-evaluation-harness, batch {batch}"
    found = [Peer(named, HARNESS[work], partial(sides.harness, batch))]
    if work in LOOPS:
        found.append(Peer("one generate a question", LOOPS[work], sides.loop))
    return found
