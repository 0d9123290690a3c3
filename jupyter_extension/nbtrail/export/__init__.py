"""What others need to run a project without nbtrail: its environment, its order, a recipe."""
