"""Where runs are kept: adapters behind the Store port."""
