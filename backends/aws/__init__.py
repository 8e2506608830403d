"""What ECS, EKS and Cloud Map share of AWS: profiles, clients, call budgets, errors, limits."""
