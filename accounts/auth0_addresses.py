"""Where Auth0 is, if the portal has one."""

from urllib.parse import urlencode

from django.conf import settings


def is_configured() -> bool:
    """Tell whether people can sign in through Auth0."""
    return bool(settings.AUTH0_BASE_URL and settings.AUTH0_CLIENT_ID)


def sign_out_address() -> str:
    """Return the address that ends the session at Auth0 and leads back, "" without Auth0.

    The tenant has to know PUBLIC_URL/login among its Allowed Logout URLs.
    """
    if not is_configured():
        return ""
    query = urlencode({"client_id": settings.AUTH0_CLIENT_ID, "returnTo": f"{settings.PUBLIC_URL}/login"})
    return f"{settings.AUTH0_BASE_URL}/v2/logout?{query}"
