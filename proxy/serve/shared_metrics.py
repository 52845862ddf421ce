"""The folder in which the processes of one `burnish serve` share their figures.

prometheus_client decides when it is first imported whether figures are shared, so this module imports nothing else.
"""

import os
import tempfile


def metrics_directory() -> tempfile.TemporaryDirectory[str]:
    """A new folder, made known to prometheus_client. To be called before anything imports that."""
    directory = tempfile.TemporaryDirectory(prefix="burnish-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = directory.name
    return directory
