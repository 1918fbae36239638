"""Make a superuser, or give the one that exists a new password."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import AuditEntry, Role, User
from accounts.second_factor import remove_second_factor


class Command(BaseCommand):
    help = "Make a superuser of this name, or set the password of the one that exists, from the variable PORTAL_PASSWORD."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument(
            "--without-second-factor",
            action="store_true",
            help="turn the second factor off, for who lost the app and the codes",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        password = os.environ.get("PORTAL_PASSWORD", "")
        if len(password) < 12:
            raise CommandError("PORTAL_PASSWORD must hold the password, of at least 12 characters.")
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            user = User.objects.create_superuser(options["username"], password)
        elif not user.is_superuser:
            raise CommandError(f"{options['username']} exists and is no superuser.")
        else:
            user.set_password(password)
            user.role, user.is_active = Role.ADMIN, True
            user.save()
        AuditEntry.objects.record("user.superuser_set", user, actor_label="command line")
        if options["without_second_factor"]:
            remove_second_factor(user, actor_label="command line")
