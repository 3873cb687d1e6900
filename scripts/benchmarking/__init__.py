"""The rooms of ``scripts/benchmark.py``: what is measured, by which processes, and what becomes of the numbers."""
