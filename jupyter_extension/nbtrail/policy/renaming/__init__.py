"""Renaming notebooks: what refers to them follows, it is shown before, and can be undone."""
