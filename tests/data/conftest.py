"""Laws are tried without a clock: a busy machine breaks none of them."""

from hypothesis import settings

settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
