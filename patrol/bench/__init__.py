"""What `patrol bench` measures, a file a bench; each gives a mapping that prints as a table or as JSON."""
