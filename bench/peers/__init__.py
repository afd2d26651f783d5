"""Other servers for the same task, each run as its documentation says: `PROGRAM PORT`."""
