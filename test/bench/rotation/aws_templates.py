"""Runs the four steps of an AWS rotation template, once for each line on standard input, and answers each with a line.

Arguments: the folder of the template, the secret. The template is somebody else's; it is loaded from where it was fetched to.

RotateSecret makes an empty version with the label AWSPENDING before the first step. Here the candidate is put there at once, made with the
template's own functions; the template then finds it, as a retry would.
"""

import json
import os
import sys
import uuid

sys.path.insert(0, sys.argv[1])

import boto3  # noqa: E402
import lambda_function as template  # noqa: E402

template.logger.setLevel("ERROR")
client = boto3.client("secretsmanager", endpoint_url=os.environ["SECRETS_MANAGER_ENDPOINT"])
secret = client.describe_secret(SecretId=sys.argv[2])["ARN"]


def rotate():
    token = str(uuid.uuid4())
    candidate = template.get_secret_dict(client, secret, "AWSCURRENT")
    candidate["username"] = template.get_alt_username(candidate["username"])
    candidate["password"] = template.get_random_password(client)
    client.put_secret_value(
        SecretId=secret, ClientRequestToken=token, SecretString=json.dumps(candidate), VersionStages=["AWSPENDING"]
    )
    for step in ("createSecret", "setSecret", "testSecret", "finishSecret"):
        template.lambda_handler({"SecretId": secret, "ClientRequestToken": token, "Step": step}, None)


print("ready", flush=True)
for _ in sys.stdin:
    try:
        rotate()
        print("done", flush=True)
    except Exception as error:  # the reason goes to the bench, which ends with it
        print("failed " + type(error).__name__ + ": " + str(error).replace("\n", " "), flush=True)
