"""Brings results to where people asked for them on the forge: comment, check run, pull request."""
