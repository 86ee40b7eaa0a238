"""What happens to payments at the provider by other means than ours."""
