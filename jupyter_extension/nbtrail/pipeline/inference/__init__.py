"""Static analysis: which files a notebook reads and writes, without importing or running it."""
