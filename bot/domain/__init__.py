"""Pure values and functions: no I/O, no clock, no environment. Time is an argument, never a call."""
