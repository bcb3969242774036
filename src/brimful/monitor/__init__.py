"""Watches buffers by a configuration: port groups with triggers, thresholds and actions, in the language of asic-monitor."""
