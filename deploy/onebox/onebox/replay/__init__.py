"""Send real reports of the past through the front door, as a client of GeoReport would."""
