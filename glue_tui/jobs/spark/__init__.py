"""Jobs of Spark: how spark-submit is called, what tables it sees, what its driver says, and what it hands back."""
