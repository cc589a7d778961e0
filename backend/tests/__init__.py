"""The tests mirror the package; store_suite/ runs for every driver of the store."""

import gc

# As the server (``job_processor.memory``): with the default of 700 a twentieth of the tests' processor time is the
# garbage collector's.
gc.set_threshold(10_000, 10, 10)
