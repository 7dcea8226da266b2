"""`kubectl leadmodel`: asks kubectl, shows views, writes the annotations of the API."""
