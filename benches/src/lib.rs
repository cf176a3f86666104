//! Benchmarks of whole runs against named baselines.
