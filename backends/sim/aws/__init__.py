"""The AWS face of the simulated world: wire protocols, credentials, throttles, operations."""
