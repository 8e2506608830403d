"""A kubelet without containers, for end-to-end tests: pods behave as their annotations say."""
