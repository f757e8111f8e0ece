"""Carries out what webhooks ask for: who may ask, what the repository wants, which run it is. No stage runs here."""
