"""A Jupyter server over HTTP: where it is, its rooms, their members and kernels."""
