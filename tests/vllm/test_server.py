"""A real vLLM server on loopback: adapters come and go while it runs."""

from dataclasses import replace
from pathlib import Path

import pytest
from bad_adapters import SPOILED, spoiled
from loopback import free_port, serving
from toy_arms import arm_of, random_adapter

from mirrortest import adapters
from mirrortest.chats import Chat
from mirrortest.engine import Choice, Serving, open_engine
from mirrortest.engines import server as engine_module
from mirrortest.errors import UserError
from mirrortest.manifest import Manifest

OPTIONS = ("1", "2")
Arms = dict[str, Manifest]


def _choose(arm: Manifest, url: str, questions: list[Chat]) -> list[Choice]:
    return open_engine(arm, Serving("server", url=url)).choose(questions, OPTIONS)


def _near(one: list[Choice], two: list[Choice]) -> bool:
    pairs = zip(one, two, strict=True)
    return all(a.logprobs == pytest.approx(b.logprobs, abs=1e-4) for a, b in pairs)


@pytest.mark.parametrize("how", SPOILED)
def test_a_bad_adapter_is_never_sent(
    arms: Arms, questions: list[Chat], server: str, how: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=SPOILED[how][1]):
        _choose(spoiled(arms["one"], how, tmp_path / "adapter"), server, questions[:2])


@pytest.mark.parametrize("how", ["wrong base", "DoRA", "missing file"])
def test_what_only_the_server_notices_is_refused_too_and_it_lives_on(
    arms: Arms,
    questions: list[Chat],
    server: str,
    how: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = _choose(arms["one"], server, questions)
    monkeypatch.setattr(engine_module, "checked_rank", lambda arm: 8)
    with pytest.raises(UserError, match=r"(refused|cannot read) the adapter"):
        _choose(spoiled(arms["one"], how, tmp_path / "adapter"), server, questions)
    assert _near(_choose(arms["one"], server, questions), first)


def test_a_rank_for_which_the_server_has_no_room_is_refused(
    arms: Arms, questions: list[Chat], server: str, tmp_path: Path
) -> None:
    adapters.save(random_adapter(24, 24, rslora=False, seed=3), tmp_path / "adapter", "toy")
    wide = arm_of(arms["base"], tmp_path / "adapter", "wide")
    with pytest.raises(UserError, match=r"rank 24 is greater .* room for its rank \(--max-lora"):
        _choose(wide, server, questions[:2])


def test_a_model_that_is_not_served_is_said(
    arms: Arms, questions: list[Chat], server: str, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    folder.symlink_to(str(arms["base"].base.path))
    other = replace(arms["base"], model="other", base=replace(arms["base"].base, path=str(folder)))
    with pytest.raises(UserError, match=r"does not serve .*it serves: .*toy/model"):
        _choose(other, server, questions[:2])


def test_a_server_that_came_back_is_given_the_adapter_again(
    arms: Arms, questions: list[Chat], tmp_path: Path
) -> None:
    port = free_port()
    engine = open_engine(arms["one"], Serving("server", url=f"http://127.0.0.1:{port}"))
    with serving(tmp_path / "log", port=port):
        first = engine.choose(questions, OPTIONS)
    with pytest.raises(UserError, match="does not answer; start it"):
        engine.choose(questions[:1], OPTIONS)
    with serving(tmp_path / "log", port=port):
        assert _near(engine.choose(questions, OPTIONS), first)


def test_a_server_that_takes_no_adapters_says_so_and_serves_its_base(
    arms: Arms, questions: list[Chat], tmp_path: Path
) -> None:
    with serving(tmp_path / "log", updating=False) as url:
        with pytest.raises(UserError, match=r"takes no adapters .* VLLM_ALLOW_RUNTIME_LORA"):
            _choose(arms["one"], url, questions[:2])
        local = open_engine(arms["base"]).choose(questions, OPTIONS)
        assert _near(_choose(arms["base"], url, questions), local)
