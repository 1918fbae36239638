"""What REST clients call of webhooks, below `/api/v2/`."""

from django.urls import path

from webhooks.api.deliveries import DeliveryAgain, DeliveryDetail, DeliveryList
from webhooks.api.subscriptions import WebhookDetail, WebhookList, WebhookSecret, WebhookTest

urlpatterns = [
    path("webhooks", WebhookList.as_view(), name="webhooks"),
    path("webhooks/<int:webhook_id>", WebhookDetail.as_view(), name="webhook"),
    path("webhooks/<int:webhook_id>/rotate-secret", WebhookSecret.as_view(), name="webhook-api-secret"),
    path("webhooks/<int:webhook_id>/test", WebhookTest.as_view(), name="webhook-api-test"),
    path("webhooks/<int:webhook_id>/deliveries", DeliveryList.as_view(), name="webhook-api-deliveries"),
    path("webhooks/<int:webhook_id>/deliveries/<int:delivery_id>", DeliveryDetail.as_view(), name="webhook-api-delivery"),
    path(
        "webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/redeliver",
        DeliveryAgain.as_view(),
        name="webhook-api-redeliver",
    ),
]
