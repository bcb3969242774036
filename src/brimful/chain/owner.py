"""Who is answerable for a drain."""

from enum import StrEnum


class Owner(StrEnum):
    """The party a verdict names."""

    APPLICATION = "application"
    KERNEL = "kernel"
    DRIVER = "driver"
    FIRMWARE = "firmware"
    BUS = "bus"
    HARDWARE = "hardware"
    HOST = "host"
    NETWORK = "network"
    POLICY = "policy"
    NONE = "none"
