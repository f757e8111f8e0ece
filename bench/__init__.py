"""What is measured about the program, each runnable as `python -m bench.<name>`. Nothing here is shipped."""
