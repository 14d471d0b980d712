"""What steps leave for later ones: outputs, artifacts and where these are."""
