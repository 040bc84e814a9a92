"""How does Django's MySQL backend run on PyMySQL, which needs no compiler to install?"""


def use_pymysql() -> None:
    """Stands PyMySQL in for mysqlclient, of whose releases Django accepts the newer ones only."""
    import pymysql  # noqa: PLC0415 - only where the server is there

    pymysql.version_info = (2, 2, 7, "final", 0)
    pymysql.install_as_MySQLdb()
