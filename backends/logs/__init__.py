"""Logs: merging of many live sources, and the tailing of CloudWatch Logs."""
