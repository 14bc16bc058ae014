"""The ground under each service; it knows GeoReport and Kafka, but no pothole."""
