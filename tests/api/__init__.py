"""Tests of the case service: real SQLite files, real sockets, real processes."""
