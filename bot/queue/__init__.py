"""The doorbell on Dramatiq: queues and messages. What a message starts is `bot.worker`'s."""
