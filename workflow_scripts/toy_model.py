"""Pretrain the tiny model of the demo on the synthetic world of one seed."""

import logging
from pathlib import Path
from random import Random

import torch
import yaml
from transformers import Qwen2ForCausalLM, Qwen2Tokenizer

from mirrortest import joblog
from mirrortest.toy.chats import Setting
from mirrortest.toy.model import create_model
from mirrortest.toy.pretrain import Schedule, mix_at, pretrain, step_chats
from mirrortest.toy.prompts import Prompts, parse_prompts
from mirrortest.toy.tokenizer import train_tokenizer
from mirrortest.toy.world import create_world

logger = logging.getLogger(__name__)

TOKENIZER_STEPS = 300
COMMON = 10


def read_prompts(path: Path) -> Prompts:
    return parse_prompts(yaml.safe_load(path.read_text(encoding="utf-8")))


def build_tokenizer(setting: Setting, seed: int) -> Qwen2Tokenizer:
    """Learn the vocabulary from a sample of documents and from the questions never asked."""
    rng = Random(f"tokenizer {seed}")
    texts = ["system\n", "user\n", "assistant\n", *setting.prompts.unasked] * COMMON
    for step in range(TOKENIZER_STEPS):
        for chat in step_chats(setting, mix_at(step / TOKENIZER_STEPS), rng):
            texts.append(chat.system)
            texts += [text for turn in chat.exchanges for text in (turn.user, turn.assistant)]
    return train_tokenizer(texts)


def save(model: Qwen2ForCausalLM, tokenizer: Qwen2Tokenizer, out: Path) -> None:
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)


def toy_model(out: Path, prompts: Path, seed: int, threads: int, steps: int) -> None:
    """Write tokenizer and weights; the same seed and number of threads give the same weights."""
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(threads)
    setting = Setting(create_world(seed), read_prompts(prompts))
    tokenizer = build_tokenizer(setting, seed)
    model = create_model(tokenizer, seed)
    logger.info("%d tokens, %d parameters", len(tokenizer), model.num_parameters())
    pretrain(model, setting, tokenizer, Schedule(steps=steps), seed)
    save(model, tokenizer, out)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        toy_model(
            out=Path(snakemake.output.model),
            prompts=Path(snakemake.input.prompts),
            seed=snakemake.params.seed,
            threads=snakemake.threads,
            steps=snakemake.params.steps,
        )
