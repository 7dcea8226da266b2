"""What is there: objects, schedules and the windows of pods, in the planner's words."""
