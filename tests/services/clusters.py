"""How does a test run a server of its own (a database, a cache, nginx), and take it away from its clients?

Before you edit:

* A server listens on a spare port of the loopback interface, and keeps its files in a folder of its own,
  which goes with it.
* Only processes that were started here are stopped or frozen: the server, and the children that it has.
* PostgreSQL and MariaDB refuse to run as root. Root starts them as the user that Debian's packages make.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers import free_port, wait_until

_STARTS_WITHIN = 60.0
DATABASE = "site"
"""The name of the database with the site's tables."""


class Cluster(ABC):
    """A server with an empty data folder, not running yet."""

    program: str
    user: str | None = None

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="cors-policies-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._as = self.user if os.geteuid() == 0 else None
        if self._as:
            entry = pwd.getpwnam(self._as)
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        self.prepare()

    @classmethod
    def is_installed(cls) -> bool:
        """Whether there is such a server on this machine."""
        return find_program(cls.program) is not None

    def prepare(self) -> None:  # noqa: B027 - not every server needs it
        """Makes the data folder ready."""

    @abstractmethod
    def command(self) -> list[str]:
        """What starts it in the foreground."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it serves clients."""

    def start(self) -> None:
        """Starts it, and waits until it serves."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                stdout=log, stderr=log, cwd=self.folder, env=self._env, user=self._as, start_new_session=True,
            )  # fmt: skip
        wait_until(lambda: self._has_ended() or self.answers(), _STARTS_WITHIN)
        assert not self._has_ended(), self._log.read_text(errors="replace")

    def stop(self) -> None:
        """Takes it away at once, as a crash does."""
        if self._process is not None:
            for pid in self._pids():
                _send(pid, signal.SIGKILL)
            self._process.wait(30)
            self._process = None

    def freeze(self) -> None:
        """It keeps its connections and its port, and says nothing more."""
        for pid in self._pids():
            _send(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on where it was."""
        for pid in reversed(self._pids()):
            _send(pid, signal.SIGCONT)

    def remove(self) -> None:
        """Takes it away with all its files."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *command: str) -> None:
        """Runs a program as the server's user; its failure is the test's."""
        finished = subprocess.run(
            command, capture_output=True, check=False, cwd=self.folder, env=self._env, user=self._as
        )
        assert finished.returncode == 0, finished.stderr.decode(errors="replace")

    @property
    def _env(self) -> dict[str, str]:
        """The test's, whose folder for temporary files may be closed to the server's user."""
        return {**os.environ, "TMPDIR": str(self.folder)}

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    def _has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _pids(self) -> list[int]:
        """The server first, then its children: a stopped server makes no new ones."""
        if self._process is None:
            return []
        return [self._process.pid, *_children(self._process.pid)]


class PostgreSQL(Cluster):
    """A PostgreSQL cluster with one superuser, and without a password."""

    program = "postgres"
    user = "postgres"

    def prepare(self) -> None:
        """As ``initdb`` does."""
        initdb = str(Path(_found("postgres")).with_name("initdb"))
        self.run(initdb, "-D", f"{self.folder}/data", "-U", "cors", "-A", "trust", "-E", "UTF8", "--no-sync")

    def command(self) -> list[str]:
        """On the loopback interface, with room for many clients."""
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.folder),
            "max_connections": "300",
            "fsync": "off",
        }
        flags = [flag for name, value in options.items() for flag in ("-c", f"{name}={value}")]
        return [_found("postgres"), "-D", f"{self.folder}/data", "-p", str(self.port), *flags]

    def answers(self) -> bool:
        """Whether it takes a query."""
        import psycopg  # noqa: PLC0415 - only where the server is there

        return _succeeds(lambda: psycopg.connect(self._address, connect_timeout=2).close())

    def make_database(self, name: str) -> dict[str, Any]:
        """An empty database, as Django's ``DATABASES`` names it."""
        import psycopg  # noqa: PLC0415 - only where the server is there

        with psycopg.connect(self._address, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.settings(name)

    def settings(self, name: str = DATABASE) -> dict[str, Any]:
        """A database of that name, as Django's ``DATABASES`` names it."""
        engine = "django.db.backends.postgresql"
        return {"ENGINE": engine, "NAME": name, "USER": "cors", "HOST": "127.0.0.1", "PORT": str(self.port)}

    def back_up(self, name: str) -> Path:
        """A dump of the database."""
        dump = self.folder / f"{name}.sql"
        self.run(_found("pg_dump"), *self._client_options, "--clean", "--file", str(dump), name)
        return dump

    def restore(self, name: str, dump: Path) -> None:
        """Makes the database what it was."""
        flags = ["--set", "ON_ERROR_STOP=1", "--single-transaction", "--quiet", "--file", str(dump), name]
        self.run(_found("psql"), *self._client_options, *flags)

    @property
    def _client_options(self) -> list[str]:
        return ["-h", "127.0.0.1", "-p", str(self.port), "-U", "cors"]

    @property
    def _address(self) -> str:
        return f"host=127.0.0.1 port={self.port} user=cors dbname=postgres"


class MariaDB(Cluster):
    """A MariaDB server with one user, and without a password."""

    program = "mariadbd"
    user = "mysql"

    def prepare(self) -> None:
        """As ``mariadb-install-db`` does."""
        self.run(
            _found("mariadb-install-db"), "--no-defaults", f"--datadir={self.folder}/data",
            "--auth-root-authentication-method=normal", "--skip-test-db",
        )  # fmt: skip

    def command(self) -> list[str]:
        """On the loopback interface."""
        return [
            _found("mariadbd"), "--no-defaults", f"--datadir={self.folder}/data", f"--port={self.port}",
            f"--socket={self.folder}/socket", "--bind-address=127.0.0.1", "--max-connections=300",
            "--innodb-flush-log-at-trx-commit=0", "--character-set-server=utf8mb4",
        ]  # fmt: skip

    def answers(self) -> bool:
        """Whether it takes a query."""
        return _succeeds(lambda: self._connect().close())

    def make_database(self, name: str) -> dict[str, Any]:
        """An empty database, as Django's ``DATABASES`` names it."""
        connection = self._connect()
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE `{name}`")
        connection.close()
        return self.settings(name)

    def settings(self, name: str = DATABASE) -> dict[str, Any]:
        """A database of that name, as Django's ``DATABASES`` names it."""
        engine = "django.db.backends.mysql"
        return {"ENGINE": engine, "NAME": name, "USER": "root", "HOST": "127.0.0.1", "PORT": str(self.port)}

    def _connect(self) -> Any:
        import pymysql  # noqa: PLC0415 - only where the server is there

        return pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", connect_timeout=2, read_timeout=2
        )


class Redis(Cluster):
    """A Redis server that keeps nothing on the disk."""

    program = "redis-server"

    def command(self) -> list[str]:
        """On the loopback interface."""
        options = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(self.folder),
            "save": "",
            "appendonly": "no",
        }
        return [
            _found("redis-server"),
            *(part for key, value in options.items() for part in (f"--{key}", value)),
        ]

    def answers(self) -> bool:
        """Whether it takes a command."""
        return _succeeds(self.client().ping)

    def client(self) -> Any:
        """A client, as redis-py makes it."""
        import redis  # noqa: PLC0415 - only where the server is there

        return redis.Redis(port=self.port, socket_timeout=2)

    def settings(self) -> dict[str, Any]:
        """The cache, as Django's ``CACHES`` names it, with no time limits of its own: the usual setup."""
        backend = "django.core.cache.backends.redis.RedisCache"
        return {"BACKEND": backend, "LOCATION": f"redis://127.0.0.1:{self.port}/0"}


class Nginx(Cluster):
    """An nginx server of static files, which answers only itself."""

    program = "nginx"

    def prepare(self) -> None:
        """A folder of files, and a configuration that serves them ungoverned."""
        (self.folder / "files").mkdir()
        self.write(http="", server="")

    def command(self) -> list[str]:
        """In the foreground, with everything in its own folder."""
        return [_found("nginx"), "-p", f"{self.folder}/", "-c", "nginx.conf", "-e", str(self._log)]

    def answers(self) -> bool:
        """Whether it takes a connection."""
        return _succeeds(lambda: socket.create_connection(("127.0.0.1", self.port), 2).close())

    def write(self, http: str, server: str) -> None:
        """Puts these directives into its ``http`` and ``server``, for the next start."""
        (self.folder / "http.conf").write_text(http, encoding="utf-8")
        (self.folder / "server.conf").write_text(server, encoding="utf-8")
        self.write_http(
            f"""merge_slashes off; keepalive_requests 100000; include http.conf;
            server {{
                listen 127.0.0.1:{self.port}; include server.conf; root files;
                location /moved {{ return 302 /; }}
                location /refused {{ deny all; }}
                location / {{ try_files $uri =404; }}
                location /docs {{ }}
                location /own {{ include server.conf; add_header X-Own 1; try_files $uri =404; }}
            }}"""
        )

    def write_http(self, http: str) -> None:
        """Makes this the whole of its ``http``, for the next start."""
        places = "".join(f"{kind}_temp_path {kind};\n" for kind in _TEMPORARY)
        (self.folder / "nginx.conf").write_text(
            f"""daemon off; master_process off; pid pid; worker_processes 1; error_log {self._log};
            events {{}}
            http {{
                access_log off; {places}
                {http}
            }}""",
            encoding="utf-8",
        )


_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@contextmanager
def running(cluster: Cluster) -> Iterator[None]:
    """Starts it for the block, and removes it afterwards."""
    try:
        cluster.start()
        yield
    finally:
        cluster.thaw()
        cluster.remove()


def find_program(name: str) -> str | None:
    """Where it is. Debian keeps PostgreSQL's programs off the path."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    places += [Path("/usr/sbin") / name]
    return next((str(place) for place in places if place.exists()), None) or shutil.which(name)


def _found(name: str) -> str:
    place = find_program(name)
    assert place is not None, f"{name} is not installed"
    return place


def _children(parent: int) -> list[int]:
    found = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    return [int(pid) for pid in found]


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        time.sleep(0)  # it has ended by itself


def _succeeds(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except Exception:  # noqa: BLE001 - whatever a client raises while the server starts
        return False
    return True
