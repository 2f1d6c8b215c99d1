"""The parts of `evidence.verify`. They trust nothing of the writer, so they import nothing of it."""
