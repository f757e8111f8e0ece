"""Sandboxes in Docker containers: an environment is an image, a sandbox a container of it. `sandboxes` is the way in."""
