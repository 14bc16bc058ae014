"""Whether a department's own system keeps to the contract: routing's side is played to it.

``python -m routing.conformance`` needs a Kafka broker and the system, and nothing else of Ombud.
"""
