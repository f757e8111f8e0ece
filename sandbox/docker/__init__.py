"""Sandboxes in Docker containers: environments are images, a sandbox is a container of one. `sandboxes` is the way in."""
