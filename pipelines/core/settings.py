"""Declare every environment variable `RTI_*` in one place, and read and validate them.

`read_settings(group)` returns one group of settings as the environment is at that moment. A wrong value stops only what
uses its group, with a `SettingsError` that names the variable, its value, what is expected and what to do.
`docs/settings.md` is made from these classes by `python -m pipelines.core.settings_page`.

A secret is a field of type `SecretStr`. Each has a second field, `<name>_file`, with the path of a file that holds it;
`read_secret` reads either.

Import this module inside the function that reads a setting where the code belongs to a command's start: loading
pydantic-settings takes 35 ms of processor time, and with pydantic itself about 150 ms.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, ClassVar, Final, Literal, TypeVar, get_args

from pydantic import BaseModel, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipelines.core.setting_values import (
    Count,
    Expected,
    Folder,
    Networks,
    OptionalBroker,
    OptionalBucket,
    OptionalFile,
    OptionalFolder,
    OptionalLakeFolder,
    OptionalPostgres,
    OptionalPresent,
    OptionalSiteAddress,
    OptionalText,
    OptionalWebAddress,
    PathList,
)

PREFIX: Final = "RTI_"
TEST_PREFIX: Final = "RTI_TEST_"
"""Names that tests may use freely; they are never reported as unknown."""
FILE_SUFFIX: Final = "_file"
"""End of the name of a field with the file of a secret."""
CREDENTIALS: Final = "CREDENTIALS_DIRECTORY"
"""The variable in which a service manager names the folder of a service's credentials."""
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


class SettingsError(Exception):
    """A setting is missing or wrong. The text names it and says what to do."""


class SettingsGroup(BaseSettings):
    """Settings that are read together. The variable of a field is its name in capitals after `RTI_`.

    An empty variable counts as not set.
    """

    model_config = SettingsConfigDict(
        alias_generator=lambda field: f"{PREFIX}{field.upper()}",
        case_sensitive=True,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=False,
    )
    TITLE: ClassVar[str]


class ClockSettings(SettingsGroup):
    TITLE = "Time"

    now: OptionalPresent = Field(
        None,
        description="The present, for tests and demonstrations; by default the system clock. A time stops the "
        "clock. A difference shifts it, and Dagster's schedules, sensors and partitions follow it.",
    )


class HomeSettings(SettingsGroup):
    TITLE = "Data"

    home: Folder = Field(Path("data"), description="The home: the folder with all data of an installation.")
    ledger_url: Annotated[
        SecretStr | None,
        Expected("an SQLAlchemy address such as `postgresql+psycopg://user:password@host/database`"),
    ] = Field(None, description="The ledger's database; by default an SQLite file in the home.")
    ledger_url_file: OptionalFile = Field(None, description="A file with that address, if `RTI_LEDGER_URL` is not set.")
    cache: OptionalFolder = Field(
        None, description="The folder for the parsed dbt project; by default in the user's cache folder."
    )
    samples: OptionalFolder = Field(
        None, description="The folder with a demonstration's returns; by default `raw_samples/` of the project."
    )


class DeclarationSettings(SettingsGroup):
    TITLE = "Declarations"

    territories: PathList = Field((), description="Further folders that hold folders of territories.")
    metrics: PathList = Field((), description="Further folders of declared indicators.")


class CommandSettings(SettingsGroup):
    """Defaults of options of `rti`. Typer reads the first three itself, so that `--help` shows them."""

    TITLE = "Command line"

    actor: OptionalText = Field(
        None, description="The account that acts if `--as` is not given; by default that of the command's usual role."
    )
    language: Annotated[str, Expected("the code of a language, such as `en` or `sr-Latn`")] = Field(
        "en", description="The language of findings if `--language` is not given; English if it has no catalogue."
    )
    contact: OptionalText = Field(
        None,
        description="Where the secretariat answers questions: at the foot of the public pages and of those of the "
        "offices, on the accessibility statement, and on templates if `--contact` is not given.",
    )
    token: Annotated[SecretStr | None, Expected("a token made by `rti token issue`")] = Field(
        None, description="The token for `rti submit --to` if `--token-file` is not given."
    )
    token_file: OptionalFile = Field(None, description="A file with that token, if `RTI_TOKEN` is not set.")


class AddressSettings(SettingsGroup):
    TITLE = "Addresses of the web services"

    portal_url: OptionalWebAddress = Field(
        None, description="The address at which people reach the offices' pages; by default the loopback address."
    )
    public_url: OptionalSiteAddress = Field(
        None,
        description="The address of the public dashboard, which files and briefs quote; if it is not set, they have "
        "the path alone, and the dashboard answers to any `Host`.",
    )
    trusted_proxies: Networks = Field(
        (), description="Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed."
    )
    dagster_url: OptionalWebAddress = Field(
        None, description="The address of a proxy with sign-in in front of the Dagster UI."
    )


class Limits(BaseModel, frozen=True):
    """Limits of one web process; "per address" means per IPv4 address or IPv6 /64 network.

    One address may be a whole office or university behind one router, so the limits per address are wide.
    """

    sessions: Count = Field(400, description="Open pages in total; each holds up to 0.5 MB.")
    sessions_per_address: Count = Field(200, description="Open pages from one address.")
    # Twenty browsers that open every page of the portal stay well below.
    new_sessions_per_minute: Count = Field(200, description="New pages a minute from one address.")
    # A first page takes about 60 requests for Streamlit's own files.
    requests_per_minute: Count = Field(6_000, description="Requests a minute from one address.")
    messages_per_minute: Count = Field(
        240, description="Messages a minute from one open page; more are read late, at this rate."
    )


class LimitSettings(SettingsGroup, Limits):
    TITLE = "Limits of the web services"


class SignInSettings(SettingsGroup):
    TITLE = "Sign-in"

    oidc_metadata_url: OptionalWebAddress = Field(
        None,
        description="The discovery document of an OpenID Connect provider; by default people sign in with a password.",
    )
    oidc_client_id: OptionalText = Field(None, description="The provider's identifier of this service.")
    oidc_client_secret: Annotated[SecretStr | None, Expected("the secret that the provider issued")] = Field(
        None, description="The secret with which this service proves itself to the provider."
    )
    oidc_client_secret_file: OptionalFile = Field(
        None, description="A file with that secret, if `RTI_OIDC_CLIENT_SECRET` is not set."
    )


QUIET_HOURS = r"^(?:[01]?\d|2[0-3])-(?:[01]?\d|2[0-3])$"
"""Two hours, such as `21-6`."""


class NoticeSettings(SettingsGroup):
    """How notices leave. `restricted/notices.yml` of a home may hold the same; the environment comes first."""

    TITLE = "Notices"

    smtp_url: Annotated[
        SecretStr | None,
        Expected("`smtp://user:password@host:587` or `smtps://user:password@host:465`"),
    ] = Field(None, description="The mail server; if it is not set, mails become files in the outbox folder.")
    smtp_url_file: OptionalFile = Field(None, description="A file with that address, if `RTI_SMTP_URL` is not set.")
    mail_from: Annotated[str | None, Expected("an address such as `name@example.org`")] = Field(
        None, description="The address that mails come from; by default `rti@localhost`."
    )
    webhook_url: Annotated[SecretStr | None, Expected("an https address")] = Field(
        None, description="The address that receives each notice as JSON."
    )
    webhook_url_file: OptionalFile = Field(
        None, description="A file with that address, if `RTI_WEBHOOK_URL` is not set."
    )
    webhook_secret: Annotated[SecretStr | None, Expected("any text")] = Field(
        None, description="Signs what the webhook is sent."
    )
    webhook_secret_file: OptionalFile = Field(
        None, description="A file with that secret, if `RTI_WEBHOOK_SECRET` is not set."
    )
    quiet_hours: Annotated[str | None, Field(pattern=QUIET_HOURS), Expected("two hours, as in `21-6`")] = Field(
        None,
        description=(
            "The hours, by the clock of the region, in which reminders and reports of failures wait; by default none."
        ),
    )
    send_notices: Annotated[bool, Expected("`true` or `false`")] = Field(
        True, description="Whether this process sends waiting notices; `false` for a worker without a network."
    )


class MonitoringSettings(SettingsGroup):
    TITLE = "Monitoring"

    log_format: Annotated[Literal["text", "json"], Expected("`text` or `json`")] = Field(
        "text", description="The form of the log of a service: lines for people, or one JSON object a line."
    )
    health_port: Annotated[int | None, Field(ge=1, le=65535), Expected("a port that nothing else uses")] = Field(
        None,
        description="The loopback port on which the daemon, a step worker or `rti release receive --watch` answers "
        "`/live`, `/ready` and `/health`; by default none.",
    )

    metrics_port: Annotated[int | None, Field(ge=1, le=65535), Expected("a port that nothing else uses")] = Field(
        None,
        description="The loopback port on which a web service, the Dagster UI, the daemon, a step worker or "
        "`rti release receive --watch` answers `/metrics` for Prometheus; by default none.",
    )
    metrics_file: OptionalFile = Field(
        None,
        description="A file `*.prom` that the daemon writes each minute for Prometheus's node exporter, which reaches "
        "no port of a daemon without a network.",
    )


class ReadingSettings(SettingsGroup):
    TITLE = "Reading of files"

    reading_isolation: Annotated[
        Literal["full", "network", "files", "python"], Expected("`full`, `network`, `files` or `python`")
    ] = Field(
        "full",
        description="What the kernel must keep from processes that read files: the network (`network`), files that are "
        "not of the program (`files`), both (`full`), or neither where the system allows none (`python`: an audit hook "
        "of Python keeps Python code off the network). `rti doctor` warns if it is less.",
    )


class BuildSettings(SettingsGroup):
    """Limits of the builds of the warehouse."""

    TITLE = "Builds of the warehouse"

    build_memory: Annotated[
        str | None, Field(pattern=r"^[1-9]\d*(?:\.\d+)?[MG]B$"), Expected("an amount such as `4GB` or `800MB`")
    ] = Field(
        None,
        description="The memory that DuckDB uses for a build before it writes to the disk of the home; by default 40 % "
        "of that of the machine or container. The process needs more than this in all.",
    )


class DagsterSettings(SettingsGroup):
    """Where Dagster keeps its runs, and the queue from which workers take the steps of refreshes."""

    TITLE = "Dagster and its step workers"

    dagster_storage_url: OptionalPostgres = Field(
        None, description="The PostgreSQL database of Dagster's runs and events; by default SQLite files in the home."
    )
    dagster_storage_url_file: OptionalFile = Field(
        None, description="A file with that address, if `RTI_DAGSTER_STORAGE_URL` is not set."
    )
    dagster_broker_url: OptionalBroker = Field(
        None,
        description="The RabbitMQ from which step workers take the steps of refreshes; by default the process of a run "
        "does them. It needs `RTI_DAGSTER_STORAGE_URL`, and `RTI_LEDGER_URL` of PostgreSQL.",
    )
    dagster_broker_url_file: OptionalFile = Field(
        None, description="A file with that address, if `RTI_DAGSTER_BROKER_URL` is not set."
    )
    step_worker_with_services: Annotated[bool, Expected("`true` or `false`")] = Field(
        False,
        description="Whether a step worker also does steps that read SQLite files of the services; `true` on the "
        "machine of the services only.",
    )
    step_worker_wait: Count = Field(
        600, description="Seconds without any step worker after which a run that waits for one fails."
    )
    quarter_sensor_seconds: Annotated[int, Field(ge=5, le=300), Expected("a whole number from 5 to 300")] = Field(
        300, description="Seconds between two evaluations of each sensor that starts the acts of a quarter's round."
    )


class BackupSettings(SettingsGroup):
    TITLE = "Backups"

    backup_repository: OptionalFolder = Field(
        None, description="The folder of the backups if `--repository` is not given; choose another disk."
    )
    backup_passphrase: Annotated[SecretStr | None, Expected("any text")] = Field(
        None, description="The passphrase of the backups if `--passphrase-file` is not given; not needed to add one."
    )
    backup_passphrase_file: OptionalFile = Field(
        None, description="A file with that passphrase, if `RTI_BACKUP_PASSPHRASE` is not set."
    )


class LakeSettings(SettingsGroup):
    """The second target of the dbt project."""

    TITLE = "Lake"

    lake_catalogue: Annotated[
        SecretStr | None, Expected("an address such as `postgresql://user:password@host/database`")
    ] = Field(None, description="The PostgreSQL database of the lake's catalogue.")
    lake_catalogue_file: OptionalFile = Field(
        None, description="A file with that address, if `RTI_LAKE_CATALOGUE` is not set."
    )
    lake_data: OptionalLakeFolder = Field(
        None, description="Where the lake keeps its encrypted files; a new lake records it."
    )
    lake_s3_endpoint: OptionalSiteAddress = Field(
        None, description="The server of the S3-compatible storage; by default that of Amazon for the region."
    )
    lake_s3_region: OptionalText = Field(None, description="The region of the storage; by default `us-east-1`.")
    lake_s3_key: OptionalText = Field(None, description="The identifier of the key to the storage.")
    lake_s3_secret: Annotated[SecretStr | None, Expected("the secret of that key")] = Field(
        None, description="The secret of the key to the storage."
    )
    lake_s3_secret_file: OptionalFile = Field(
        None, description="A file with that secret, if `RTI_LAKE_S3_SECRET` is not set."
    )
    lake_wait: Count = Field(60, description="Seconds that a writer waits for another that writes the same.")


class SparkSettings(SettingsGroup):
    """The third target of the dbt project. Everything else of Spark is in its own configuration."""

    TITLE = "Spark"

    spark_master: Annotated[str, Expected("an address such as `spark://host:7077`, or `local[2]`")] = Field(
        "local[*]", description="The cluster of Spark; by default all processors of this machine."
    )
    spark_data: OptionalFolder = Field(
        None,
        description="Where builds on Spark are: a folder that all machines share, with restricted figures.",
    )


class BucketSettings(SettingsGroup):
    """A folder of a bucket in S3-compatible storage. Each use has a group, and a bucket and a key, of its own."""

    model_config = SettingsConfigDict()

    bucket: OptionalBucket = Field(
        None, description="The bucket, and a folder in it; by default files are in the home alone."
    )
    endpoint: OptionalSiteAddress = Field(
        None, description="The server of the S3-compatible storage; by default that of Amazon for the region."
    )
    region: Annotated[str, Expected("the name of a region")] = Field(
        "us-east-1", description="The region of the storage."
    )
    key: OptionalText = Field(
        None, description="The identifier of the key to the storage; without one, requests are not signed."
    )
    secret: Annotated[SecretStr | None, Expected("the secret of that key")] = Field(
        None, description="The secret of the key to the storage."
    )
    secret_file: OptionalFile = Field(None, description="A file with that secret, if the secret itself is not set.")
    wait: Count = Field(20, description="Seconds after which a storage that does not answer counts as away.")

    @classmethod
    def name_variable(cls, field: str) -> str:
        """Return the variable of a field."""
        return str(cls.model_fields[field].alias)

    @classmethod
    def read_key_secret(cls) -> str:
        """Return the secret of the key. Raises SettingsError if there is none, or its file cannot be read."""
        secret = read_secret(cls, "secret")
        if secret is None:
            variable = cls.name_variable("secret")
            raise SettingsError(f"{cls.name_variable('key')} is set without {variable} or {variable}_FILE; set one")
        return secret

    def key_of_connection(self) -> tuple[object, ...]:
        """Return what a connection depends on, so that it is made again if any of it changes. The secret is hidden."""
        path = _find_secret_file(self.secret_file) if self.secret_file is not None else None
        changed = path.stat().st_mtime_ns if path is not None and path.is_file() else None
        return (self.bucket, self.endpoint, self.region, self.key, self.secret, changed, self.wait)


class LandingBucketSettings(BucketSettings):
    """Where the files of returns are, if they are not in the home. Nothing public is in this bucket."""

    TITLE = "Storage of returns"
    model_config = SettingsConfigDict(alias_generator=lambda field: f"{PREFIX}STORE_{field.upper()}")


class ReleaseBucketSettings(BucketSettings):
    """Where published releases are sent, for machines that only show them. It needs a bucket and a key of its own."""

    TITLE = "Storage of releases"
    model_config = SettingsConfigDict(alias_generator=lambda field: f"{PREFIX}RELEASES_{field.upper()}")


class DevelopmentSettings(SettingsGroup):
    """Variables of developers and tests. dbt reads the first itself, in `dbt_project/profiles.yml`."""

    TITLE = "Development and tests"

    dbt_path: Annotated[Path, Expected("the path of a DuckDB file")] = Field(
        Path("target/dev.duckdb"), description="The database of dbt where it is started by hand in `dbt_project/`."
    )
    test_home: OptionalFolder = Field(
        None, description="A built demonstration home that tests copy; by default they build one."
    )
    chromium: Annotated[Path | None, Expected("the path of a program")] = Field(
        None, description="The browser of the browser tests; by default the first Chromium on the path."
    )
    postgres_bin: OptionalFolder = Field(
        None, description="The folder with the programs of PostgreSQL for tests; by default the newest installed."
    )


GROUPS: Final[tuple[type[SettingsGroup], ...]] = (
    HomeSettings,
    DeclarationSettings,
    ClockSettings,
    CommandSettings,
    AddressSettings,
    LimitSettings,
    SignInSettings,
    NoticeSettings,
    MonitoringSettings,
    ReadingSettings,
    BuildSettings,
    DagsterSettings,
    BackupSettings,
    LakeSettings,
    SparkSettings,
    LandingBucketSettings,
    ReleaseBucketSettings,
    DevelopmentSettings,
)

G = TypeVar("G", bound=SettingsGroup)
_last_read: dict[type[SettingsGroup], tuple[tuple[str | None, ...], SettingsGroup]] = {}
"""The last valid settings of each group, with the values of its variables from which they were made."""
_variables: dict[type[SettingsGroup], tuple[str, ...]] = {}


def read_settings(group: type[G]) -> G:
    """Return the settings of a group from the environment as it is now. Raises SettingsError.

    They are validated again only if one of the group's variables has changed: a repeated call takes microseconds.
    """
    values = tuple([os.environ.get(name) for name in list_variables(group)])
    cached = _last_read.get(group)
    if cached is not None and cached[0] == values and isinstance(cached[1], group):
        return cached[1]
    try:
        settings = group()
    except ValidationError as error:
        raise SettingsError(_describe_errors(group, error)) from None
    _last_read[group] = values, settings
    return settings


def read_secret(group: type[SettingsGroup], field: str) -> str | None:
    """Return a secret from its variable, else from the file that the variable with `_FILE` names, else None.

    The file is read at each call, so that a changed secret is used at once. Line ends around the secret do not count.
    Raises SettingsError if the file cannot be read or is empty; the error never quotes what is in it.
    """
    settings = read_settings(group)
    value = getattr(settings, field)
    if value is not None:
        return str(value.get_secret_value())
    secret_file = getattr(settings, f"{field}{FILE_SUFFIX}")
    if secret_file is None:
        return None
    variable, path = group.model_fields[f"{field}{FILE_SUFFIX}"].alias, _find_secret_file(secret_file)
    try:
        secret = path.read_text(encoding="utf-8").strip("\r\n")
    except OSError as error:
        raise SettingsError(f"{variable} cannot be read: {error}; correct the path or the rights of the file") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{variable} cannot be read: {path} is not text in UTF-8; write the file again") from None
    if not secret:
        raise SettingsError(f"{variable} names an empty file: {path}; write the secret into it, or remove the variable")
    return secret


def _find_secret_file(path: Path) -> Path:
    """Return the path of a secret's file; a relative one is in the folder of credentials, if there is one."""
    credentials = os.environ.get(CREDENTIALS)
    return Path(credentials, path) if credentials else path


def check_settings() -> None:
    """Validate all settings, and read the files of secrets. Raises SettingsError for the first group with a fault."""
    for group in GROUPS:
        read_settings(group)
        for name, field in group.model_fields.items():
            if is_secret(field):
                read_secret(group, name)


def list_variables(group: type[SettingsGroup]) -> tuple[str, ...]:
    """Return the names of a group's variables."""
    if group not in _variables:
        _variables[group] = tuple(str(field.alias) for field in group.model_fields.values())
    return _variables[group]


def list_secret_variables() -> frozenset[str]:
    """Return the names of the variables whose values must not be shown or passed on."""
    return frozenset(str(field.alias) for group in GROUPS for field in group.model_fields.values() if is_secret(field))


def list_secret_file_variables() -> frozenset[str]:
    """Return the names of the variables that name a file with a secret."""
    return frozenset(f"{name}{FILE_SUFFIX.upper()}" for name in list_secret_variables())


def is_secret(field: FieldInfo) -> bool:
    """Return True if the values of a setting must not be shown."""
    return SecretStr in get_args(field.annotation)


def describe_expected(field: FieldInfo) -> str:
    """Return a description of the values that a setting accepts."""
    return next(part.text for part in field.metadata if isinstance(part, Expected))


def describe_default(field: FieldInfo) -> str:
    """Return the default of a setting as its variable would hold it, empty if there is none."""
    match field.default:
        case None | ():
            return ""
        case default:
            return str(default)


def find_unknown_variables(names: Iterable[str]) -> dict[str, str | None]:
    """Return the names with our prefix that no setting has, each with the nearest known name or None."""
    import difflib

    declared = [name for group in GROUPS for name in list_variables(group)]
    unknown = sorted(n for n in names if n.startswith(PREFIX) and not n.startswith(TEST_PREFIX) and n not in declared)
    return {name: next(iter(difflib.get_close_matches(name, declared, n=1, cutoff=0.7)), None) for name in unknown}


def describe_unknown_variables(names: Iterable[str]) -> list[str]:
    """Return one sentence for each name with our prefix that no setting has."""
    return [
        f"the variable {name} has no effect; "
        + (f"did you mean {nearest}?" if nearest else "docs/settings.md lists the variables that have one")
        for name, nearest in find_unknown_variables(names).items()
    ]


def _describe_errors(group: type[SettingsGroup], error: ValidationError) -> str:
    fields = {str(field.alias): field for field in group.model_fields.values()}
    sentences = []
    for name in dict.fromkeys(str(part["loc"][0]) for part in error.errors()):
        field = fields[name]
        value = "not valid (its value is not shown)" if is_secret(field) else repr(os.environ.get(name, ""))
        default = describe_default(field)
        remedy = f"remove it for the default, {default}" if default else "remove it"
        sentences.append(f"{name} is {value}; write {describe_expected(field)}, or {remedy}")
    return ". ".join(sentences)
