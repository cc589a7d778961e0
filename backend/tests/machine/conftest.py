"""Says which MongoDB server the machine ran on."""

from tests import mongo_server


def pytest_report_collectionfinish() -> str:
    return mongo_server.describe()
