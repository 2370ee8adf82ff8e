"""What reads boxes out of a memory of images."""
