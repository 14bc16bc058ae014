"""The six figures of the ombudsman, rebuilt from the log at any time."""
