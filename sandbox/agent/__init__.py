"""The program at the bottom of every local sandbox: puts files, runs commands with limits, reads files back.

It runs on the sandbox's own interpreter (Python 3.8 or later, standard library only) and speaks frames over its stdin
and stdout. Starting, isolating and judging sandboxes does not belong here; see `sandbox.local`.

The agent shares a user id with the commands it runs, so it makes itself unreachable for them: as process 1 of its
namespace no signal of theirs ends it, and it is not dumpable, which closes its memory and descriptors in /proc.
"""
