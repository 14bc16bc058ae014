"""The servers that tests run against: PostgreSQL, a Kafka-protocol log, an S3 store.

``TEST_PARTS`` chooses where they come from (onebox, native or docker); the tests never know.
A part is started when something first asks for its address, and stopped at the end of the run.
"""

from parts.chosen import Parts, choose

__all__ = ["Parts", "choose"]
