"""Files that are sent into a sandbox and run there, on the project's interpreter; the host never imports them.

Standard library and pytest only, Python 3.8 and newer. Nothing here may import from `bot` or the rest of `sandbox`.
"""
