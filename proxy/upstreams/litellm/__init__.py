"""Providers that do not speak the OpenAI API, by way of litellm; loaded only where one is configured."""
