"""The settings of one plan as one JSON document, followups.json: read, checked and given to planner, channels and workers."""
