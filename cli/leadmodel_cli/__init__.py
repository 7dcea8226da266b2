"""What people look at: views, the kubectl plugin, the page in a browser."""
