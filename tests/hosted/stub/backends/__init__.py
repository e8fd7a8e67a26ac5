"""By what the stub answers and trains."""
