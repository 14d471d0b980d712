"""From what people and events ask for to the Workflow that is created."""
