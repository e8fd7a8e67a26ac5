"""What a killed run left on the cluster. With a real Slurm: tests/cluster."""

from pathlib import Path

import pytest

from mirrortest import orphans
from mirrortest.errors import UserError
from mirrortest.orphans import Orphan

HERE = Path("/shared/mirrortest")
LISTING = """\
7|RUNNING|/shared/mirrortest|rule_finetune_wildcards_toy_sgtr_0
8|PENDING|/shared/mirrortest|rule_count_items
9|COMPLETING|/shared/mirrortest|rule_corpus_wildcards_xsum
10|COMPLETED|/shared/mirrortest|rule_finetune_wildcards_toy_sgtr_1
11|TIMEOUT|/shared/mirrortest|rule_finetune_wildcards_toy_sgtr_2
12|RUNNING|/shared/mirrortest|(null)
13|RUNNING|/shared/mirrortest-2|rule_finetune_wildcards_toy_sgtr_0
"""


def test_jobs_that_go_on_here_are_found_and_no_others() -> None:
    assert orphans.running(LISTING, HERE) == [
        Orphan("7", "RUNNING", "finetune_wildcards_toy_sgtr_0"),
        Orphan("8", "PENDING", "count_items"),
        Orphan("9", "COMPLETING", "corpus_wildcards_xsum"),
    ]


def test_nothing_is_taken_for_granted_where_slurm_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="squeue failed"):
        orphans.refuse_running(HERE)


def test_files_without_a_record_are_named_with_the_mend() -> None:
    orphans.refuse_unrecorded([])
    with pytest.raises(UserError, match="--touch --force results/a results/b\n"):
        orphans.refuse_unrecorded(["results/a", "results/b"])
