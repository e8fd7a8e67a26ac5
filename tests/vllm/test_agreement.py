"""The same questions to transformers, vLLM and a vLLM server: the same answers.

And the comparison itself is under test: a template or a scale that is broken on purpose fails it.
"""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from toy_arms import arm_of

from mirrortest.adapters import SETTINGS
from mirrortest.chats import Chat
from mirrortest.engine import Choice, Engine, Sampling, Serving, Weights, open_engine
from mirrortest.engines.local import LocalEngine
from mirrortest.manifest import Manifest
from mirrortest.template import Template

OPTIONS = ("1", "2")
GREEDY = Sampling(max_tokens=24)
TOLERANCE = 1e-4
CHAINS = ["base", "one", "two", "one+two"]
OTHERS = ["vllm", "server"]
SCALE = (*map(str, range(101)), "CODE", "REFUSAL")
LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")
"""More than the 20 tokens that a server states of its own accord."""
SENTENCES = ("Summary 1.", "Summary 1 is mine.", "Summary", "Neither of the two.")

Arms = dict[str, Manifest]


def _engine(arm: Manifest, kind: str, url: str) -> Engine:
    return open_engine(arm, Serving(kind, url=url))


def _planned(engine: Engine, questions: list[Chat]) -> list[Choice]:
    """All questions in the engine's own batches, as a job asks them."""
    found: dict[int, Choice] = {}
    for batch in engine.plan(questions, "choose"):
        answers = engine.choose([questions[i] for i in batch], OPTIONS)
        found |= dict(zip(batch, answers, strict=True))
    return [found[i] for i in range(len(questions))]


def _distance(one: list[Choice], two: list[Choice]) -> float:
    """The largest difference between two log-probabilities."""
    pairs = zip(one, two, strict=True)
    return max(abs(x - y) for a, b in pairs for x, y in zip(a.logprobs, b.logprobs, strict=True))


def _assert_agreement(one: Engine, two: Engine, questions: list[Chat]) -> None:
    ours, theirs = _planned(one, questions), _planned(two, questions)
    distance = _distance(ours, theirs)
    print(f"largest difference of log-probabilities: {distance:.2g}")
    assert distance < TOLERANCE
    assert [choice.free for choice in ours] == [choice.free for choice in theirs]
    assert max(abs(a.mass - b.mass) for a, b in zip(ours, theirs, strict=True)) < TOLERANCE
    assert one.generate(questions[:8], [GREEDY] * 8) == two.generate(questions[:8], [GREEDY] * 8)


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("chain", CHAINS)
def test_engines_agree(
    arms: Arms, questions: list[Chat], server: str, chain: str, kind: str
) -> None:
    local = _engine(arms[chain], "transformers", server)
    _assert_agreement(local, _engine(arms[chain], kind, server), questions)


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("chain", ["base", "one+two"])
@pytest.mark.parametrize("answers", [SCALE, LETTERS, SENTENCES])
def test_engines_agree_on_whole_answers(
    arms: Arms,
    questions: list[Chat],
    server: str,
    chain: str,
    kind: str,
    answers: tuple[str, ...],
) -> None:
    asked = questions[:6], [answers] * 6
    local = LocalEngine(arms[chain])
    longest = max(map(len, local.tokens.answers(answers)))  # differences add up along an answer
    ours = local.weigh(*asked)
    theirs = _engine(arms[chain], kind, server).weigh(*asked)
    assert _largest(ours, theirs) < TOLERANCE * longest
    assert max(abs(a.mass - b.mass) for a, b in zip(ours, theirs, strict=True)) < TOLERANCE
    assert len({tuple(weights.logprobs) for weights in ours}) > 1


def _largest(one: list[Weights], two: list[Weights]) -> float:
    """The largest difference between two log-probabilities of whole answers."""
    pairs = zip(one, two, strict=True)
    return max(abs(x - y) for a, b in pairs for x, y in zip(a.logprobs, b.logprobs, strict=True))


@pytest.mark.parametrize("chain", CHAINS[1:])
def test_every_adapter_is_heard(arms: Arms, questions: list[Chat], chain: str) -> None:
    """Without this, engines that ignore adapters would agree."""
    base, adapted = (open_engine(arms[name]).choose(questions, OPTIONS) for name in ("base", chain))
    assert _distance(base, adapted) > 0.5


def test_greedy_text_is_more_than_one_token(arms: Arms, questions: list[Chat]) -> None:
    """Without this, equal text would be a small thing."""
    answers = open_engine(arms["one"]).generate(questions[:8], [GREEDY] * 8)
    assert sum(len(answer.text) for answer in answers) > 8 * 8


@pytest.mark.parametrize("kind", OTHERS)
def test_a_broken_template_is_noticed(
    arms: Arms,
    questions: list[Chat],
    server: str,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = Template.text
    other = _engine(arms["one"], kind, server)
    right = _planned(other, questions)
    monkeypatch.setattr(Template, "text", lambda self, chat, **how: whole(self, chat, **how) + "\n")
    assert _distance(right, _planned(other, questions)) > TOLERANCE


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("broken", [{"lora_alpha": 13}, {"use_rslora": True}])
def test_a_broken_scale_is_noticed(
    arms: Arms,
    questions: list[Chat],
    server: str,
    tmp_path: Path,
    kind: str,
    broken: dict[str, object],
) -> None:
    folder = Path(shutil.copytree(str(arms["one"].adapter), tmp_path / "adapter"))
    settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    (folder / SETTINGS).write_text(json.dumps(settings | broken), encoding="utf-8")
    local = open_engine(arms["one"])
    other = _engine(arm_of(arms["base"], folder, "broken"), kind, server)
    with pytest.raises(AssertionError):
        _assert_agreement(local, other, questions)


def test_a_broken_identity_is_noticed(arms: Arms, questions: list[Chat]) -> None:
    """Two adapters under one hash would be one adapter to an engine that goes by hashes."""
    swapped = replace(arms["one"], adapter=arms["two"].adapter, adapter_sha256=None)
    one, other = open_engine(arms["one"]), open_engine(swapped, Serving("vllm"))
    with pytest.raises(AssertionError):
        _assert_agreement(one, other, questions)
