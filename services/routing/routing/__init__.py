"""Departments, rules, cases, deadlines and the timers that watch them."""
