"""Raw doors to Linux: netlink, ethtool, sock_diag. They return plain values and know nothing of the rest of brimful."""
