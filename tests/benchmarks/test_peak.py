"""What a parent has held is not counted among its child's memory."""

import subprocess
import sys

CHILD = "from benchmarks import peak; print(peak.megabytes())"
PARENT = f"""
import subprocess, sys
held = bytearray(b"1") * 300_000_000
del held
subprocess.run([sys.executable, "-c", {CHILD!r}], check=True)
"""


def _said(program: str) -> float:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


def test_a_parents_memory_is_not_its_childs() -> None:
    assert _said(PARENT) < 100


def test_what_a_process_held_once_is_counted() -> None:
    assert _said(f"held = bytearray(b'1') * 300_000_000; del held; {CHILD}") > 300
