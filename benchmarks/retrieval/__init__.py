"""What it costs a call to be shown past answers, beside an embedding and a query without any proxy."""
