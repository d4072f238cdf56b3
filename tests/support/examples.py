"""How many examples a property is tried on: enough to find, quick enough to run."""

from hypothesis import settings


few = settings(deadline=None, max_examples=50)
many = settings(deadline=None, max_examples=200)
