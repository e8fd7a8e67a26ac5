"""Hosted models: jobs and questions that cost money, at a provider's API."""
