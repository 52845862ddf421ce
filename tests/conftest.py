"""How property tests run: as long as each example takes on a busy machine, and without a memory of earlier runs."""

from hypothesis import HealthCheck, settings

settings.register_profile("tests", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")
