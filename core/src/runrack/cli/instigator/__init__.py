"""What the commands for schedules and for sensors have in common."""
