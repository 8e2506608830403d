"""A Kubernetes control plane of our own, on loopback, for the end-to-end tests."""
