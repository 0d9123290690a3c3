"""Rules, what breaks them, and how to mend it: one engine for every door."""
