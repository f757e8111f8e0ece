"""The server's commands: serve, worker, up, redeliver. `bot.cli` registers them."""
