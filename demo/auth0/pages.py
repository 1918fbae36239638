"""What the stand-in shows to people: the sign-in form and the pages that say what went wrong."""

import secrets
from html import escape
from pathlib import Path
from string import Template
from typing import Final
from urllib.parse import urlsplit

from demo.auth0.authorization import AuthorizationRequest
from demo.auth0.errors import PageError
from demo.auth0.messages import Answer
from demo.auth0.people import Person
from demo.auth0.settings import Settings

_STYLE: Final = (Path(__file__).parent / "page.css").read_text()
_PAGE: Final = Template("""<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>$title · Auth0 stand-in</title>
    <link rel="icon" href="data:,">
    <style nonce="$nonce">$style</style>
  </head>
  <body>
    <main>
      <p class="stand-in">Demo: this stands in for Auth0</p>
      <div class="inside">
        <div class="brand">
          <svg viewBox="0 0 32 32" aria-hidden="true"><rect class="tile" width="32" height="32" rx="9"/>
            <path class="wave" d="M7 18v-4M11.5 22V10M16 25V7M20.5 22V10M25 18v-4"/></svg>
          <span>MediaMagic<small>Demo sign-in</small></span>
        </div>
        $content
      </div>
    </main>
  </body>
</html>
""")
_SIGN_IN: Final = Template("""<h1>Who are you today?</h1>
        <p class="quiet">Pick a person to sign in at $application.</p>
        $problem
        <form class="people" method="post" action="/u/login">
          <input type="hidden" name="form_token" value="$token">
          $people
        </form>
        <div class="or">or type it in</div>
        <form method="post" action="/u/login">
          <input type="hidden" name="form_token" value="$token">
          <label for="email">Email</label>
          <input id="email" name="email" type="email" autocomplete="username" required value="$login_hint">
          <label for="password">Password</label>
          <input id="password" name="password" type="password" autocomplete="current-password" required
                 aria-describedby="hint">
          <p class="quiet hint" id="hint">They share the password <code>$password</code></p>
          <button class="send" type="submit">Continue</button>
        </form>""")
_PERSON: Final = Template("""<button class="person" type="submit" name="person" value="$subject">
            <span class="initials" aria-hidden="true">$initials</span>
            <span class="who"><b>$name</b><span>$email</span></span>
            <span class="chip chip-$kind">$about</span>
          </button>""")
_ERROR: Final = Template("""<p class="error-code">$status</p>
        <h1>$title</h1>
        <p class="quiet">$detail</p>""")


class Pages:
    """The pages of one tenant; whatever comes from outside is escaped."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def sign_in(self, wanted: AuthorizationRequest, token: str, problem: str = "") -> Answer:
        """Show who there is to sign in as."""
        application = urlsplit(wanted.redirect_uri)
        content = _SIGN_IN.substitute(
            application=escape(application.netloc),
            problem=f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else "",
            token=escape(token),
            people="\n          ".join(_button(person) for person in self._settings.people),
            login_hint=escape(wanted.login_hint),
            password=escape(self._settings.password),
        )
        # The browser applies form-action to the redirect after the form as well, and that leads to the application.
        return _page("Sign in", content, 200, f"'self' {application.scheme}://{application.netloc}")

    def error(self, error: PageError) -> Answer:
        """Show what went wrong, here, because no other address may be trusted."""
        content = _ERROR.substitute(status=error.status, title=escape(error.title), detail=escape(error.detail))
        return _page(error.title, content, error.status, "'none'")


def _button(person: Person) -> str:
    kind = "unverified" if not person.email_verified else (person.roles or ("none",))[0]
    return _PERSON.substitute(
        subject=escape(person.subject),
        initials=escape(person.initials),
        name=escape(person.name),
        email=escape(person.email),
        kind=escape(kind),
        about=escape(person.about or kind),
    )


def _page(title: str, content: str, status: int, form_action: str) -> Answer:
    nonce = secrets.token_urlsafe(16)
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; img-src data:; form-action {form_action}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    page = _PAGE.substitute(title=escape(title), nonce=nonce, style=_STYLE, content=content)
    return Answer.html(page, policy, status)
