"""The providers behind the proxy: which one a call goes to, how it gets there, and what comes back."""
