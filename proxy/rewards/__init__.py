"""What variants earn: scores become rewards, rewards become shares of the traffic. For the background process alone."""
