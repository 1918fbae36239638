"""`route`: where a call would go, and why, for staff."""

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import HasScope, IsStaff
from telephony.services.explaining import QuestionError, explain, question_of
from web.parameters import ApiView


class Route(ApiView):
    """GET what the switch would be told of a call, without one."""

    permission_classes = (IsStaff, HasScope("admin"))
    query_parameters = frozenset({"from", "to"})

    def get(self, request: Request) -> Response:
        """Explain."""
        try:
            call = question_of(request.query_params.get("from", ""), request.query_params.get("to", ""))
        except QuestionError as error:
            raise ValidationError({error.field: [str(error)]}) from None
        return Response(explain(call).as_json(), headers={"Cache-Control": "no-store"})
