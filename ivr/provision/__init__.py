"""Provisioning: from a bare machine to one on which the hotline can start."""
