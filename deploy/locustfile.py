"""What `locust -f` is given. It is also what an installation has as `offhook.locustfile`: Locust
puts the folder of its file on the import path, so that must be a folder without modules of ours."""

from bridge.locustfile import PhoneUser

__all__ = ["PhoneUser"]
