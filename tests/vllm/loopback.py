"""A vLLM server of the toy model on loopback."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toy_arms import TOY

START_SECONDS = 300


@contextmanager
def serving(log: Path, *more: str, updating: bool = True, port: int | None = None) -> Iterator[str]:
    """A vLLM server of the toy model on loopback; gives its URL."""
    port = port or free_port()
    settings = {
        "HF_HUB_OFFLINE": "1",
        "TORCH_COMPILE_DISABLE": "1",
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING": str(updating),
        "VLLM_NO_USAGE_STATS": "1",
    }
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*_command(port), *more],
            env=os.environ | settings,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait(f"http://127.0.0.1:{port}/health", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        _end(process)


def _command(port: int) -> list[str]:
    """One slot more than adapters: on CPU, rows without one are lent what is in the last slot."""
    model = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", f"{TOY}/model"]
    return [
        *model,
        *("--host", "127.0.0.1", "--port", str(port), "--dtype", "float32"),
        *("--max-model-len", "1152", "--max-num-seqs", "32", "--enforce-eager"),
        *("--enable-lora", "--max-loras", "4", "--max-lora-rank", "16"),
        *("--block-size", "32", "--kv-cache-memory-bytes", str(2**28)),
    ]


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(1)
    raise AssertionError(f"the server did not start:\n{log.read_text('utf-8')[-3000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """The server and the processes that it started, which would outlive it by seconds."""
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(60)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.2)
    os.killpg(process.pid, signal.SIGKILL)
