"""The worker process: the actors behind the queues, the sweeper that rings again, and the process around both."""
