"""AWS, one file per service: the only home of boto3, ARNs, camelCase and `ClientError`."""
