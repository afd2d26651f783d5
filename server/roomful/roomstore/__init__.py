"""The SQL store of rooms: the rows of each document, its folded state, its versions."""
