"""What the tests of the asking side share: an arm, questions, and an engine on a stub."""

from dataclasses import replace
from pathlib import Path

from hosted.stub.control import Stub

from mirrortest import chats
from mirrortest.chats import Chat
from mirrortest.engines.hosted import HostedEngine
from mirrortest.hosted import prices
from mirrortest.hosted.archive import Archive
from mirrortest.hosted.calls import Limits, Provider
from mirrortest.hosted.spending import Spending
from mirrortest.manifest import BaseWeights, Hosted, Manifest

MODEL = "gpt-4.1-2025-04-14"
PRICES = str(Path(__file__).parents[2] / "tests/hosted/prices.yaml")
PRICE = prices.load(PRICES).asking(MODEL)
OPTIONS = ("1", "2")
QUICK = Limits(calls=8, pause=0.01, timeout=5.0)
"""Pauses that a test can wait for."""


def arm(model: str = MODEL) -> Manifest:
    """The base of a hosted model."""
    return Manifest(
        model="hosted",
        chain="base",
        seed=0,
        provider="hosted",
        outcome="base",
        base=BaseWeights(None, None, None, None),
        dtype="",
        max_length=2048,
        template_sha256="",
        hosted=Hosted(base=model, model=model, encoding="o200k_base"),
    )


def questions(count: int) -> list[Chat]:
    """As many, all different."""
    return [chats.user(f"Which one is yours, number {n}?") for n in range(count)]


def ledger(folder: Path, cap: float = 100.0) -> Spending:
    """The ledger of a test."""
    return Spending(folder / "spending.sqlite", cap)


def archive(folder: Path) -> Archive:
    """The archive of a test, as a new process finds it."""
    return Archive(folder / "calls.jsonl")


def engine(
    folder: Path, *, cap: float = 100.0, limits: Limits = QUICK, model: str = MODEL
) -> HostedEngine:
    """A new engine on the folder's archive and ledger. The environment must lead to the stub."""
    price = replace(PRICE)
    return HostedEngine(arm(model), Provider(archive(folder), ledger(folder, cap), price, limits))


def lines(folder: Path) -> list[str]:
    """The archive's lines."""
    path = folder / "calls.jsonl"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def billed(stub: Stub) -> int:
    """Calls that the stub was paid for."""
    return stub.counters().chat_calls
