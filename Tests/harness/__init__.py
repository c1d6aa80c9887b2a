"""What the system, browser and proof scripts share: the real programs, started, asked and killed from Python."""
