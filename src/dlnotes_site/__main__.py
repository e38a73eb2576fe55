"""`python -m dlnotes_site` 与 `dlnotes-site` 相同。"""

import sys

from dlnotes_site.cli import main

sys.exit(main())
