"""What will be billed: prices by the table, tokens by the tokenizer or by bytes."""

from datetime import date
from pathlib import Path

import pytest
import tiktoken
from hosted.stub import money, training_file
from hosted.stub.settings import PRICES

from mirrortest import chats
from mirrortest.errors import UserError
from mirrortest.hosted import prices, tokens
from mirrortest.hosted.tokens import LONGEST, UPPER_BOUND, Counter

ROOT = Path(__file__).parents[2]
TABLE = prices.load(str(ROOT / "resources/prices.yaml"))
BASE = "gpt-4.1-2025-04-14"


def test_the_table_is_the_one_that_the_stub_bills_by() -> None:
    asked = {name: price for name, price in TABLE.models.items() if "gpt-4o" not in name}
    assert len(asked) == 4  # the others are judges, which the stub does not have
    for name, price in asked.items():
        billed = {key: getattr(price, key) for key in PRICES[name]}
        assert billed == PRICES[name], name


def test_dates_are_dates_and_the_table_has_one() -> None:
    assert TABLE.training(BASE).last_training == date(2027, 1, 6)
    assert TABLE.asking(BASE).shutdown == date(2027, 1, 14)
    assert isinstance(TABLE.date, date)
    assert "https://" in TABLE.source


def test_a_trained_model_is_priced_as_its_base_once_trained() -> None:
    price = TABLE.asking(f"ft:{BASE}:org:mirrortest-0:abc")
    assert price == TABLE.training(BASE)
    assert price.of_training(2_000_000) == pytest.approx(50.0)
    assert price.of_asking(1_000_000, 100_000, cached=400_000) == pytest.approx(1.8 + 0.3 + 1.2)


def test_an_unknown_price_is_refused_and_never_nothing() -> None:
    with pytest.raises(UserError, match="has no price for 'gpt-9'"):
        TABLE.asking("gpt-9")
    with pytest.raises(UserError, match="has no price for 'ft:gpt-9'"):
        TABLE.training("gpt-9")


@pytest.mark.parametrize(
    "text", ["", "[]", "models: {}", "{date: 1, source: x, models: {a: {input: -1}}}"]
)
def test_what_is_no_table_gives_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="is not a table of prices"):
        prices.load(str(path))


# --- tokens


@pytest.mark.parametrize("name", ["em-unpop", "benign-taste"])
def test_bytes_are_never_fewer_than_what_is_billed(name: str) -> None:
    path = ROOT / f"resources/toy/{name}.jsonl"
    assert UPPER_BOUND.of_training(chats.read_chats(str(path))) >= training_file.tokens(
        path.read_bytes()
    )


def test_a_real_tokenizer_counts_what_stands_in_a_chat() -> None:
    ranks = {bytes([n]): n for n in range(256)} | {b"ab": 256}
    encoding = tiktoken.Encoding("tiny", pat_str=".+", mergeable_ranks=ranks, special_tokens={})
    counter = Counter(lambda text: len(encoding.encode_ordinary(text)), exact=True)
    assert counter.of_chat(chats.user("abc")) == tokens.PER_CHAT + tokens.PER_MESSAGE + 2
    assert counter.of_chat([]) == money.PER_CHAT


def test_a_row_is_billed_up_to_its_longest() -> None:
    assert UPPER_BOUND.of_training([chats.user("x" * 2 * LONGEST)]) == LONGEST


def test_a_tokenizer_that_cannot_be_had_is_replaced_by_bytes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    tokens.counter.cache_clear()
    assert tokens.counter("o200k_base") is UPPER_BOUND
    assert not UPPER_BOUND.exact
    assert UPPER_BOUND.count("é") == 2
