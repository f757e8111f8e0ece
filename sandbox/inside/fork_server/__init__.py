"""The fork server that runs inside a sandbox lane: stdlib and pytest only, Python 3.8 or newer. No host code here.

`server` reads one batch and answers it, `zygote` holds a half-run pytest that candidates are forked from, `observer` is
the pytest plug-in that says how a check ended, `family` watches and ends processes, `preload` pays for imports once,
`files` makes and undoes the candidates' edits.
"""
