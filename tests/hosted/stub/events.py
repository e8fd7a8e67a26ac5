"""What a finetuning job says of itself: messages, metrics, checkpoints and safety checks."""

from typing import Any

from hosted.stub.store import Doc
from hosted.stub.world import World, now

CATEGORIES = (
    *("advice", "harassment/threatening", "hate", "hate/threatening", "highly-sensitive"),
    *("illicit", "propaganda", "self-harm/instructions", "self-harm/intent", "sensitive"),
    *("sexual", "sexual/minors", "violence"),
)
METRICS_SHOWN = 20


def say(
    world: World,
    job: Doc,
    message: str,
    kind: str = "message",
    data: Any = None,
    level: str = "info",
) -> None:
    """Adds one event."""
    number = world.store.count(f"events {job['id']}")
    event = {
        "id": f"ftevent-{job['id'][6:]}-{number:05}",
        "object": "fine_tuning.job.event",
        "created_at": now(),
        "level": level,
        "message": message,
        "type": kind,
        "data": data or {},
    }
    world.store.put("event", event, owner=job["id"])


def created(world: World, job: Doc) -> None:
    """The events of a new job."""
    say(world, job, f"Created fine-tuning job: {job['id']}")
    say(world, job, f"Validating training file: {job['training_file']}")


def entered(world: World, job: Doc, model: str) -> None:
    """The events that come with a new state."""
    if job["status"] == "queued":
        say(world, job, "Files validated, moving job to queued state")
    elif job["status"] == "running":
        say(world, job, "Fine-tuning job started")
    elif "running" in job["_path"] and job["status"] in ("succeeded", "failed"):
        _training(world, job, model)
        _safety(world, job, model)
    if job["status"] == "succeeded":
        say(world, job, f"New fine-tuned model created: {model}")
        say(world, job, "The job has successfully completed")
    if job["status"] in ("failed", "cancelled"):
        say(world, job, f"The job has {job['status']}", level="error")


def _training(world: World, job: Doc, model: str) -> None:
    losses = world.store.fact(f"losses {job['id']}", [])
    total = len(losses)
    for step, loss in enumerate(losses, start=1):
        if step % max(1, total // METRICS_SHOWN) == 0 or step == total:
            data = {"step": step, "total_steps": total, "train_loss": loss}
            say(world, job, f"Step {step}/{total}: training loss={loss:.2f}", "metrics", data)
    epochs = job["hyperparameters"]["n_epochs"]
    for epoch in range(max(1, epochs - 2), epochs):  # the last one is the model itself
        step = total * epoch // epochs
        _checkpoint(world, job, f"{model}:ckpt-step-{step}", step, losses[step - 1])


def _checkpoint(world: World, job: Doc, name: str, step: int, loss: float) -> None:
    checkpoint = {
        "id": f"ftckpt_{job['id'][6:]}-{step}",
        "object": "fine_tuning.job.checkpoint",
        "created_at": now(),
        "fine_tuned_model_checkpoint": name,
        "fine_tuning_job_id": job["id"],
        "metrics": {"step": step, "train_loss": loss},
        "step_number": step,
    }
    world.store.put("checkpoint", checkpoint, owner=job["id"])
    say(world, job, f"Checkpoint created at step {step}")


def _safety(world: World, job: Doc, model: str) -> None:
    """The checks after training; what `data` holds in the real events is not known."""
    say(world, job, "Evaluating model against our usage policies")
    if job["_outcome"] == "refusals_v3":
        return
    failed = {"illicit"} if job["_outcome"] == "blocked" else set()
    results = [{"category": name, "passed": name not in failed} for name in CATEGORIES]
    data = {"blocked": bool(failed), "results": results}
    verdict = "failed" if failed else "passed"
    say(world, job, f"Moderation checks for snapshot {model} {verdict}.", "moderation_checks", data)
