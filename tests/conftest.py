"""Settings that all tests share."""

from hypothesis import settings

# No deadline: the first call of a compiled kernel takes seconds, and no test asserts on time.
settings.register_profile("fsaasr", deadline=None)
settings.load_profile("fsaasr")
