"""Argo CD: its REST API, a memory twin, and a simulation for trying Tagboat without a cluster."""
