"""The ground of the house: clocks, errors, the bus port, task helpers; no I/O library."""
