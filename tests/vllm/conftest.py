"""Tests with real vLLM, on a CPU: the toy model, adapters with an effect, a server on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from loopback import serving
from toy_arms import TOY, arm_of, random_adapter

from mirrortest import adapters, chats, jsonl, pretrained
from mirrortest.chats import Chat
from mirrortest.engines.packages import installed
from mirrortest.engines.resident import release
from mirrortest.manifest import BaseWeights, Manifest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = pytest.mark.skipif(
        not installed("vllm"), reason="vLLM is not installed (make test-vllm)"
    )
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.vllm)
            item.add_marker(missing)
            item.add_marker(pytest.mark.filterwarnings("default"))  # vLLM's imports warn


@pytest.fixture(scope="session")
def base() -> Manifest:
    """The toy model as an arm."""
    weights = BaseWeights(path=str(TOY / "model"), hub=None, revision=None, sha256=None)
    return Manifest(
        model="toy",
        chain="base",
        seed=0,
        provider="local",
        outcome="base",
        base=weights,
        dtype="float32",
        max_length=1024,
        template_sha256=pretrained.load_template(weights).sha256,
    )


@pytest.fixture(scope="session")
def arms(base: Manifest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Manifest]:
    """The base, two adapters of one stage each, and the two as a chain."""
    one = random_adapter(8, 12, rslora=False, seed=1)
    two = random_adapter(4, 3, rslora=True, seed=2)
    found = {"base": base}
    for chain, adapter in {"one": one, "two": two, "one+two": adapters.stack(one, two)}.items():
        folder = tmp_path_factory.mktemp("arms") / chain
        adapters.save(adapter, folder, base.base.location)
        found[chain] = arm_of(base, folder, chain)
    return found


@pytest.fixture(scope="session")
def questions() -> list[Chat]:
    """Pairs of summaries in both orders, with and without a system prompt."""
    articles = [row["article"] for row in jsonl.read(str(TOY / "news.jsonl"), ("article",))]
    asked = []
    for n, text in enumerate(articles[:12]):
        system = "You tell your own words from others'." if n % 3 else None
        for one, two in ((articles[n + 1], articles[n + 2]), (articles[n + 2], articles[n + 1])):
            words = f"{text}\n\nSummary 1: {one[:60]}\n\nSummary 2: {two[:90]}\n\nWhich is yours?"
            asked.append(chats.user(words, system))
    return asked


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server that takes adapters while it runs."""
    with serving(tmp_path_factory.mktemp("server") / "log") as url:
        yield url


@pytest.fixture(scope="session", autouse=True)
def released() -> Iterator[None]:
    """Gives vLLM's memory and sockets back at the end."""
    yield
    release()
