"""The proxy: endpoints, wire formats, identity, upstreams, configuration and telemetry."""
