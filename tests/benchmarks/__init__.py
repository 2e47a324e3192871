"""Side-by-side benchmarks of jupyter_collab and jupyter-collaboration: ``python -m tests.benchmarks --help``."""
