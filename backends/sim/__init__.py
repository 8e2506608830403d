"""The embedded world: a seeded fleet behind an AWS face and a Kubernetes face over HTTP."""
