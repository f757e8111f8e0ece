"""What webhooks ask for: one pure file per event. Adding an event is a file and a line in HANDLERS."""
