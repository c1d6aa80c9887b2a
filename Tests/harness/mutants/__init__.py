"""Breaking Pulse on purpose, one piece at a time, to see whether a test notices."""
