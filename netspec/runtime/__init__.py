"""What the rooms that train stand on: located errors, torch's classes by name, random generators."""
