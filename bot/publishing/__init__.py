"""Writes results where people asked for them on the forge: once, whatever dies while it does. What is written is
`bot.render.github`'s; how it is sent is the forge adapter's."""
