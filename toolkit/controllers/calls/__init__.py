"""What runs ask for beside containers: resources, http, plugins, lists of artifacts."""
