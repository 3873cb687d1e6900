"""The loop, optimiser and schedule, checkpoints, seeds."""
