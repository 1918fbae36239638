"""The WSGI application, as granian serves it."""

import os

from django.core.wsgi import get_wsgi_application

from portal.metrics_files import share_counts

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
# Before anything imports prometheus_client, which decides then where it counts.
share_counts()
application = get_wsgi_application()
