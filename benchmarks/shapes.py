"""Models of random weights in true proportions, and a tokenizer of which every word is one token.

A ratio of a body to a head is only worth something at the shape of a real model: in a small body
the head of 152 000 words would take most of the time.
"""

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, SeedOssConfig, SeedOssForCausalLM

VOCABULARY = 151_936
WORDS = 20_000
"""Invented words; articles are about 1.3 tokens a word, so their lengths are given in tokens."""
SHAPES = {
    "0.5B": {
        **{"hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24},
        **{"num_attention_heads": 14, "num_key_value_heads": 2, "vocab_size": VOCABULARY},
    },
    "tiny": {
        **{"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2},
        **{"num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": WORDS + 100},
    },
}
"""`0.5B` has the sizes of Qwen2.5-0.5B, from its public config, in the same kind of layer: grouped
heads, and biases for queries, keys and values. It is called Seed-OSS, since transformers gives what
is called Qwen2 the tokenizer of Qwen2."""
START, END, UNKNOWN = "<|im_start|>", "<|im_end|>", "<|unknown|>"
TEMPLATE = (
    "{% for message in messages %}<|im_start|> {{ message.role }}\n {{ message.content }} "
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|> assistant\n{% endif %}"
)


def tokenizer() -> PreTrainedTokenizerFast:
    """Words between blanks; the words of the prompts are all the unknown one, as long as ever."""
    known = [UNKNOWN, START, END, "system", "user", "assistant", "1", "2", "A", "B"]
    words = known + [f"w{number}" for number in range(WORDS)]
    whole = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, UNKNOWN))
    whole.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made = PreTrainedTokenizerFast(
        tokenizer_object=whole, eos_token=END, pad_token=END, unk_token=UNKNOWN
    )
    made.chat_template = TEMPLATE
    return made


def write(shape: str, folder: Path) -> Path:
    """A model of this shape as a folder, float32; written once."""
    if not (folder / "config.json").exists():
        torch.manual_seed(0)
        words = tokenizer()
        settings = SHAPES[shape]
        config = SeedOssConfig(
            **settings,
            head_dim=settings["hidden_size"] // settings["num_attention_heads"],
            attention_dropout=0.0,
            residual_dropout=0.0,
            bos_token_id=None,
            eos_token_id=words.eos_token_id,
            pad_token_id=words.pad_token_id,
            tie_word_embeddings=True,
        )
        words.save_pretrained(folder)
        SeedOssForCausalLM(config).save_pretrained(folder)
    return folder
