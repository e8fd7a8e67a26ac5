"""What the engine `server` says when a server is not as it should be: a stub that misbehaves."""

import json
import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("openai", reason="openai is not installed (requirements/torch.txt)")

from mirrortest import adapters, chats
from mirrortest.adapters import Adapter
from mirrortest.engine import Engine, Sampling, Serving, open_engine
from mirrortest.engines import served, tokens
from mirrortest.errors import UserError
from mirrortest.manifest import Manifest

CHATS = [chats.user(text) for text in ("Which?", "1 or 2?", "2 or 1?")]
OPTIONS = ("1", "2")
NO_ROUTE = (404, {"detail": "Not Found"})

Reply = tuple[int, Any]


def _error(message: str, status: int) -> Reply:
    return status, {"error": {"message": message, "type": "x", "param": None, "code": status}}


def _card(name: str, parent: str | None = None, limit: int = 4096) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "x", "root": name} | {
        "parent": parent,
        "max_model_len": limit,
    }


@dataclass
class Stub:
    """A server in a thread: what it serves, its answer to a loaded adapter, what it was asked."""

    cards: list[dict[str, Any]]
    loading: Reply = (200, "Success")
    completing: Reply | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    loaded: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    def reply(self, path: str, body: dict[str, Any]) -> Reply:
        if path == "/v1/models":
            return 200, {"object": "list", "data": self.cards}
        if path == "/v1/load_lora_adapter":
            return self._load(body)
        return self._complete(body)

    def _load(self, body: dict[str, Any]) -> Reply:
        self.loaded.append(body)
        if self.loading[0] == 200:
            self.cards.append(_card(body["lora_name"], parent="tiny"))
        return self.loading

    def _complete(self, body: dict[str, Any]) -> Reply:
        if self.completing:
            return self.completing
        if body["model"] not in {card["id"] for card in self.cards}:
            return _error("no such model", 404)
        self.asked.append(body)
        tokens = {f"token_id:{i}": -float(n) for n, i in enumerate(body["logprob_token_ids"], 1)}
        choice = {"index": 0, "text": "", "finish_reason": "length", "token_ids": [20]}
        said = choice | {"logprobs": {"top_logprobs": [tokens]}}
        return 200, {"id": "x", "object": "text_completion", "created": 0} | {"choices": [said]}


def _handler(stub: Stub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, body: dict[str, Any]) -> None:
            status, said = stub.reply(self.path, body)
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    monkeypatch.setattr(served, "RETRIES", 0)
    stub = Stub([_card("tiny")])
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(stub)) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        stub.url = f"http://127.0.0.1:{http.server_port}"
        yield stub
        http.shutdown()
        thread.join()


@pytest.fixture
def adapted(tiny_arm: Manifest, tmp_path: Path) -> Manifest:
    """The tiny arm with an adapter that fits."""
    import torch

    module = "base_model.model.model.layers.0.self_attn.o_proj"
    down, up = torch.ones(2, 16), torch.ones(16, 2)
    tensors = {f"{module}.lora_A.weight": down, f"{module}.lora_B.weight": up}
    adapters.save(Adapter(tensors, 2, 2, False), tmp_path / "adapter", "tiny")
    return replace(tiny_arm, chain="sgtr", adapter=str(tmp_path / "adapter"))


def _engine(arm: Manifest, stub: Stub) -> Engine:
    return open_engine(arm, Serving("server", url=f"{stub.url}/v1/"))


def test_questions_go_as_token_ids_with_every_setting_said(tiny_arm: Manifest, stub: Stub) -> None:
    engine = _engine(tiny_arm, stub)
    choice = engine.choose(CHATS[:1], OPTIONS)[0]
    assert choice.logprobs == [-1.0, -2.0]
    assert stub.asked[0]["prompt"] == engine.tokens.of(CHATS[0])  # type: ignore[attr-defined]
    said = {"top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "temperature": 0.0}
    assert said.items() <= stub.asked[0].items()


def test_whole_answers_are_weighed_token_by_token(tiny_arm: Manifest, stub: Stub) -> None:
    engine = _engine(tiny_arm, stub)
    one, two = engine.weigh(CHATS[:2], [("1", "10", "2"), ("7",)])
    prompts = [engine.tokens.of(chat) for chat in CHATS[:2]]  # type: ignore[attr-defined]
    zero, first, second, seven = engine.tokens.options(tuple("0127"))  # type: ignore[attr-defined]
    asked = sorted((body["prompt"], body["logprob_token_ids"]) for body in stub.asked)
    rows = [(prompts[0], [first, second]), ([*prompts[0], first], [zero]), (prompts[1], [seven])]
    assert asked == sorted(rows)
    # the stub's first token has -1 nats and its second one -2
    likely, rest = math.exp(-1), math.exp(-2)
    assert one.logprobs == pytest.approx([math.log(likely * (1 - likely)), -2.0, -2.0], abs=1e-6)
    assert one.mass == pytest.approx(likely + rest, abs=1e-6)
    assert two.logprobs == [-1.0]


def test_no_more_tokens_are_asked_for_at_once_than_are_stated(
    tiny_arm: Manifest, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "STATED", 4)
    (weights,) = _engine(tiny_arm, stub).weigh(CHATS[:1], [tuple("abcdefghij")])
    assert sorted(len(body["logprob_token_ids"]) for body in stub.asked) == [2, 4, 4]
    assert weights.logprobs == [-1.0, -2.0, -3.0, -4.0, -1.0, -2.0, -3.0, -4.0, -1.0, -2.0]


def test_an_adapter_is_loaded_once_for_all_engines(adapted: Manifest, stub: Stub) -> None:
    for _ in range(2):
        _engine(adapted, stub).choose(CHATS, OPTIONS)
    assert [body["lora_path"] for body in stub.loaded] == [str(adapted.adapter)]
    assert {body["model"] for body in stub.asked} == {stub.loaded[0]["lora_name"]}


def test_an_adapter_that_another_job_loaded_meanwhile_is_fine(
    adapted: Manifest, stub: Stub
) -> None:
    engine = _engine(adapted, stub)
    stub.loading = _error("The lora adapter has already been loaded.", 400)
    stub.completing = (200, {"choices": [{"token_ids": [20], "logprobs": None}]})
    assert len(engine.generate(CHATS, [Sampling(1)] * len(CHATS))) == len(CHATS)


def test_an_adapter_that_a_restart_has_lost_is_loaded_again(adapted: Manifest, stub: Stub) -> None:
    engine = _engine(adapted, stub)
    first = engine.choose(CHATS, OPTIONS)
    del stub.cards[1]
    assert engine.choose(CHATS, OPTIONS) == first
    assert len(stub.loaded) == 2


def test_an_adapter_that_is_lost_within_a_batch_is_loaded_again(
    adapted: Manifest, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = _engine(adapted, stub)
    whole = stub._complete

    def lost_once(body: dict[str, Any]) -> Reply:
        monkeypatch.setattr(stub, "_complete", whole)
        del stub.cards[1]
        return _error("The model does not exist.", 404)

    monkeypatch.setattr(stub, "_complete", lost_once)
    assert len(engine.choose(CHATS[:1], OPTIONS)) == 1
    assert len(stub.loaded) == 2


def test_a_server_that_is_not_there_gives_a_sentence(tiny_arm: Manifest, stub: Stub) -> None:
    stub.url = "http://127.0.0.1:9"
    with pytest.raises(UserError, match=r"the server at http://127.0.0.1:9 does not answer; start"):
        _engine(tiny_arm, stub).choose(CHATS, OPTIONS)


def test_a_model_that_is_not_served_is_named_with_those_that_are(
    tiny_arm: Manifest, stub: Stub
) -> None:
    stub.cards = [_card("llama"), _card("qwen"), _card("tiny", parent="llama")]
    with pytest.raises(UserError, match=r"does not serve .*it serves: llama, qwen.*--served-model"):
        _engine(tiny_arm, stub).choose(CHATS, OPTIONS)


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (NO_ROUTE, f"takes no adapters while it runs; start it with .*{served.UPDATING}"),
        (_error("No adapter found for /a", 404), "cannot read the adapter /.*/adapter; run it wh"),
        (
            _error("size mismatch", 500),
            r"refused the adapter .* \(size mismatch\); serve the base",
        ),
    ],
)
def test_an_adapter_that_is_not_taken_gives_a_sentence(
    adapted: Manifest, stub: Stub, reply: Reply, sentence: str
) -> None:
    stub.loading = reply
    with pytest.raises(UserError, match=sentence):
        _engine(adapted, stub).choose(CHATS, OPTIONS)


def test_an_adapter_that_does_not_fit_is_never_sent(adapted: Manifest, stub: Stub) -> None:
    (Path(str(adapted.adapter)) / adapters.WEIGHTS).unlink()
    with pytest.raises(UserError, match="lacks its file"):
        _engine(adapted, stub).choose(CHATS, OPTIONS)
    assert stub.loaded == []


def test_a_server_with_too_short_a_context_is_refused_beforehand(
    tiny_arm: Manifest, stub: Stub
) -> None:
    stub.cards = [_card("tiny", limit=100)]
    with pytest.raises(UserError, match=r"sees 100 tokens at most.*--max-model-len \d+ or more"):
        _engine(tiny_arm, stub).generate(CHATS, [Sampling(90)] * len(CHATS))


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (_error("Unauthorized", 401), "wants a key; set the environment variable VLLM_API_KEY"),
        (
            _error("out of memory", 500),
            r"failed on a question \(HTTP 500: out of memory\); see its",
        ),
    ],
)
def test_a_failure_gives_a_sentence(
    tiny_arm: Manifest, stub: Stub, reply: Reply, sentence: str
) -> None:
    stub.completing = reply
    with pytest.raises(UserError, match=sentence):
        _engine(tiny_arm, stub).choose(CHATS, OPTIONS)
