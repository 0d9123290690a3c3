"""What notebooks were: versions, a timeline, putting one back, and runs side by side."""
