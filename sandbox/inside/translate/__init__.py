"""Programs that start a runner which cannot hold our reporter, and turn what it prints into the oracle's events.

Standard library only, Python 3.8 and newer; sent into the sandbox and run there, the host never imports them.
"""
