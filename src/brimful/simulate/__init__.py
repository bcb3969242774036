"""A chain of packet buffers as a machine: what arrives is delivered, lost at a named stage, or still inside."""
