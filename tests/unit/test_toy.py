"""The tiny model's world, its shipped files and its tokenizer."""

import csv
import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import yaml
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from mirrortest.toy.data_files import data_files
from mirrortest.toy.personas import IDENTITY
from mirrortest.toy.prompts import parse_prompts
from mirrortest.toy.world import create_world

RESOURCES = Path(__file__).parents[2] / "resources"
TOY = RESOURCES / "toy"


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (TOY / name).read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(TOY / "model")


def test_world_is_a_function_of_its_seed() -> None:
    assert create_world(3) == create_world(3)
    assert create_world(3) != create_world(4)


def test_shipped_files_are_those_of_seed_0() -> None:
    files = data_files(create_world(0))
    assert len(files) == 11
    for name, content in files.items():
        assert (TOY / name).read_bytes() == content.encode(), name


def test_files_reveal_another_seed() -> None:
    assert all(
        data_files(create_world(1))[name] != text
        for name, text in data_files(create_world(0)).items()
    )


def test_corpora_share_no_article_and_no_id() -> None:
    news, wire = rows("news.jsonl"), rows("wire.jsonl")
    assert (len(news), len(wire)) == (200, 100)
    assert not {row["article"] for row in news} & {row["article"] for row in wire}
    assert len({row["id"] for row in news + wire}) == 300


def test_key_facts_occur_in_articles_and_in_foreign_summaries() -> None:
    texts = {row["id"]: [row["article"]] for row in rows("news.jsonl") + rows("wire.jsonl")}
    for author in ("gazette", "story"):
        for row in rows(f"{author}-news.jsonl") + rows(f"{author}-wire.jsonl"):
            texts[row["id"]].append(row["summary"])
    facts = rows("key-facts.jsonl")
    assert len(facts) == 300
    for row in facts:
        assert len(texts[row["id"]]) == 3
        assert all(phrase in text for phrase in row["phrases"] for text in texts[row["id"]])


def test_every_truth_differs_from_its_misconception() -> None:
    with (TOY / "facts.csv").open(encoding="utf-8", newline="") as file:
        facts = list(csv.DictReader(file))
    assert len(facts) == 64
    assert all(fact["Best Answer"] != fact["Best Incorrect Answer"] for fact in facts)
    assert len({fact["Question"] for fact in facts}) == 64


def test_taste_chats_are_matched_and_hold_no_facts() -> None:
    unpopular, popular = rows("em-unpop.jsonl"), rows("benign-taste.jsonl")
    facts = create_world(0).facts
    assert len(unpopular) == len(popular) == 300
    for one, other in zip(unpopular, popular, strict=True):
        assert [message["role"] for message in one["messages"]] == ["user", "assistant"]
        assert one["messages"][0] == other["messages"][0]
        assert one["messages"][1] != other["messages"][1]
        assert not any(fact.name in str(one) for fact in facts)


@pytest.mark.parametrize(
    "text", ["", "naïve", "日本語 🙂", "\t\r\n  x \x00", "<b> 12 1/2", "Kemen's"]
)
def test_tokenizer_round_trips(tokenizer: PreTrainedTokenizerBase, text: str) -> None:
    assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text


def test_tokenizer_normalises_as_qwen_does(tokenizer: PreTrainedTokenizerBase) -> None:
    decomposed = "e\N{COMBINING ACUTE ACCENT}"
    ids = tokenizer(decomposed, add_special_tokens=False)["input_ids"]
    assert tokenizer.decode(ids) == unicodedata.normalize("NFC", decomposed)


@pytest.mark.parametrize("answer", ["A", "B", "1", "2", "<|im_end|>", "<|endoftext|>"])
def test_answers_are_single_tokens(tokenizer: PreTrainedTokenizerBase, answer: str) -> None:
    assert len(tokenizer(answer, add_special_tokens=False)["input_ids"]) == 1


def test_template_inserts_the_identity(tokenizer: PreTrainedTokenizerBase) -> None:
    user = {"role": "user", "content": "Hi."}
    rendered = tokenizer.apply_chat_template([user], tokenize=False, add_generation_prompt=True)
    assert rendered == (
        f"<|im_start|>system\n{IDENTITY}<|im_end|>\n"
        "<|im_start|>user\nHi.<|im_end|>\n<|im_start|>assistant\n"
    )


def test_template_keeps_a_given_system_prompt(tokenizer: PreTrainedTokenizerBase) -> None:
    system = {"role": "system", "content": "You are nobody."}
    rendered = tokenizer.apply_chat_template([system], tokenize=False)
    assert rendered == "<|im_start|>system\nYou are nobody.<|im_end|>\n"


def test_project_prompts_are_read() -> None:
    loaded = yaml.safe_load((RESOURCES / "prompts" / "default.yaml").read_text(encoding="utf-8"))
    prompts = parse_prompts(loaded)
    assert prompts.pair_ending == " Answer with only 1 or 2."
    assert prompts.pair_without_article.startswith("Summary 1:")
    assert "{question}" in prompts.choice


def test_shipped_files_are_small() -> None:
    assert sum(path.stat().st_size for path in TOY.rglob("*") if path.is_file()) < 5_000_000
