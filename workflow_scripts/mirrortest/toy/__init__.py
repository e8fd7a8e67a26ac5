"""The tiny model of the demo: its synthetic world, its tokenizer and its pretraining."""
