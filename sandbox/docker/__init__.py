"""Sandboxes in containers: an environment is an image, a sandbox is a container of it. `sandboxes` is the way in."""
