"""``python -m job_processor.cli``"""

import sys

from job_processor.cli import main

sys.exit(main())
