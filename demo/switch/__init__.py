"""A simulated FreeSWITCH: a process of its own, spoken to over sockets only."""
