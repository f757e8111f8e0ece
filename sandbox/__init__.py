"""Where untrusted code runs, and the only place where it runs. Sees `bot.core` and `bot.ports`, nothing else."""
