"""The base model that vLLM holds in this process, and the adapters it has been given.

One base at a time: loading takes minutes and fills the accelerator. Every arm of it is asked from
the same weights, each by its own adapter; a question that needs a longer context or a higher rank
than there is room for has the base loaded again.
"""

import gc
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mirrortest.engines.fitting import room_for
from mirrortest.errors import UserError
from mirrortest.manifest import BaseWeights

CPU_CACHE_BYTES = 2**30
CPU_BLOCK = 32
"""Tokens per block of the prefix cache on CPU: vLLM's smallest there; shorter prompts never hit."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Needs:
    """What an arm needs of a base. rank 0: no adapter; length: tokens of question and answer."""

    base: BaseWeights
    dtype: str
    tensor_parallel: int
    gpu_memory: float
    rank: int
    length: int

    def with_all_of(self, other: "Needs") -> "Needs":
        """The same with room for what another arm of this base needs."""
        if replace(other, rank=self.rank, length=self.length) != self:
            return self
        return replace(self, rank=max(self.rank, other.rank), length=max(self.length, other.length))


class Resident:
    """vLLM over one base model. Every call of `ask` is for one arm."""

    def __init__(self, needs: Needs) -> None:
        self.needs = needs
        self._llm = _loaded(needs)
        self._adapters: dict[str, Any] = {}

    def adapter(self, folder: Path, sha256: str) -> Any:
        """What to ask with: vLLM knows an adapter by a number, which must never be another's."""
        from vllm.lora.request import LoRARequest

        if sha256 not in self._adapters:
            number = len(self._adapters) + 1
            request = LoRARequest(f"adapter-{sha256}", number, str(folder.resolve()))
            self._submit(request, folder)
            self._adapters[sha256] = request
        return self._adapters[sha256]

    def _submit(self, request: Any, folder: Path) -> None:
        """Alone first, without a question: if vLLM refuses it, the engine lives on."""
        try:
            self._llm.llm_engine.add_lora(request)
        except Exception as error:
            raise UserError(
                f"vLLM refused the adapter {folder} ({_first_line(error)}); ask this arm by the "
                "engine `transformers`."
            ) from error

    def ask(self, rows: Sequence[list[int]], how: Sequence[Any], adapter: Any) -> list[Any]:
        """One completion per row of token ids, all by one adapter (none: by the base).

        Rows with an adapter and rows without never meet: on CPU vLLM 0.32 lends the latter the
        adapter of its last slot.
        """
        prompts = [{"prompt_token_ids": row} for row in rows]
        try:
            outputs = self._llm.generate(prompts, list(how), lora_request=adapter, use_tqdm=False)
        except BaseException:
            self._forget()
            raise
        _log_hits(outputs)
        return [output.outputs[0] for output in outputs]

    def _forget(self) -> None:
        """A request that was left behind would hang the next call."""
        engine = self._llm.llm_engine
        engine.abort_request(list(engine.output_processor.request_states), internal=True)

    def close(self) -> None:
        """Gives the memory back."""
        from vllm.distributed.parallel_state import cleanup_dist_env_and_memory

        self._llm.llm_engine.engine_core.shutdown()
        del self._llm
        gc.collect()
        cleanup_dist_env_and_memory()


_held: list[Resident] = []  # at most one


def resident(needs: Needs) -> Resident:
    """The base in memory if it has all that is needed, else that base, loaded now."""
    if not _held or needs.with_all_of(_held[0].needs) != _held[0].needs:
        wanted = needs.with_all_of(_held[0].needs) if _held else needs
        release()
        _held.append(Resident(wanted))
    return _held[0]


def release() -> None:
    """Gives up the base in memory, if there is one."""
    while _held:
        _held.pop().close()


def _loaded(needs: Needs) -> Any:
    hardware = _hardware(needs)
    from vllm import LLM

    lora = {"enable_lora": True, "max_lora_rank": room_for(needs.rank)} if needs.rank else {}
    try:
        return LLM(
            model=needs.base.location,
            revision=needs.base.revision,
            tokenizer_revision=needs.base.revision,
            dtype=needs.dtype,  # never `auto`, which would make bfloat16 of float32
            max_model_len=needs.length,
            generation_config="vllm",  # what a model ships for sampling must bend no protocol
            enable_prefix_caching=True,
            seed=0,
            **lora,
            **hardware,
        )
    except Exception as error:
        raise UserError(
            f"vLLM cannot load {needs.base.location} ({_first_line(error)}); give it other memory "
            "or GPUs, or ask by the engine `transformers`."
        ) from error


def _hardware(needs: Needs) -> dict[str, Any]:
    """vLLM's own ways on GPUs; on a CPU what it needs to start quickly, in one process."""
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    os.environ.setdefault("VLLM_CONFIGURE_LOGGING", "0")  # its words go to the job's log
    from vllm.platforms import current_platform

    if not current_platform.is_cpu():
        return {
            "tensor_parallel_size": needs.tensor_parallel,
            "gpu_memory_utilization": needs.gpu_memory,
        }
    _compile_nothing()
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
    return {
        "enforce_eager": True,
        "block_size": CPU_BLOCK,
        "kv_cache_memory_bytes": CPU_CACHE_BYTES,
    }


def _compile_nothing() -> None:
    """The sampler would be compiled at the first question, for longer than most jobs take."""
    import torch._dynamo

    os.environ["TORCH_COMPILE_DISABLE"] = "1"  # vLLM reads this, and torch did so on import
    torch._dynamo.config.disable = True


def _log_hits(outputs: Sequence[Any]) -> None:
    tokens = sum(len(output.prompt_token_ids) for output in outputs)
    cached = sum(output.num_cached_tokens or 0 for output in outputs)
    log.info("prefix cache: %d of %d tokens (%.0f %%)", cached, tokens, 100 * cached / tokens)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
