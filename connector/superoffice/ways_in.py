"""The three ways in: what we show SuperOffice so that it lets us in."""

from dataclasses import dataclass, field, replace

from connector.superoffice.tenant import safe_address

LOGIN_URLS = {
    "sod": "https://sod.superoffice.com",
    "stage": "https://qaonline.superoffice.com",
    "online": "https://online.superoffice.com",
}


@dataclass(frozen=True, slots=True)
class App:
    """Our app as it is registered at SuperOffice, for one tenant.

    `login_url` is one of LOGIN_URLS or another login host. Each environment has its own client id, client
    secret and private key.
    """

    login_url: str
    context_identifier: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str

    def checked(self) -> "App":
        """The same with the login address in its one spelling; raises UnsafeAddress."""
        return replace(self, login_url=safe_address(self.login_url, allow_loopback=True))


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """As the user who signed in: everything we do there has this user's rights."""

    app: App
    refresh_token: str = field(repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        return self.app.client_secret, self.refresh_token


@dataclass(frozen=True, slots=True)
class SystemUser:
    """As the app's system user, which no data right stops. `private_key` is PEM or RSAXML."""

    app: App
    system_user_token: str = field(repr=False)
    private_key: str = field(repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        return self.app.client_secret, self.system_user_token, self.private_key


@dataclass(frozen=True, slots=True)
class Password:
    """As a user of an installation of our own, at `base_url` like https://crm.company.example/SuperOffice."""

    base_url: str
    username: str
    password: str = field(repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.password,)


Credentials = RefreshToken | SystemUser | Password
