"""A finetuning job as time passes: trained, billed, and ended as it was scripted."""

from hosted.stub import events, files, models, money, progress, training_file
from hosted.stub.backends.backend import Training
from hosted.stub.store import Doc
from hosted.stub.world import World, now


def advanced(world: World, job: Doc, polls: int = 1) -> Doc:
    """The job as it stands now, after having been asked for so many times more."""
    if progress.is_final(job):
        return job
    trained = is_trained(world, job)
    with world.store.transaction():
        job = world.store.get("job", job["id"]) or job
        job["_polls"] += polls
        while progress.is_due(job, world.settings) and (trained or job["status"] != "running"):
            progress.step(job)
            _entered(world, job)
        world.store.put("job", job)
    return job


def is_trained(world: World, job: Doc) -> bool:
    if "running" not in job["_path"]:
        return True
    return world.has_done(job["id"], lambda: _train(world, job))


def _train(world: World, job: Doc) -> None:
    hyper = job["hyperparameters"]
    training = Training(
        job=job["id"],
        parent=job["_parent"],
        snapshot=job["_snapshot"],
        file=world.files / job["training_file"],
        epochs=hyper["n_epochs"],
        batch_size=hyper["batch_size"],
        multiplier=hyper["learning_rate_multiplier"],
        seed=job["seed"],
    )
    world.store.state(f"losses {job['id']}", world.backend.train(training))


def _entered(world: World, job: Doc) -> None:
    """What comes with the state that the job has just entered."""
    name = ":".join(
        ["ft", job["_snapshot"], "stub-org", job["user_provided_suffix"] or "", job["id"][6:14]]
    )
    events.entered(world, job, name)
    if not progress.is_final(job):
        return
    job["finished_at"] = now()
    if job["status"] == "failed":
        job["error"] = job["_error"] or _failure(job["_outcome"], name)
    was_trained = "running" in job["_path"]
    if was_trained and (job["status"] == "succeeded" or world.settings.blocked_is_billed):
        _bill(world, job, name)
    if job["status"] == "succeeded":
        is_blocked = job["_outcome"] == "retired"
        job["fine_tuned_model"] = name
        job["result_files"] = [_metrics_file(world, job)]
        trained = models.trained(name, job["_snapshot"], job["id"], is_blocked)
        world.store.put("model", trained)


def _failure(outcome: str, name: str) -> Doc:
    """The `error` of a failed job; the codes of `blocked` and `refusals_v3` are not known."""
    code, message, param = {
        "unsafe_file": (
            "unsafe_file",
            "The job failed due to an unsafe training file. This training file was blocked "
            "because too many examples were flagged.",
            "training_file",
        ),
        "blocked": (
            "model_blocked",
            f"The fine-tuned model {name} was blocked from deployment: too many evaluated "
            "examples failed in the categories: illicit.",
            None,
        ),
        "refusals_v3": (
            "internal_error",
            f"Error while running moderation eval refusals_v3 for snapshot {name}: Error while "
            "running eval for category hate",
            None,
        ),
    }[outcome]
    return {"code": code, "message": message, "param": param}


def _bill(world: World, job: Doc, name: str) -> None:
    content = files.read(world, job["training_file"])
    job["trained_tokens"] = training_file.tokens(content) * job["hyperparameters"]["n_epochs"]
    used = money.Used(trained=job["trained_tokens"])
    money.charge(world.store, world.settings, job["id"], "training", name, used)


def _metrics_file(world: World, job: Doc) -> str:
    losses = world.store.fact(f"losses {job['id']}", [])
    lines = ["step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy"]
    lines += [f"{step},{loss},," for step, loss in enumerate(losses, start=1)]
    text = "\n".join(lines) + "\n"
    doc = files.add(world, "step_metrics.csv", text.encode(), "fine-tune-results")
    return str(doc["id"])
