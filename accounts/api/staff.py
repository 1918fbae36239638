"""What every endpoint for staff is."""

from accounts.permissions import HasScope, IsStaff
from web.parameters import ApiView


class StaffView(ApiView):
    """For staff, by keys of the scope `admin`."""

    permission_classes = (IsStaff, HasScope("admin"))
