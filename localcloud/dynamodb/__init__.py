"""DynamoDB's items: tables are moto's, what is in them is here. docs/decisions/0011 says why."""

from localcloud.dynamodb.api import OPERATIONS, DynamoDb

__all__ = ["OPERATIONS", "DynamoDb"]
