"""Scripts that go into a recipe as they are: they need Python 3.8, and nothing else."""
