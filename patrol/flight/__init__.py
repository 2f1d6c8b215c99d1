"""Flights and drives: recorded footage of moving cameras becomes places on the map."""
