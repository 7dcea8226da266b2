"""What should be, as Kubernetes objects. Pure."""
