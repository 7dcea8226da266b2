"""What holds for all tests."""

from hypothesis import settings

# A machine that is busy elsewhere is no fault of ours: time is measured in bench/, never asserted.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
