"""The pipeline: which notebook comes first, what needs running, and running it."""
