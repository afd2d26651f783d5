"""On the path of a process whose clock is to be stepped."""
