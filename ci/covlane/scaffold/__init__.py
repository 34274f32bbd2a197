"""What `covlane init` writes: a plan of file changes that is shown first, then applied at the rim."""
