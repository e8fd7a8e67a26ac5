"""The ledger of money, with several real processes on one file."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mirrortest.errors import UserError
from mirrortest.hosted.spending import Spending

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
SPENDER = """
import sys
from pathlib import Path
from mirrortest.errors import UserError
from mirrortest.hosted.spending import Spending
ledger = Spending(Path(sys.argv[1]), 1.0)
for number in range(200):
    try:
        ledger.reserve(f"{sys.argv[2]}/{number}", 0.01, "a call")
    except UserError:
        break
    ledger.settle(f"{sys.argv[2]}/{number}", 0.009)
    print(number, flush=True)
"""


@pytest.fixture
def ledger(tmp_path: Path) -> Spending:
    return Spending(tmp_path / "state" / "spending.sqlite", cap=1.0)


def spender(path: Path, name: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", SPENDER, str(path), name]
    env = os.environ | {"PYTHONPATH": str(SCRIPTS)}
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)


def test_a_reservation_counts_until_it_is_settled(ledger: Spending) -> None:
    ledger.reserve("a", 0.6, "a call")
    assert (ledger.spent(), ledger.reserved()) == (0.0, 0.6)
    ledger.settle("a", 0.25)
    assert (ledger.spent(), ledger.reserved()) == (0.25, 0.0)


def test_the_cap_is_refused_with_what_is_left(ledger: Spending) -> None:
    ledger.reserve("a", 0.7, "a call")
    with pytest.raises(UserError, match=r"job b may cost up to \$0.4000.*\$1.00 there is \$0.3000"):
        ledger.reserve("b", 0.4, "job b")
    assert ledger.reserved() == 0.7


def test_the_cap_can_be_used_up_to_the_last_cent(ledger: Spending) -> None:
    for number in range(10):
        ledger.reserve(str(number), 0.1, "a call")
    with pytest.raises(UserError):
        ledger.reserve("one more", 1e-9, "a call")


def test_one_key_is_reserved_once(ledger: Spending) -> None:
    ledger.reserve("a", 0.6, "a call")
    ledger.reserve("a", 0.6, "a call")
    assert ledger.reserved() == 0.6


def test_what_was_paid_is_not_reserved_again(ledger: Spending) -> None:
    ledger.settle("adopted", 0.9)
    ledger.reserve("adopted", 0.9, "a job")
    assert (ledger.spent(), ledger.reserved()) == (0.9, 0.0)


def test_what_failed_without_cost_is_reserved_anew(ledger: Spending) -> None:
    ledger.reserve("a", 0.6, "a call")
    ledger.settle("a", 0.0)
    ledger.reserve("a", 0.7, "a call")
    assert ledger.reserved() == 0.7


def test_another_process_sees_the_same_ledger(ledger: Spending, tmp_path: Path) -> None:
    ledger.reserve("a", 0.6, "a call")
    again = Spending(tmp_path / "state" / "spending.sqlite", cap=0.5)
    with pytest.raises(UserError, match=r"\$0.0000 left"):
        again.reserve("b", 0.1, "a call")


def test_two_processes_never_exceed_the_cap(ledger: Spending, tmp_path: Path) -> None:
    path = tmp_path / "state" / "spending.sqlite"
    lines = [p.communicate(timeout=60)[0].splitlines() for p in [spender(path, n) for n in "ab"]]
    assert 0.98 < ledger.spent() <= 1.0
    assert len(lines[0]) + len(lines[1]) == round(ledger.spent() / 0.009)
    assert ledger.reserved() == 0.0


def test_a_killed_process_leaves_its_calls_reserved_and_the_ledger_whole(
    ledger: Spending, tmp_path: Path
) -> None:
    path = tmp_path / "state" / "spending.sqlite"
    for number in range(5):
        process = spender(path, f"killed-{number}")
        assert process.stdout is not None and process.stdout.readline()
        time.sleep(0.003 * number)
        process.send_signal(signal.SIGKILL)
        settled = 1 + len(process.communicate()[0].splitlines())
        assert settled >= 1
    assert ledger.reserved() <= 5 * 0.01
    ledger.reserve("after", 0.01, "a call")
