"""AWS Cloud Map: namespaces, services, instances, and the names that they make.

cloud_map   CloudMap: one door for the API, for ECS and for the DNS server
namespaces, services, instances, discover, tags, operations
            the API's operations, each a function of (state, request)
names       resolve(): instances → what the DNS answers, pure
state       what is remembered, and the changes that take time
model       the values
requests    reading what a client sent
"""

from localcloud.discovery.cloud_map import CloudMap
from localcloud.discovery.model import Answer

__all__ = ["Answer", "CloudMap"]
