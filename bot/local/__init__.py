"""This machine's own adapters: its clock, a folder for results, and the working tree that a fix is written into."""
