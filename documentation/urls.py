"""The documentation's addresses."""

from django.urls import path

from documentation.views import documentation, documentation_index

urlpatterns = [
    path("", documentation_index, name="documentation"),
    path("<path:page>", documentation, name="documentation-page"),
]
