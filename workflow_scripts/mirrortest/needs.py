"""What a job asks a cluster for, from the model's size and the job's work; not what it will use.

Known without weights, and asked of each rule while the graph is built: see `Model.parameters`.
`memory.py` knows a training's memory better, once the model's architecture is at hand.
"""

import math
from dataclasses import dataclass, replace
from functools import cache

from mirrortest import chains, config, throughput, workload
from mirrortest.experiment import Experiment
from mirrortest.workload import Work

USABLE = 0.9
"""The share of a GPU's memory that is planned with, as in `batching`."""
START_MINUTES = 10
LOADED_GB_PER_MINUTE = 12.0
"""ASSUME weights are read at 200 MB/s, as from a busy network disk."""
LEEWAY = 2
"""The time limit is this often what is expected: a job that runs into it begins again."""
PYTHON_MB = 4000
WIDTHS = {"bfloat16": 2, "float32": 4}


@dataclass(frozen=True)
class Need:
    """GPUs, host memory, time limit in minutes; the work, and the seconds that it should take.

    measured: whether these seconds come from earlier jobs.
    """

    gpu: int
    mem_mb: int
    runtime: int
    work: Work
    seconds: float
    measured: bool

    @property
    def gpu_hours(self) -> float:
        return self.gpu * self.seconds / 3600


def weights_gb(model: config.Model) -> float:
    """What a job loads: nothing of a hosted model."""
    return model.parameters * WIDTHS[model.dtype] if model.hosted is None else 0.0


def adapter_gb(model: config.Model, rank: int) -> float:
    """An adapter in float32, within a third of docs/models.md: its width grows with the model's."""
    return float(0.11 * model.parameters**0.65 * rank / 32)


def training_gb(model: config.Model) -> float:
    """A stage's training on one GPU, at least; within 0.6 GB of what docs/models.md computes."""
    return float(weights_gb(model) + 1.9 * model.parameters**0.56 * model.max_length / 4096)


def asking_gb(model: config.Model) -> float:
    """ASSUME what a few long chats keep takes 8 % of the weights."""
    return 1.08 * weights_gb(model)


def vectors_mb(model: config.Model) -> float:
    """The activations of a row at all layers and both positions, in float32.

    ASSUME layers times width grow with the model as its adapter does: within a third of the true
    number for the models of `resources/models.yaml`.
    """
    return float(2 * 4 * 0.032 * model.parameters**0.65)


def gpus(whole_gb: float, weights: float, card_gb: float) -> int:
    """GPUs over which the weights must be spread: 1, 2, 4, 8, since these divide a model's heads.

    ASSUME a fifth of the weights is on each: embeddings, head, and layers at work.
    """
    for count in (1, 2, 4):
        if whole_gb - 0.8 * weights * (1 - 1 / count) <= USABLE * card_gb:
            return count
    return 8


@dataclass(frozen=True, eq=False)
class Needs:
    """The needs of an experiment's jobs. Each is worked out once: rules ask for every job."""

    experiment: Experiment

    @cache  # noqa: B019 - there is one for each process
    def finetune(self, model: str, chain: str) -> Need:
        last = chains.stages_of(chain)[-1]
        return self._training(model, last)

    @cache  # noqa: B019
    def _training(self, model: str, stage: str) -> Need:
        entry = self.experiment.settings.models[model]
        count = gpus(training_gb(entry), weights_gb(entry), self._card())
        work = workload.training(self.experiment, model, stage)
        return self._need("finetune", model, work, count, copies=count)

    @cache  # noqa: B019
    def summarise(self, model: str, corpus: str) -> Need:
        work = workload.summaries(self.experiment, model, corpus)
        return self._need("summarise", model, work, self._asking(model))

    @cache  # noqa: B019
    def evaluate(self, model: str) -> Need:
        work = workload.answers(self.experiment, model, self.experiment.first_asked())
        return self._need("evaluate", model, work, self._asking(model))

    @cache  # noqa: B019
    def reflect(self, model: str) -> Need:
        work = workload.answers(self.experiment, model, self.experiment.then_asked())
        return self._need("reflect", model, work, self._asking(model))

    @cache  # noqa: B019
    def judge(self, judge: str) -> Need:
        """A rule takes minutes of a processor; a model what any other takes that is asked."""
        work = workload.verdicts(self.experiment, judge)
        model = self.experiment.settings.judges[judge].model
        if model is None:
            return Need(0, PYTHON_MB, START_MINUTES, work, 0.0, True)
        return self._need("judge", model, work, self._asking(model))

    @cache  # noqa: B019
    def activations(self, model: str) -> Need:
        """They are read with transformers, by whatever the model is asked, and held twice."""
        work = workload.read_again(self.experiment, model, self.experiment.probed())
        need = self._need("activations", model, work, gpu=1)
        kept = 2 * vectors_mb(self.experiment.settings.models[model]) * work.rows
        return replace(need, mem_mb=need.mem_mb + math.ceil(kept))

    def _card(self) -> float:
        return self.experiment.settings.gpu_memory_gb

    def _asking(self, model: str) -> int:
        """Servers and providers have GPUs of their own, and transformers uses no more than one."""
        entry = self.experiment.settings.models[model]
        if entry.hosted is not None:
            return 0
        match entry.serving.kind:
            case "server":
                return 0
            case "vllm":
                return gpus(asking_gb(entry), weights_gb(entry), self._card())
        return 1

    def _need(self, rule: str, model: str, work: Work, gpu: int, copies: int = 1) -> Need:
        """copies: of the weights in the host's memory, where each process loads them."""
        entry = self.experiment.settings.models[model]
        speed = throughput.of(rule, model, entry.parameters)
        loading = 60 * weights_gb(entry) / LOADED_GB_PER_MINUTE
        seconds = loading + throughput.tokens(work) / speed.tokens / max(gpu, 1)
        return Need(
            gpu=gpu,
            mem_mb=math.ceil(PYTHON_MB + 1100 * copies * weights_gb(entry)),
            runtime=math.ceil(START_MINUTES + LEEWAY * seconds / 60),
            work=work,
            seconds=seconds,
            measured=speed.measured,
        )
