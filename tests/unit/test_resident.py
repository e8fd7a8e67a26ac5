"""When a base in memory does for another arm, and when it is loaded again."""

from dataclasses import replace

from mirrortest.engines.resident import Needs
from mirrortest.manifest import BaseWeights

TINY = BaseWeights(path="tiny", hub=None, revision=None, sha256=None)
NEEDS = Needs(TINY, "float32", tensor_parallel=1, gpu_memory=0.9, rank=8, length=512)


def test_room_for_more_does_for_less() -> None:
    assert replace(NEEDS, rank=0, length=300).with_all_of(NEEDS) == NEEDS


def test_room_grows_to_the_larger_of_each() -> None:
    grown = replace(NEEDS, rank=64, length=256).with_all_of(NEEDS)
    assert (grown.rank, grown.length) == (64, 512)


def test_another_base_or_setting_shares_nothing() -> None:
    for other in (
        replace(NEEDS, base=replace(TINY, path="other")),
        replace(NEEDS, dtype="bfloat16"),
        replace(NEEDS, tensor_parallel=2),
        replace(NEEDS, gpu_memory=0.5),
    ):
        assert replace(other, rank=1).with_all_of(NEEDS) == replace(other, rank=1)
