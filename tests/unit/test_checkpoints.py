"""Where a job keeps its state while it runs."""

from pathlib import Path

import torch

from mirrortest.checkpoints import Checkpoint, Checkpoints

STATE = Checkpoint({"a": torch.ones(2)}, {"state": {}}, {"last": 1}, [{"step": 1, "loss": 0.5}])
NEWER = Checkpoint({"a": torch.zeros(2)}, {"state": {}}, {"last": 2}, [{"step": 1}, {"step": 2}])


def _due(folder: Path, key: str) -> Checkpoints:
    return Checkpoints(folder, key, _next=0.0)


def test_a_checkpoint_is_loaded_as_it_was_saved(tmp_path: Path) -> None:
    _due(tmp_path / "new", "job").save_if_due(lambda: STATE)
    found = Checkpoints(tmp_path / "new", "job").load()
    assert found is not None
    assert torch.equal(found.tensors["a"], torch.ones(2))
    assert (found.optimizer, found.schedule, found.history) == (
        STATE.optimizer,
        STATE.schedule,
        STATE.history,
    )


def test_the_state_of_another_definition_is_not_taken_up(tmp_path: Path) -> None:
    _due(tmp_path, "job").save_if_due(lambda: STATE)
    assert Checkpoints(tmp_path, "another").load() is None


def test_nothing_is_saved_before_it_is_due(tmp_path: Path) -> None:
    checkpoints = _due(tmp_path, "job")
    checkpoints.save_if_due(lambda: STATE)
    checkpoints.save_if_due(lambda: NEWER)
    found = checkpoints.load()
    assert found is not None
    assert len(found.history) == 1


def test_a_job_that_has_just_begun_saves_nothing(tmp_path: Path) -> None:
    Checkpoints(tmp_path, "job").save_if_due(lambda: STATE)
    assert list(tmp_path.iterdir()) == []


def test_a_save_that_fails_leaves_the_last_checkpoint(tmp_path: Path) -> None:
    _due(tmp_path, "job").save_if_due(lambda: STATE)
    (tmp_path / "job.partial").write_bytes(b"torn")
    found = Checkpoints(tmp_path, "job").load()
    assert found is not None
    assert found.history == STATE.history


def test_clearing_forgets_older_definitions_too(tmp_path: Path) -> None:
    _due(tmp_path, "old").save_if_due(lambda: STATE)
    _due(tmp_path, "new").save_if_due(lambda: STATE)
    (tmp_path / "new.partial").write_bytes(b"torn")
    Checkpoints(tmp_path, "new").clear()
    assert list(tmp_path.iterdir()) == []
