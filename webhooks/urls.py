"""The pages of webhooks."""

from django.urls import path

from webhooks.views import deliveries, webhooks

urlpatterns = [
    path("webhooks/", webhooks.webhook_list, name="webhook-list"),
    path("webhooks/new", webhooks.webhook_create, name="webhook-create"),
    path("webhooks/<int:webhook_id>/", webhooks.webhook_detail, name="webhook-detail"),
    path("webhooks/<int:webhook_id>/edit", webhooks.webhook_edit, name="webhook-edit"),
    path("webhooks/<int:webhook_id>/secret", webhooks.webhook_rotate, name="webhook-rotate"),
    path("webhooks/<int:webhook_id>/enable", webhooks.webhook_enable, name="webhook-enable"),
    path("webhooks/<int:webhook_id>/disable", webhooks.webhook_disable, name="webhook-disable"),
    path("webhooks/<int:webhook_id>/delete", webhooks.webhook_delete, name="webhook-delete"),
    path("webhooks/<int:webhook_id>/log", deliveries.webhook_log, name="webhook-log"),
    path("webhooks/<int:webhook_id>/test", deliveries.webhook_test, name="webhook-test"),
    path("webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/", deliveries.delivery_detail, name="webhook-delivery"),
    path(
        "webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/state", deliveries.delivery_state, name="webhook-delivery-state"
    ),
    path(
        "webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/redeliver",
        deliveries.delivery_redeliver,
        name="webhook-redeliver",
    ),
]
