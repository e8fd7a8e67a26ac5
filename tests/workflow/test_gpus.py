"""The profile for a machine with GPUs."""

from pathlib import Path

import pytest
import yaml
from project import ROOT, TINY, Project

FAKE = "#!/bin/sh\nprintf 'GPU-a\\nGPU-b\\n'\n"
SUMMARIES = [f"results/summarise/toy-{name}/toy/base/0.jsonl" for name in ("news", "wire")]


def test_the_profile_limits_gpus_and_not_when_jobs_run_again() -> None:
    profile = yaml.safe_load((ROOT / "profiles/gpus/config.yaml").read_text(encoding="utf-8"))
    assert profile == {"cores": "all", "resources": ["gpu=1"]}


def test_two_jobs_at_once_have_a_gpu_each(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nvidia-smi").write_text(FAKE, encoding="utf-8")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    run = project.copy(tmp_path / "run")
    limits = ["--cores", "2", "--resources", "gpu=2"]
    run.snakemake("--profile", "profiles/gpus", "--configfile", TINY, *limits, "--", *SUMMARIES)
    logs = [run.text(path.replace("results", "logs", 1)[:-5] + "log") for path in SUMMARIES]
    assert all("CUDA_VISIBLE_DEVICES GPU-" in log for log in logs)
