"""Where the rows of a job go: written where nobody sees them, and made to appear when all of the job has succeeded."""
