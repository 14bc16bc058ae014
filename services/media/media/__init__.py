"""Photos: cleaned at the storage boundary, kept in S3, shown when their request is."""
