"""A mail server for the tests of Mail: aiosmtpd with a certificate of its own, on a free port of 127.0.0.1.

Speaks to the test in JSON lines on stdout: first {"ready": PORT, "ca": PATH}, then one {"mail": …} for each mail taken.
Ends when its stdin closes.
"""

import argparse
import asyncio
import json
import ssl
import subprocess
import sys
import tempfile

from aiosmtpd.smtp import SMTP, AuthResult


def say(**members):
    print(json.dumps(members), flush=True)


class Handler:
    def __init__(self, replies):
        self.replies = list(replies)

    async def handle_DATA(self, server, session, envelope):
        if self.replies:
            return self.replies.pop(0)
        say(
            mail={
                "from": envelope.mail_from,
                "to": envelope.rcpt_tos,
                "data": envelope.content.decode("utf-8"),
                "tls": server.transport.get_extra_info("ssl_object") is not None,
                "user": session.auth_data,
            }
        )
        return "250 taken"


def authenticator(wanted):
    def check(server, session, envelope, mechanism, auth_data):
        given = f"{auth_data.login.decode()}:{auth_data.password.decode()}"
        return AuthResult(success=given == wanted, handled=given == wanted, auth_data=auth_data.login.decode())

    return check


def certificate(directory):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", f"{directory}/key.pem", "-out", f"{directory}/cert.pem"],
        check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{directory}/cert.pem", f"{directory}/key.pem")
    return context


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tls", choices=["starttls", "implicit", "none"], default="starttls")
    parser.add_argument("--auth", default="")
    parser.add_argument("--reply", action="append", default=[], help="answers to the first DATA commands")
    parser.add_argument("--silent", action="store_true", help="accept connections and say nothing")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as directory:
        context = certificate(directory)
        handler = Handler(arguments.reply)

        def protocol():
            if arguments.silent:
                return asyncio.Protocol()
            return SMTP(
                handler,
                hostname="localhost",
                tls_context=context if arguments.tls == "starttls" else None,
                require_starttls=arguments.tls == "starttls",
                authenticator=authenticator(arguments.auth) if arguments.auth else None,
                auth_required=bool(arguments.auth),
                auth_require_tls=arguments.tls == "starttls",
                enable_SMTPUTF8=True,
            )

        server = await asyncio.get_running_loop().create_server(
            protocol, "127.0.0.1", 0, ssl=context if arguments.tls == "implicit" else None)
        say(ready=server.sockets[0].getsockname()[1], ca=f"{directory}/cert.pem")
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        server.close()


asyncio.run(main())
