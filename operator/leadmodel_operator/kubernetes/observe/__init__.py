"""Reading: the objects of a LeadModel, schedules and the windows of pods, in the planner's words."""
