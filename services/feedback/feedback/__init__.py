"""Invitations to evaluate, evaluations and disputes."""
