"""Other people's published results: what their files are called, what they hold, and as rows."""
