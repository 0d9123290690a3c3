"""Notebooks as files: reading, writing, cells, names, dataset names."""
