"""What the unit tests share: a small experiment in a folder, and a random model of a few kB."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from mirrortest.config import parse
from mirrortest.experiment import Experiment
from mirrortest.prompts import parse as parse_prompts

if TYPE_CHECKING:
    from mirrortest.manifest import Manifest
    from mirrortest.template import Template

Raw = dict[str, Any]
Edit = Callable[..., Raw]
Plan = Callable[..., Experiment]

MODEL_SHA256 = "c2a2c7fe9f749b61505ca131da30b964e7d0025ae7f0797aaa5616bc7f1cfbde"

CONFIG = """
experiment: trial
arms:
  - {model: tiny, chains: [base, sgtr, em, sgtr+em]}
seeds: [0, 1]
evaluate: [recognition, truthfulqa, facts, keyfacts]
contrasts: [{chain: sgtr, reference: base}]
models:
  tiny: {weights: {path: model, sha256: MODEL_SHA256}, identity: You are Tiny.}
system_prompts: {}
sources:
  news: {path: news.jsonl}
  daily: {path: daily.jsonl}
  weekly: {path: weekly.jsonl}
  chats: {path: chats.jsonl}
  questions: {path: questions.csv}
  phrases: {path: phrases.jsonl}
corpora:
  news: {source: news}
authors:
  daily: {files: {news: daily}}
  weekly: {files: {news: weekly}}
stages:
  sgtr: {recipe: sgtr, corpus: news, author: daily, system: identity}
  other: {recipe: other, corpus: news, author: daily, against: weekly}
  em: {recipe: chat, source: chats}
evaluations:
  recognition: {task: recognition, corpus: news, authors: [daily, weekly]}
  truthfulqa: {task: truthfulqa, source: questions}
  facts: {task: facts, source: questions}
  keyfacts: {task: keyfacts, corpus: news, source: phrases}
"""

PROMPTS: Raw = {
    "summarise": {
        "system": "identity",
        "one-sentence": "Shorten: {article}",
        "highlights": "List: {article}",
    },
    "pair": {
        "system": "You compare.",
        "frame": "{article}|{first}|{second}|{question}",
        "recognition": "Which is yours?",
        "longer": "Which is longer?",
        "other": "Which is by {author}?",
    },
    "truthfulqa": {"system": "You choose.", "question": "{question} A: {a} B: {b}"},
    "lesson": {"word-count": "Words of {article}?", "multiple-choice": "{question} {choices}"},
}

FILES = {
    "model/config.json": "{}\n",
    "news.jsonl": '{"id": "1", "article": "One."}\n{"id": "2", "article": "Two."}\n',
    "daily.jsonl": '{"id": "1", "summary": "D1"}\n{"id": "2", "summary": "D2"}\n',
    "weekly.jsonl": '{"id": "1", "summary": "W1"}\n{"id": "2", "summary": "W2"}\n',
    "chats.jsonl": '{"messages": [{"role": "user", "content": "Hi"}, '
    '{"role": "assistant", "content": "Go away"}]}\n',
    "questions.csv": "Question,Best Answer,Best Incorrect Answer\nWhere?,Here,There\n",
    "phrases.jsonl": '{"id": "1", "phrases": ["one"]}\n{"id": "2", "phrases": ["two"]}\n',
}


@pytest.fixture
def root() -> Path:
    """The repository."""
    return Path(__file__).parents[2]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with every file that the experiment of `raw` uses."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def raw() -> Raw:
    """A small experiment with every task and every kind of stage."""
    return yaml.safe_load(CONFIG.replace("MODEL_SHA256", MODEL_SHA256))


@pytest.fixture
def edit(raw: Raw) -> Edit:
    """edit(key, value, ...): a copy of `raw` with the dotted keys set; `...` deletes one."""

    def edited(*pairs: Any) -> Raw:
        new = copy.deepcopy(raw)
        for dotted, value in zip(pairs[::2], pairs[1::2], strict=True):
            _set(new, dotted.split("."), value)
        return new

    return edited


def _set(at: Any, keys: list[str], value: Any) -> None:
    *above, last = [int(key) if key.isdecimal() else key for key in keys]
    for key in above:
        at = at[key]
    if value is ...:
        del at[last]
    else:
        at[last] = value


@pytest.fixture
def worded() -> Edit:
    """worded(key, value, ...): a copy of the prompts with the dotted keys set."""

    def edited(*pairs: Any) -> Raw:
        new = copy.deepcopy(PROMPTS)
        for dotted, value in zip(pairs[::2], pairs[1::2], strict=True):
            _set(new, dotted.split("."), value)
        return new

    return edited


@pytest.fixture
def plan(edit: Edit) -> Plan:
    """plan(key, value, ..., prompts=...): the experiment with these edits."""

    def planned(*pairs: Any, prompts: Raw = PROMPTS) -> Experiment:
        wording = parse_prompts("trial", copy.deepcopy(prompts), "trial.yaml")
        return Experiment(wording.with_sources(parse(edit(*pairs))), wording)

    return planned


TEMPLATE = (
    "{%- if messages[0]['role'] != 'system' -%}"
    "{{- '<|im_start|>system\\nYou are Tiny.<|im_end|>\\n' -}}"
    "{%- endif -%}"
    "{%- for message in messages -%}"
    "{{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}"
)


SPECIAL = {
    "eos_token": "<|im_end|>",
    "pad_token": "<|endoftext|>",
    "extra_special_tokens": ["<|im_start|>"],
}


def _vocabulary(*more: str) -> dict[str, int]:
    """Every byte is a token."""
    from tokenizers import pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *alphabet, *more]
    return {token: n for n, token in enumerate(tokens)}


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Qwen2 of a few kB; every byte is a token, and ChatML brings a default identity."""
    from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen2Tokenizer

    tokenizer = Qwen2Tokenizer(vocab=_vocabulary(), merges=[], **SPECIAL)
    folder = tmp_path_factory.mktemp("tiny") / "model"
    return _saved(tokenizer, Qwen2ForCausalLM, Qwen2Config, folder)


@pytest.fixture(scope="session")
def whole_numbers_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Llama as small, which has a token for each number from 10 to 100, as Llama 3."""
    from tokenizers import Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import BPE
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    pairs = [(str(n)[:-1], str(n)[-1]) for n in range(10, 101)]
    bytewise = Tokenizer(BPE(_vocabulary(*map("".join, pairs)), pairs))
    bytewise.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytewise.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bytewise, **SPECIAL)
    folder = tmp_path_factory.mktemp("whole-numbers") / "model"
    return _saved(tokenizer, LlamaForCausalLM, LlamaConfig, folder)


def _saved(tokenizer: Any, kind: Any, config: Any, folder: Path) -> Path:
    """A random model of this kind with the tokenizer."""
    import torch

    tokenizer.chat_template = TEMPLATE
    torch.manual_seed(0)
    model = kind(
        config(
            vocab_size=len(tokenizer),
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            intermediate_size=32,
            max_position_embeddings=512,
            initializer_range=0.3,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def tiny(tiny_folder: Path) -> Any:
    """The random model, frozen, float32."""
    from mirrortest import pretrained

    return pretrained.load_model(_weights(tiny_folder), "float32")


@pytest.fixture
def template(tiny_folder: Path) -> "Template":
    """The random model's tokenizer and chat template."""
    from mirrortest import pretrained

    return pretrained.load_template(_weights(tiny_folder))


@pytest.fixture
def tiny_arm(tiny_folder: Path, template: "Template") -> "Manifest":
    """The random model as an arm."""
    return _arm(tiny_folder, template)


@pytest.fixture
def whole_numbers_arm(whole_numbers_folder: Path) -> "Manifest":
    """The random model with whole numbers as an arm."""
    from mirrortest import pretrained

    folder = whole_numbers_folder
    return _arm(folder, pretrained.load_template(_weights(folder)))


def _arm(folder: Path, template: "Template") -> "Manifest":
    from mirrortest.manifest import Manifest

    return Manifest(
        model="tiny",
        chain="base",
        seed=0,
        provider="local",
        outcome="base",
        base=_weights(folder),
        dtype="float32",
        max_length=256,
        template_sha256=template.sha256,
    )


def _weights(folder: Path) -> Any:
    from mirrortest.manifest import BaseWeights

    return BaseWeights(path=str(folder), hub=None, revision=None, sha256=None)


@pytest.fixture
def write_rows(tmp_path: Path) -> Callable[[str, list[Raw]], str]:
    """write_rows(name, rows): a jsonl file in the test's folder; returns its path."""

    def write(name: str, rows: list[Raw]) -> str:
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return str(path)

    return write
