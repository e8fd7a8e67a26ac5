"""The report: numbers in words, tables, pictures, examples, and what was run."""
