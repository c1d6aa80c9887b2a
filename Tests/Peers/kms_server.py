"""AWS KMS for the tests of Vault: a real moto server on a free port of 127.0.0.1, which checks signatures and policies.

Says {"ready": URL, "region": …, "accessKeyID": …, "secretAccessKey": …} on stdout. Then it takes one JSON object a line on
stdin and answers each with one: {"do": "DescribeKey", "KeyId": …} and other KMS operations, {"do": "revoke"} and
{"do": "restore"} for what the access key may. Ends when its stdin closes.
"""

import json
import os
import sys

os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "6"  # the calls below that make two users; all others are checked

import boto3
from moto.server import ThreadedMotoServer

REGION = "eu-central-1"


def say(**members):
    print(json.dumps(members, default=str), flush=True)


def client(url, name, **credentials):
    return boto3.client(name, region_name=REGION, endpoint_url=url, **credentials)


def allow(iam, name, actions):
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=json.dumps(policy))


def user(iam, name, actions):
    iam.create_user(UserName=name)
    allow(iam, name, actions)
    return iam.create_access_key(UserName=name)["AccessKey"]


def main():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    setup = client(url, "iam", aws_access_key_id="setup", aws_secret_access_key="setup")
    admin, key = user(setup, "admin", "iam:*"), user(setup, "pulse", "kms:*")
    iam = client(url, "iam", aws_access_key_id=admin["AccessKeyId"], aws_secret_access_key=admin["SecretAccessKey"])
    kms = client(url, "kms", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    say(ready=url, region=REGION, accessKeyID=key["AccessKeyId"], secretAccessKey=key["SecretAccessKey"])
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] in ("revoke", "restore"):
            allow(iam, "pulse", "kms:*" if order["do"] == "restore" else "kms:ListKeys")
            say()
            continue
        name = "".join("_" + c.lower() if c.isupper() else c for c in order.pop("do")).lstrip("_")
        answer = getattr(kms, name)(**order)
        answer.pop("ResponseMetadata", None)
        say(**answer)
    server.stop()


main()
