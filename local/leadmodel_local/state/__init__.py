"""The state folder: files of each LeadModel, its child processes, and the manifests it came from."""
