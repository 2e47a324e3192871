"""Hypothesis, as these tests want it: no clock, as machines are busy, and the same examples on each run."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "jupyter_collab", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("jupyter_collab")
