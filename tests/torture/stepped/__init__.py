"""On the path of processes whose clock can be stepped."""
