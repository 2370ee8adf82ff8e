"""The operation that everything is built of: compare queries with keys, and gather values by what matters."""
