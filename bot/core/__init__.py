"""The domain: frozen dataclasses and pure rules. Standard library only, no I/O, no clock."""
