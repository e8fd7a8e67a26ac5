"""What a job that touches a model leaves out of its start."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["finetune", "mirrortest.engines.local"])
def test_no_job_waits_for_what_it_does_not_use(module: str) -> None:
    script = f"import sys; import {module}; print({{'sklearn', 'pandas'}} & set(sys.modules))"

    found = subprocess.run(
        [sys.executable, "-c", script],
        cwd="workflow_scripts",
        capture_output=True,
        text=True,
        check=True,
    )

    assert found.stdout == "set()\n"
