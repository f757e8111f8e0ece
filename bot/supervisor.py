"""Keeps child processes running: what `fixbugs up` and `fixbugs worker --processes` are made of."""
