"""The worker process: one actor per stage, and the sweeper."""
