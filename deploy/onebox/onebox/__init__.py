"""The launcher behind make run: parts out of wheels, services by their commands."""
