"""One job as several processes, one per GPU: the rows of a step and the base's layers are shared.

The processes are forked before anything touches a GPU, so that each has the job's arguments, log
and lock; a resumed job thus waits for all of them. Adapters and optimizer are whole in each, and a
checkpoint is that of a job of one process. Without a GPU the processes meet by gloo.
"""

import logging
import os
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.fsdp import fully_shard

from mirrortest import pretrained
from mirrortest.errors import UserError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Group:
    """The processes of a job, and which of them this is."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this process speaks and writes for all."""
        return self.rank == 0

    def add_up(self, tensors: Iterable[torch.Tensor]) -> None:
        """Makes each tensor the sum over all processes, in place."""
        if self.size > 1:
            for tensor in tensors:
                dist.all_reduce(tensor)

    def least(self, number: float) -> float:
        """The least of all processes' numbers, so that all of them decide alike."""
        if self.size == 1:
            return number
        found = torch.tensor(number, dtype=torch.float64, device=pretrained.device())
        dist.all_reduce(found, op=dist.ReduceOp.MIN)
        return found.item()


ALONE = Group()


@contextmanager
def processes(size: int) -> Iterator[Group]:
    """From here to the end of the block the job is this many processes; the first one leaves it."""
    if size <= 1:
        yield ALONE
        return
    with tempfile.TemporaryDirectory() as meeting:
        first = os.getpid()
        group, children = _fork(size)
        watched = (_watch_children, children) if group.first else (_watch_first, first)
        threading.Thread(target=watched[0], args=(watched[1],), daemon=True).start()
        with _ending(group):
            _join(group, meeting)
            yield group
            dist.barrier()
        dist.destroy_process_group()


def _fork(size: int) -> tuple[Group, list[int]]:
    children: list[int] = []
    for rank in range(1, size):
        child = os.fork()
        if child == 0:
            return Group(rank, size), []
        children.append(child)
    return Group(0, size), children


@contextmanager
def _ending(group: Group) -> Iterator[None]:
    """Only the first process returns or raises; what goes wrong in another is logged."""
    if group.first:
        yield
        return
    logging.getLogger().setLevel(logging.ERROR)
    try:
        yield
    except UserError:
        os._exit(0)  # the first says the same
    except BaseException:
        log.exception("process %d of %d failed", group.rank + 1, group.size)
        os._exit(1)
    os._exit(0)


def _watch_first(first: int) -> None:
    """Nobody outlives the first process, as after a kill: it would wait for it for ever."""
    while os.getppid() == first:
        time.sleep(0.2)
    os._exit(1)


def _watch_children(children: list[int]) -> None:
    """Ends the job if another process fails, which would otherwise be waited for for ever."""
    while children:
        time.sleep(0.2)
        for child in list(children):
            ended, status = os.waitpid(child, os.WNOHANG)
            if status != 0:
                log.error("a process of this job ended with status %d", status)
                os._exit(1)
            if ended:
                children.remove(child)


def _join(group: Group, meeting: str) -> None:
    if pretrained.device() == "cuda":
        if torch.cuda.device_count() < group.size:
            raise UserError(
                f"the job's resource gpu is {group.size}, but it sees {torch.cuda.device_count()} "
                "GPUs; lower the resource or give it more."
            )
        torch.cuda.set_device(group.rank)
    backend = "nccl" if pretrained.device() == "cuda" else "gloo"
    dist.init_process_group(
        backend, init_method=f"file://{meeting}/store", rank=group.rank, world_size=group.size
    )


def spread(model: Any, kept: set[torch.nn.Parameter]) -> None:
    """Spreads the layers' weights over the processes, but for the `kept`; each is gathered in use.

    Embeddings and head stay whole: the head is applied apart from the layers.
    """
    decoder = model.get_base_model().get_decoder()
    for layer in decoder.layers:
        fully_shard(layer, ignored_params=kept)
    fully_shard(decoder, ignored_params=kept | set(_outside(decoder)))
    model.to(pretrained.device())


def _outside(decoder: Any) -> list[torch.nn.Parameter]:
    return [p for name, p in decoder.named_parameters() if not name.startswith("layers.")]
