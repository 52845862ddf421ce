"""What a call through Burnish costs, measured beside the bare floor and a peer in one interleaved run."""
