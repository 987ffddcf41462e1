"""The loop: receive, wake, observe, decide, act, announce. Joins ports and domain; knows no vendor."""
