"""One reader per sender: headers and bytes in, facts out. No I/O, no clock, no exceptions."""
