"""The HTTP server of a pod: intake with a token, webhooks of providers, and what operator, kubelet and Prometheus ask."""
