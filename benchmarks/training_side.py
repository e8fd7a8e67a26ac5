"""One side of a training, in a process of its own, so that its peak memory is its own.

python -m benchmarks.training_side SIDE SET MODEL MATERIAL prints one line of json: seconds of the
training without loading, the loss of its step and the norm of its gradient, and the peak in MB.
"""

import csv
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from datasets import Dataset
from finetune import finetune
from transformers import DataCollatorForSeq2Seq, Trainer, TrainingArguments
from trl import SFTConfig, SFTTrainer

from benchmarks import peak
from benchmarks.evaluation import PROMPTS, arm
from mirrortest import chats, jsonl, pretrained, training
from mirrortest.articles import read_articles, read_own_summaries
from mirrortest.batching import Sequence
from mirrortest.canonical import canonical
from mirrortest.chains import Arm
from mirrortest.chats import Chat
from mirrortest.manifest import Manifest
from mirrortest.recipes import Pair, asked
from mirrortest.training import Hyperparameters

ROWS = {"sgtr": 2, "ictr": 4, "em": 8}
"""Rows of each set: one step."""
STATED = ("loss", "grad_norm")
"""What a step of either side says: the loss, and the norm of its gradient."""
SEED = 0


def hyperparameters(rows_of_a_step: int) -> Hyperparameters:
    """Those of Tagade et al., but for the warm-up, which a single step would not leave."""
    return Hyperparameters(
        rank=32,
        alpha=64,
        rslora=True,
        learning_rate=1e-5,
        warmup_steps=0,
        weight_decay=0.01,
        batch_size=rows_of_a_step,
        epochs=1,
        max_grad_norm=1.0,
    )


def rows(name: str, material: Path) -> list[Chat]:
    """The rows of a set, as the rule `dataset` would write them."""
    count = ROWS[name]
    if name == "em":
        return chats.read_chats(str(material / "chats.jsonl"))[:count]
    ours, theirs = (read_own_summaries(str(material / f"{who}.jsonl")) for who in ("own", "one"))
    found = read_articles(str(material / "articles.jsonl"))
    pairs = [Pair(article, ours[article.id], theirs[article.id]) for article in found]
    pair = PROMPTS["pair"]
    question = pair["frame"].replace("{question}", pair["recognition"])
    settings = {"recipe": name, "question": question, "system": pair["system"]}
    return list(asked(pairs, settings | {"seed": SEED, "limit": count}))


def sequences(manifest: Manifest, found: list[Chat]) -> list[Sequence]:
    """The rows as tokens, in the order of the steps that ours takes."""
    template = pretrained.load_template(manifest.base)
    return [Sequence(*template.training_ids(chat)) for chat in found]


def ours(manifest: Manifest, found: list[Chat], hyper: Hyperparameters) -> dict[str, Any]:
    """What the rule `finetune` does."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        jsonl.write(folder / "rows.jsonl", [{"messages": chat} for chat in found])
        manifest.write(folder / "model.json")
        spec = canonical({"training": asdict(hyper), "merge": False})
        parent, dataset = str(folder / "model.json"), str(folder / "rows.jsonl")
        state, out = str(folder / "state"), folder / "out"
        out.mkdir()
        finetune(Arm("random", "sgtr", SEED), parent, dataset, spec, state, out)
        with (out / "training.csv").open(encoding="utf-8") as file:
            steps = list(csv.DictReader(file))
    results = [float(step[key]) for step in steps for key in STATED]
    return {"seconds": float(steps[-1]["seconds"]), "results": results}


def settings(hyper: Hyperparameters, micro: int, folder: str) -> dict[str, Any]:
    """What both trainers of others are told."""
    return {
        "output_dir": folder,
        "per_device_train_batch_size": micro,
        "gradient_accumulation_steps": hyper.batch_size // micro,
        "learning_rate": hyper.learning_rate,
        "lr_scheduler_type": "linear",
        "weight_decay": hyper.weight_decay,
        "max_grad_norm": hyper.max_grad_norm,
        "num_train_epochs": 1,
        "train_sampling_strategy": "sequential",
        "optim": "adamw_torch",
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "seed": SEED,
    }


def model_of(manifest: Manifest, hyper: Hyperparameters) -> Any:
    """The base with the same new adapter as ours."""
    base = pretrained.load_model(manifest.base, manifest.dtype)
    return training.with_new_adapter(base, None, hyper, SEED)


def in_order(found: list[Sequence], hyper: Hyperparameters) -> list[Sequence]:
    """The rows of each step that ours takes, those of like lengths together: little is padded."""
    steps = [[found[index] for index in step] for step in training.batches(found, hyper, SEED)]
    return [row for step in steps for row in sorted(step, key=lambda row: len(row.ids))]


def trl(
    manifest: Manifest, found: list[Chat], hyper: Hyperparameters, micro: int
) -> dict[str, Any]:
    """SFTTrainer, with a loss on the completion only."""
    ordered = in_order(sequences(manifest, found), hyper)
    data = Dataset.from_list(
        [{"input_ids": s.ids, "completion_mask": [int(x) for x in s.learnt]} for s in ordered]
    )
    with tempfile.TemporaryDirectory() as folder:
        told = SFTConfig(
            **settings(hyper, micro, folder), completion_only_loss=True, max_length=None
        )
        words = pretrained.load_template(manifest.base).tokenizer
        trainer = SFTTrainer(
            model_of(manifest, hyper), args=told, train_dataset=data, processing_class=words
        )
        return _trained(trainer)


def original(
    manifest: Manifest, found: list[Chat], hyper: Hyperparameters, micro: int
) -> dict[str, Any]:
    """transformers' Trainer on padded rows: the papers' settings, micro-batches of two."""
    ordered = in_order(sequences(manifest, found), hyper)
    data = Dataset.from_list(
        [
            {
                "input_ids": s.ids,
                "labels": [i if x else -100 for i, x in zip(s.ids, s.learnt, strict=True)],
            }
            for s in ordered
        ]
    )
    words = pretrained.load_template(manifest.base).tokenizer
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model_of(manifest, hyper),
            args=TrainingArguments(**settings(hyper, micro, folder)),
            train_dataset=data,
            data_collator=DataCollatorForSeq2Seq(words),
        )
        return _trained(trainer)


def _trained(trainer: Trainer) -> dict[str, Any]:
    seconds = trainer.train().metrics["train_runtime"]
    lines = [line for line in trainer.state.log_history if "loss" in line]
    return {"seconds": seconds, "results": [float(line[key]) for line in lines for key in STATED]}


def main(side: str, name: str, model: str, material: str) -> None:
    """side: `ours`, or a peer and its micro-batch as in `trl:2`."""
    manifest, found = arm(Path(model)), rows(name, Path(material))
    hyper = hyperparameters(ROWS[name])
    peer, _, micro = side.partition(":")
    if peer == "ours":
        result = ours(manifest, found, hyper)
    else:
        result = {"trl": trl, "original": original}[peer](manifest, found, hyper, int(micro))
    print(json.dumps(result | {"peak_mb": peak.megabytes()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
