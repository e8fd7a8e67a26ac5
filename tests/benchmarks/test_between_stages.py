"""A second stage begins where the first ended, whichever way it was passed on."""

from functools import partial
from pathlib import Path

import pytest

from benchmarks.comparison import Comparison, DifferentError, agreeing

pytest.importorskip("trl", reason="needs what benchmarks compare with: make bench installs it")


@pytest.mark.filterwarnings("ignore")
def test_both_ways_say_the_same_and_a_lost_first_stage_is_noticed(tmp_path: Path) -> None:
    from benchmarks import chains, evaluation, shapes

    manifest = evaluation.arm(shapes.write("tiny", tmp_path / "model"))
    first = chains.first_stage(manifest)
    mine, theirs = (
        chains.between(tmp_path / "out", partial(way, first, manifest))
        for way in (chains.stack, chains.merge)
    )
    line = agreeing(Comparison("work", "merged", "", None, [mine], [theirs]), chains.TOLERANCE)
    assert line.of("written_mb", None).ratios[0] == theirs.written_mb / mine.written_mb > 1
    for name, parameter in first.named_parameters():
        if ".lora_B." in name:
            parameter.data.zero_()
    lost = chains.between(tmp_path / "out", partial(chains.stack, first, manifest))
    with pytest.raises(DifferentError):
        agreeing(Comparison("work", "merged", "", None, [lost], [theirs]), chains.TOLERANCE)
