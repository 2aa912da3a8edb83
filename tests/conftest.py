"""For all tests: no example is judged by how long it took; machines are busy at times."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
