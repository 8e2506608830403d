"""The ECS half of the simulated world: clusters, services, tasks and what befalls them."""
