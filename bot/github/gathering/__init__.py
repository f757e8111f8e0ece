"""What a report is gathered from, one source per file. Putting it together belongs to `bot.github.reports`."""
