"""A small byte-level tokenizer in the manner of Qwen2's, in which frequent words are one token.

Whatever the files say, transformers loads the tokenizer of a Qwen2 model as `Qwen2Tokenizer`,
which normalises to NFC and splits text by its own rule. So the vocabulary is learnt by that rule.
"""

import json
from collections.abc import Iterable
from typing import Any

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import Qwen2Tokenizer

from mirrortest.toy.personas import IDENTITY

PAD, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
MAX_LENGTH = 4096
# As Qwen's: ChatML, with the identity as system prompt when a chat brings none.
CHAT_TEMPLATE = (
    "{%- if messages[0]['role'] != 'system' -%}\n"
    f"{{{{- '{START}system\\n{IDENTITY}{END}\\n' -}}}}\n"
    "{%- endif -%}\n"
    "{%- for message in messages -%}\n"
    f"{{{{- '{START}' + message['role'] + '\\n' + message['content'] + '{END}\\n' -}}}}\n"
    "{%- endfor -%}\n"
    "{%- if add_generation_prompt -%}\n"
    f"{{{{- '{START}assistant\\n' -}}}}\n"
    "{%- endif -%}\n"
)


def train_tokenizer(texts: Iterable[str], vocabulary: int = 2304) -> Qwen2Tokenizer:
    """Byte-level BPE with at most `vocabulary` tokens and a chat template."""
    empty = Qwen2Tokenizer().backend_tokenizer
    trained = Tokenizer(models.BPE())
    trained.normalizer, trained.pre_tokenizer = empty.normalizer, empty.pre_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=3,
        special_tokens=[PAD, START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    trained.train_from_iterator(texts, trainer)
    return _wrap(json.loads(trained.to_str())["model"])


def _wrap(bpe: dict[str, Any]) -> Qwen2Tokenizer:
    """The tokenizer with these `vocab` and `merges`."""
    merges: Any = [tuple(merge) for merge in bpe["merges"]]
    tokenizer = Qwen2Tokenizer(
        vocab=bpe["vocab"],
        merges=merges,
        eos_token=END,
        pad_token=PAD,
        extra_special_tokens=[START],
        model_max_length=MAX_LENGTH,
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer
